#ifndef WARREN_CLIENT_EXEC_STOP_H_
#define WARREN_CLIENT_EXEC_STOP_H_

// Says to threads that wait for a descriptor that they are to end. Thread-safe.

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace warren::cli {

class Stop {
 public:
  Stop() : fd_(eventfd(0, EFD_CLOEXEC)) {}
  ~Stop() {
    if (fd_ >= 0) close(fd_);
  }
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  void Say() const { eventfd_write(fd_, 1); }
  // Waits for it to be said, so long at most.
  bool IsSaidWithin(std::chrono::milliseconds time) const {
    pollfd said = {fd_, POLLIN, 0};
    return poll(&said, 1, static_cast<int>(time.count())) > 0;
  }
  // Waits until there is something to read. False: it was said, or the system had no descriptor for it.
  bool WaitFor(int fd) const {
    if (fd_ < 0) return false;
    pollfd both[] = {{fd_, POLLIN, 0}, {fd, POLLIN, 0}};
    while (poll(both, 2, -1) < 0 && errno == EINTR) {
    }
    return both[0].revents == 0;
  }

 private:
  const int fd_;
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_EXEC_STOP_H_
