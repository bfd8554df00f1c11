#include "client/output/table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace warren::cli {
namespace {

// Code points: every byte that does not continue one.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string Table::Text() const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max({widths[i], Width(row[i]), size_t{1}});
  }
  std::string text;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string& cell = row[i].empty() ? std::string("-") : row[i];
      absl::StrAppend(&text, cell);
      if (i + 1 < widths.size()) text.append(widths[i] - Width(cell) + 3, ' ');
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
