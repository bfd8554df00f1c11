#include "client/output/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <string_view>

namespace warren::cli {

Terminal TerminalOf(int fd) {
  Terminal terminal;
  terminal.interactive = isatty(fd) == 1;
  winsize size = {};
  if (terminal.interactive && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    terminal.width = size.ws_col;
    terminal.height = size.ws_row;
  }
  return terminal;
}

bool UseColor(const std::string& mode, const Terminal& terminal, const char* no_color, const char* term) {
  if (mode != "auto") return mode == "always";
  const bool unwanted = no_color != nullptr && *no_color != '\0';
  const bool dumb = term == nullptr || *term == '\0' || std::string_view(term) == "dumb";
  return terminal.interactive && !unwanted && !dumb;
}

}  // namespace warren::cli
