#ifndef WARREN_CLIENT_EXEC_WRITE_ALL_H_
#define WARREN_CLIENT_EXEC_WRITE_ALL_H_

#include <cerrno>
#include <ostream>
#include <string_view>

namespace warren::cli {

// Writes and flushes. 0, or why the system did not take it: EPIPE when nobody reads it any more.
inline int WriteAll(std::ostream& stream, std::string_view data) {
  errno = 0;
  stream << data << std::flush;
  if (stream) return 0;
  return errno != 0 ? errno : EIO;
}

}  // namespace warren::cli

#endif  // WARREN_CLIENT_EXEC_WRITE_ALL_H_
