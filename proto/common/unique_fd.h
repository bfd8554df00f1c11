#ifndef WARREN_PROTO_COMMON_UNIQUE_FD_H_
#define WARREN_PROTO_COMMON_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace warren {

// Owns a file descriptor. Move-only; -1 is "none". Not thread-safe.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // It is the caller's to close.
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_UNIQUE_FD_H_
