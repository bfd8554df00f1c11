#include "proto/common/refusals.h"

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "proto/common/string_view.h"

namespace warren {
absl::Status StoppingError(std::string_view message) {
  return WithRetry(WithReason(absl::UnavailableError(AbslView(message)), "SERVER_STOPPING"), absl::Seconds(1));
}

absl::Status HostAwayError(const std::string& host, std::string_view why) {
  return WithReason(
      absl::UnavailableError(absl::StrCat("host ", host, " is away: ", AbslView(why), "; try again when it is back")),
      "HOST_AWAY", {{"host", host}});
}

absl::Status HostNotFoundError(const std::string& host, std::string_view rest) {
  return WithResource(
      WithReason(absl::NotFoundError(absl::StrCat("host ", host, AbslView(rest))), "HOST_NOT_FOUND", {{"host", host}}),
      "warren.v1.Host", HostName(host));
}

absl::Status HostBeingDeletedError(absl::StatusCode code, const std::string& host, std::string_view what_next,
                                   absl::Duration retry_after) {
  return WithRetry(
      WithReason(absl::Status(code, absl::StrCat("host ", host, " is being deleted; ", AbslView(what_next))),
                 "HOST_BEING_DELETED", {{"host", host}}),
      retry_after);
}

}  // namespace warren
