#ifndef WARREN_PROTO_COMMON_REFUSALS_H_
#define WARREN_PROTO_COMMON_REFUSALS_H_

// Refusals that more than one room gives: for each its code, its reason and its details, once. The message is the
// room's, since what to do about it is. Pure; thread-safe.

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace warren {

// UNAVAILABLE (SERVER_STOPPING) with google.rpc.RetryInfo.
absl::Status StoppingError(std::string_view message = "the server is stopping; try again");

// UNAVAILABLE (HOST_AWAY): "host h1 is away: WHY; try again when it is back".
absl::Status HostAwayError(const std::string& host, std::string_view why);

// NOT_FOUND (HOST_NOT_FOUND) with google.rpc.ResourceInfo; "host h1" and what follows it.
absl::Status HostNotFoundError(const std::string& host, std::string_view rest);

// "host h1 is being deleted; try again" (HOST_BEING_DELETED) with google.rpc.RetryInfo.
absl::Status HostBeingDeletedError(absl::StatusCode code, const std::string& host, std::string_view what_next,
                                   absl::Duration retry_after = absl::Seconds(1));

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_REFUSALS_H_
