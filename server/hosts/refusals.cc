#include "server/hosts/refusals.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/common/status_payload.h"

namespace warren::hosts {

absl::Status StoppingError(const char* message) {
  return WithRetry(WithReason(absl::UnavailableError(message), "SERVER_STOPPING"), absl::Seconds(1));
}

absl::Status BeingDeleted(absl::StatusCode code, const std::string& host, const char* what_next) {
  return WithRetry(WithReason(absl::Status(code, absl::StrCat("host ", host, " is being deleted; ", what_next)),
                              "HOST_BEING_DELETED", {{"host", host}}),
                   absl::Seconds(1));
}

}  // namespace warren::hosts
