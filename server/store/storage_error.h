#ifndef WARREN_SERVER_STORE_STORAGE_ERROR_H_
#define WARREN_SERVER_STORE_STORAGE_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace warren::store {

// What clients are told to wait for: the store looks once a second whether it can write again.
inline constexpr absl::Duration kRetryAfter = absl::Seconds(1);

// An error of the storage (proto/common/sqlite.h) as clients are to see it: the same code and what SQLite said, the
// file, what to do, and a reason that programs may rely on.
//
//   RESOURCE_EXHAUSTED   STORE_FULL        with RetryInfo: it goes on by itself when there is space
//   FAILED_PRECONDITION  STORE_READ_ONLY   it goes on by itself when it can be written again
//   DATA_LOSS            STORE_DAMAGED     until it was restored and the server started again
//   UNAVAILABLE, other   STORE_FAILED      with RetryInfo
//
// An I/O error on a file system that is full, or has become read-only, counts as that: SQLite does not always know.
// Thread-safe. What has a reason already, OK, INVALID_ARGUMENT and OUT_OF_RANGE stay as they are.
absl::Status StorageError(const absl::Status& status, const std::string& path);

// The same for one that keeps the store from being opened: what to do before the server is started again.
absl::Status OpenError(const absl::Status& status, const std::string& path);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_STORAGE_ERROR_H_
