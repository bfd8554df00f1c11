#include "client/output/table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/output/ink.h"

namespace warren::cli {
std::string TableStream::Rows(std::vector<std::vector<std::string>> rows) {
  if (!heading_.empty()) {
    widths_.resize(heading_.size(), 1);
    rows.insert(rows.begin(), std::exchange(heading_, {}));
  }
  for (const auto& row : rows) {
    for (size_t i = 0; i < widths_.size(); ++i) widths_[i] = std::max(widths_[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < widths_.size(); ++i) {
      const std::string& cell = row[i].empty() ? std::string("-") : row[i];
      absl::StrAppend(&text, cell);
      if (i + 1 < widths_.size()) text.append(widths_[i] - Width(cell) + 3, ' ');
    }
    text += '\n';
  }
  return text;
}

void Sheet::Add(std::string key, std::string value) {
  if (!value.empty()) lines_.emplace_back(std::move(key), std::move(value));
}

std::string Sheet::Text() const {
  size_t width = 0;
  for (const auto& [key, value] : lines_) width = std::max(width, key.size());
  std::string text;
  for (const auto& [key, value] : lines_) {
    absl::StrAppend(&text, key, key.empty() ? " " : ":", std::string(width - key.size() + 3, ' '), value, "\n");
  }
  return text;
}

}  // namespace warren::cli
