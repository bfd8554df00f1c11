#ifndef WARREN_PROTO_COMMON_SHUTDOWN_H_
#define WARREN_PROTO_COMMON_SHUTDOWN_H_

#include "absl/status/statusor.h"
#include "proto/common/unique_fd.h"

namespace warren {

// SIGTERM and SIGINT as a descriptor (signalfd(2)), so that no handler and no global is needed.
class ShutdownSignal {
 public:
  // Blocks both signals in the calling thread; call before any thread is started, so that all inherit the mask.
  // INTERNAL when the system refuses.
  static absl::StatusOr<ShutdownSignal> Create();

  // Blocks until one arrives; returns its number.
  int Wait();

 private:
  explicit ShutdownSignal(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_SHUTDOWN_H_
