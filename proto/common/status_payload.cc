#include "proto/common/status_payload.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace warren {

absl::Status BadRequestError(const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest details;
  std::string message;
  for (const FieldViolation& violation : violations) {
    auto* v = details.add_field_violations();
    v->set_field(violation.field);
    v->set_description(violation.description);
    absl::StrAppend(&message, message.empty() ? "" : "; ", violation.field, ": ", violation.description);
  }
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kBadRequestUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status ExhaustedError(std::string message, absl::Duration retry_after) {
  google::rpc::RetryInfo details;
  details.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(absl::Ceil(retry_after, absl::Seconds(1))));
  absl::Status status =
      absl::ResourceExhaustedError(absl::StrCat(message, "; try again in ", absl::FormatDuration(retry_after)));
  status.SetPayload(kRetryInfoUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

}  // namespace warren
