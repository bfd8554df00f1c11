#include "client/lib/status.h"

#include <grpcpp/support/status.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace warren::client {

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const bool cut = status.error_code() == grpc::StatusCode::CANCELLED;
  // The numbers are the same by definition (google/rpc/code.proto).
  absl::Status converted =
      cut ? absl::UnavailableError(absl::StrCat("the server ended the call: ", status.error_message()))
          : absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) return converted;
  return WithDetails(std::move(converted), details);
}

namespace {

// False: there is no such detail.
template <typename Detail>
bool Find(const absl::Status& status, const char* url, Detail* detail) {
  const auto payload = status.GetPayload(url);
  return payload && detail->ParseFromString(std::string(*payload));
}

}  // namespace

std::vector<FieldViolation> FieldViolations(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  google::rpc::BadRequest bad;
  if (!Find(status, kBadRequestUrl, &bad)) return violations;
  for (const auto& violation : bad.field_violations()) {
    violations.push_back({violation.field(), violation.description()});
  }
  return violations;
}

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  google::rpc::RetryInfo info;
  if (!Find(status, kRetryInfoUrl, &info) || !info.has_retry_delay()) return std::nullopt;
  return absl::Seconds(info.retry_delay().seconds()) + absl::Nanoseconds(info.retry_delay().nanos());
}

std::string ErrorMetadata(const absl::Status& status, const std::string& key) {
  google::rpc::ErrorInfo info;
  if (!Find(status, kErrorInfoUrl, &info)) return "";
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? "" : found->second;
}

std::string ResourceOf(const absl::Status& status) {
  google::rpc::ResourceInfo info;
  return Find(status, kResourceInfoUrl, &info) ? info.resource_name() : std::string();
}

}  // namespace warren::client
