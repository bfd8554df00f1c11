#ifndef WARREN_SERVER_STORE_SQLITE_CHECK_H_
#define WARREN_SERVER_STORE_SQLITE_CHECK_H_

// Looks a store's file over without changing it, while a server may be writing it. For one thread, and no lock is
// taken; costs a full read of the file, some 3 s for a million rows.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/kv.h"

namespace warren::store {

struct CheckResult {
  int64_t revision = 0;
  int64_t rows = 0;                   // current keys
  std::vector<std::string> problems;  // empty: none found
};

// SQLite's integrity_check, what the log and its numbers must look like, and then every current key through
// `check_row`, which returns OK or what is wrong with it. At most 100 problems are listed. FAILED_PRECONDITION when the
// file is not there or is no store of this version; a file too damaged to be read is a problem, not an error.
// UNAVAILABLE, INTERNAL: it could not be looked at.
absl::StatusOr<CheckResult> CheckSqliteStore(const std::string& path,
                                             const std::function<absl::Status(const KeyValue&)>& check_row);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_CHECK_H_
