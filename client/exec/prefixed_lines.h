#ifndef WARREN_CLIENT_EXEC_PREFIXED_LINES_H_
#define WARREN_CLIENT_EXEC_PREFIXED_LINES_H_

// Output that comes in pieces, as whole lines with a word in front of each: where it came from. Pure; one thread.

#include <string>
#include <string_view>

namespace warren::cli {

class PrefixedLines {
 public:
  explicit PrefixedLines(std::string prefix) : prefix_(std::move(prefix)) {}

  // The lines that this piece completes. A line of more than 64 KiB is broken, so that memory is bounded.
  std::string Add(std::string_view piece);
  // What is left of a line that has no end.
  std::string Rest();

 private:
  const std::string prefix_;
  std::string line_;
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_EXEC_PREFIXED_LINES_H_
