#include "client/exec/prefixed_lines.h"

#include <algorithm>

namespace warren::cli {
namespace {

constexpr size_t kLongest = 64 << 10;

}  // namespace

std::string PrefixedLines::Add(std::string_view piece) {
  std::string lines;
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    const size_t wanted = end == std::string_view::npos ? piece.size() : end;
    const size_t taken = std::min(wanted, kLongest - line_.size());
    line_.append(piece.substr(0, taken));
    piece.remove_prefix(taken);
    const bool ended = !piece.empty() && piece.front() == '\n';
    if (ended) piece.remove_prefix(1);
    if (ended || line_.size() == kLongest) {
      lines.append(prefix_).append(line_).push_back('\n');
      line_.clear();
    }
  }
  return lines;
}

std::string PrefixedLines::Rest() {
  if (line_.empty()) return "";
  const std::string rest = prefix_ + line_ + "\n";
  line_.clear();
  return rest;
}

}  // namespace warren::cli
