#ifndef WARREN_SERVER_API_SOCKET_FILE_H_
#define WARREN_SERVER_API_SOCKET_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace warren::api {

// Makes way for a unix socket at `path`: removes one that a killed server left behind. FAILED_PRECONDITION: somebody
// listens on it, or it is not a socket; otherwise as the system refuses.
absl::Status RemoveStaleSocket(const std::string& path);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_SOCKET_FILE_H_
