#ifndef WARREN_SERVER_API_UNIX_LISTENER_H_
#define WARREN_SERVER_API_UNIX_LISTENER_H_

// Listens on a unix socket and hands over each connection's descriptor. gRPC could listen itself, but does not tell who
// connected then; of a descriptor the kernel does (CredentialsOf).
//
// Threading: one thread, which accepts; Start and Stop from one other. Cost: nothing while nobody connects.

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "proto/common/unique_fd.h"

namespace warren::api {

class UnixListener {
 public:
  // Binds, with mode 0660, whatever the umask; connections wait until Start. A stale socket is removed.
  // FAILED_PRECONDITION: another process listens there, it is not a socket, or there is no such directory. Otherwise as
  // the system refuses.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Listen(const std::string& path);
  // Stops.
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  const std::string& path() const { return path_; }

  // Calls `accepted` for every connection, on the listener's thread; they do not block (O_NONBLOCK). Once. Out of
  // descriptors or memory it waits for some, while connections wait.
  void Start(std::function<void(UniqueFd)> accepted);
  // Takes no more connections, and removes the socket. Idempotent.
  void Stop();

 private:
  UnixListener(std::string path, UniqueFd socket, UniqueFd stop)
      : path_(std::move(path)), socket_(std::move(socket)), stop_(std::move(stop)) {}
  void Run(const std::function<void(UniqueFd)>& accepted);

  const std::string path_;
  UniqueFd socket_;
  const UniqueFd stop_;  // an eventfd
  std::jthread thread_;
};

// Who connected to a unix socket, as it was then.
struct Credentials {
  uid_t uid = 0;
  pid_t pid = 0;  // 0: of another pid namespace
};
// Nothing: it is no connected unix socket.
std::optional<Credentials> CredentialsOf(int fd);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_UNIX_LISTENER_H_
