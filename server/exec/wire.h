#ifndef WARREN_SERVER_EXEC_WIRE_H_
#define WARREN_SERVER_EXEC_WIRE_H_

// What a relay has to know of messages that it does not parse: the first byte of one tells which kind of its oneof is
// set, for whoever writes it the usual way. Pure; thread-safe.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "warren/v1/exec.pb.h"

namespace warren::exec {

enum class Kind {
  kOther,     // passed on
  kStdinEnd,  // of a SessionRequest
  kStarted,   // the rest of a SessionResponse
  kExit,
  kError,
};

// By a message's first byte; nothing: it is empty.
Kind KindOfRequest(std::optional<uint8_t> first);
Kind KindOfResponse(std::optional<uint8_t> first);

// The largest SessionRequest: 1 MiB of stdin in it.
inline constexpr size_t kMaxStdin = size_t{1} << 20;
inline constexpr size_t kMaxRequest = kMaxStdin + 16;

// A serialized SessionRequest that ends standard input.
std::string StdinEndMessage();

// What the call is to be ended with, as the agent says: details and all. INTERNAL: it says that it is no error.
absl::Status ErrorOf(const std::string& host, const google::rpc::Status& said);

}  // namespace warren::exec

#endif  // WARREN_SERVER_EXEC_WIRE_H_
