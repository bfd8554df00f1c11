#include "server/api/unix_listener.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/api/socket_file.h"

namespace warren::api {
namespace {

constexpr mode_t kMode = 0660;
constexpr int kBacklog = 4096;  // the kernel has a limit of its own, net.core.somaxconn
constexpr int kShortageMs = 100;

absl::Status CannotListen(const std::string& path, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on unix:", path, ": ", why));
}

// Of accept4: the one that was to come is gone.
bool IsOfTheConnection(int error) { return error == ECONNABORTED || error == EPROTO || error == EPERM; }

}  // namespace

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Listen(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return CannotListen(path, "the path is longer than 107 bytes");
  memcpy(name.sun_path, path.data(), path.size());
  if (absl::Status status = RemoveStaleSocket(path); !status.ok()) return status;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty() && !std::filesystem::is_directory(parent, error)) {
    return CannotListen(path, absl::StrCat("there is no directory ", parent.string()));
  }
  UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!stop.valid() || !fd.valid()) return CannotListen(path, strerror(errno));
  // The file gets the mode of the socket, less the umask: so it is at no time open to more than it should be.
  if (fchmod(fd.get(), kMode) != 0 || bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return CannotListen(path, strerror(errno));
  }
  if (chmod(path.c_str(), kMode) != 0 || listen(fd.get(), kBacklog) != 0) {
    const int why = errno;
    unlink(path.c_str());
    return CannotListen(path, strerror(why));
  }
  return std::unique_ptr<UnixListener>(new UnixListener(path, std::move(fd), std::move(stop)));
}

UnixListener::~UnixListener() { Stop(); }

void UnixListener::Start(std::function<void(UniqueFd)> accepted) {
  thread_ = std::jthread([this, accepted = std::move(accepted)] { Run(accepted); });
}

void UnixListener::Run(const std::function<void(UniqueFd)>& accepted) {
  bool shortage = false;
  for (;;) {
    pollfd wait[] = {{stop_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
    if (shortage) {
      poll(wait, 1, kShortageMs);
    } else {
      poll(wait, 2, -1);
    }
    if (wait[0].revents != 0) return;
    UniqueFd fd(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    shortage = !fd.valid() && errno != EAGAIN && errno != EINTR && !IsOfTheConnection(errno);
    if (fd.valid()) accepted(std::move(fd));
  }
}

void UnixListener::Stop() {
  if (!socket_.valid()) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = write(stop_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  socket_.reset();
  unlink(path_.c_str());
}

std::optional<Credentials> CredentialsOf(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) return std::nullopt;
  ucred who{};
  size = sizeof who;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  if (who.uid == static_cast<uid_t>(-1)) return std::nullopt;
  return Credentials{who.uid, who.pid};
}

}  // namespace warren::api
