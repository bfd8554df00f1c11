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
  return WithRetry(
      absl::ResourceExhaustedError(absl::StrCat(message, "; try again in ", absl::FormatDuration(retry_after))),
      retry_after);
}

absl::Status WithReason(absl::Status status, std::string_view reason,
                        const std::map<std::string, std::string>& metadata) {
  google::rpc::ErrorInfo details;
  details.set_reason(std::string(reason));
  details.set_domain(kErrorDomain);
  for (const auto& [key, value] : metadata) (*details.mutable_metadata())[key] = value;
  status.SetPayload(kErrorInfoUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status WithResource(absl::Status status, std::string_view type, std::string_view name) {
  google::rpc::ResourceInfo details;
  details.set_resource_type(std::string(type));
  details.set_resource_name(std::string(name));
  status.SetPayload(kResourceInfoUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status WithRetry(absl::Status status, absl::Duration retry_after) {
  google::rpc::RetryInfo details;
  details.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(absl::Ceil(retry_after, absl::Seconds(1))));
  status.SetPayload(kRetryInfoUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

std::string ToText(const absl::Status& status) { return status.ToString(absl::StatusToStringMode::kWithNoExtraData); }

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status message;
  message.set_code(static_cast<int>(status.code()));
  message.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    if (type.find("/google.rpc.") == absl::string_view::npos) return;
    auto* detail = message.add_details();
    detail->set_type_url(std::string(type));
    detail->set_value(std::string(payload));
  });
  return message;
}

absl::Status WithDetails(absl::Status status, const google::rpc::Status& message) {
  for (const auto& detail : message.details()) status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo details;
  const auto payload = status.GetPayload(kErrorInfoUrl);
  if (payload && details.ParseFromString(std::string(*payload))) return details.reason();
  return std::string();
}

}  // namespace warren
