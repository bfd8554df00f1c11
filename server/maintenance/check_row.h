#ifndef WARREN_SERVER_MAINTENANCE_CHECK_ROW_H_
#define WARREN_SERVER_MAINTENANCE_CHECK_ROW_H_

#include "absl/status/status.h"
#include "server/store/kv.h"

namespace warren::maintenance {

// Whether a row of the store is one that the server's rooms have written: a key they know, and a value that they can
// read. OK, or what is wrong with it. Pure.
absl::Status CheckRow(const store::KeyValue& row);

}  // namespace warren::maintenance

#endif  // WARREN_SERVER_MAINTENANCE_CHECK_ROW_H_
