#ifndef WARREN_SERVER_HOSTS_REFUSALS_H_
#define WARREN_SERVER_HOSTS_REFUSALS_H_

// Refusals that have more than one place. Pure; thread-safe.

#include <string>

#include "absl/status/status.h"

namespace warren::hosts {

// UNAVAILABLE (SERVER_STOPPING) with google.rpc.RetryInfo.
absl::Status StoppingError(const char* message);

// "host h1 is being deleted; connect again" (HOST_BEING_DELETED) with google.rpc.RetryInfo.
absl::Status BeingDeleted(absl::StatusCode code, const std::string& host, const char* what_next);

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_REFUSALS_H_
