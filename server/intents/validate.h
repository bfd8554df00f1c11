#ifndef WARREN_SERVER_INTENTS_VALIDATE_H_
#define WARREN_SERVER_INTENTS_VALIDATE_H_

// Checks operations against what operations.proto says, field by field, before anything is stored: what can be known to
// be wrong without the host. What depends on what is there is the kernel's to refuse. Pure; thread-safe.

#include <cstddef>
#include <vector>

#include "proto/common/status_payload.h"
#include "server/intents/host_directory.h"

namespace warren::intents {

struct Limits {
  size_t max_operations = 1000;
  size_t max_bytes = 1 << 20;
};

// Every bad field, as "operations[2].create_veth.a.name". At most kMaxViolations: the last one then says how many more
// there are. (The details travel in gRPC's trailers, which clients take up to 8 KiB of.) Empty: all is well.
inline constexpr size_t kMaxViolations = 20;
std::vector<FieldViolation> ValidateOperations(const Operations& operations, const Limits& limits);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_VALIDATE_H_
