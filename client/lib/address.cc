#include "client/lib/address.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/common/listen_address.h"

namespace warren::client {

std::string DefaultServer(const std::string& socket) {
  struct stat st = {};
  if (stat(socket.c_str(), &st) == 0 && S_ISSOCK(st.st_mode)) return absl::StrCat("unix:", socket);
  return kDefaultTcp;
}

absl::StatusOr<std::string> DialTarget(std::string_view server) {
  auto address = ParseListenAddress(server);
  if (!address.ok()) return address.status();
  if (address->is_unix && access(address->path.c_str(), W_OK) != 0 && errno == EACCES) {
    return absl::PermissionDeniedError(
        absl::StrCat("EACCES: this user may not write to ", address->path, "; run as root or join the socket's group"));
  }
  return warren::DialTarget(*address);
}

}  // namespace warren::client
