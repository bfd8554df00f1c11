#ifndef WARREN_PROTO_COMMON_FILE_LOCK_H_
#define WARREN_PROTO_COMMON_FILE_LOCK_H_

// A lock file that one process holds (flock(2)), so that two processes never write one database. The kernel lets go of
// it when the process dies, however it dies; the file itself stays.

#include <string>

#include "absl/status/statusor.h"
#include "proto/common/unique_fd.h"

namespace warren {

class FileLock {
 public:
  // FAILED_PRECONDITION when another process holds it for a second (named by its pid), or the file cannot be made.
  static absl::StatusOr<FileLock> Acquire(const std::string& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_FILE_LOCK_H_
