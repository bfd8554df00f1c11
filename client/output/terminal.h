#ifndef WARREN_CLIENT_OUTPUT_TERMINAL_H_
#define WARREN_CLIENT_OUTPUT_TERMINAL_H_

// Where a stream leads, as far as layout and colour go. Thread-safe.

#include <string>

namespace warren::cli {

struct Terminal {
  bool interactive = false;  // somebody watches, and lines can be drawn anew
  int width = 80;
  int height = 24;
};

// Asks the system.
Terminal TerminalOf(int fd);

// mode is that of --color: "always", "never", or "auto": on a terminal that is not a "dumb" one, unless NO_COLOR is set
// to something (no-color.org). no_color and term are the variables; null: not set.
bool UseColor(const std::string& mode, const Terminal& terminal, const char* no_color, const char* term);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_TERMINAL_H_
