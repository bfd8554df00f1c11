#include "server/gateway/refusals.h"

#include <utility>

#include "server/gateway/http_status.h"

namespace warren::gateway {

HttpResponse Error(int http_status, absl::StatusCode code, std::string message) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(std::move(message));
  return {http_status, {{"Content-Type", "application/json"}}, ErrorBody(status, false) + "\n"};
}

HttpResponse Error(const absl::Status& status) {
  return Error(HttpStatusOf(static_cast<int>(status.code())), status.code(), std::string(status.message()));
}

HttpResponse Refused(int status, std::string_view why) {
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  if (status == 503) code = absl::StatusCode::kUnavailable;
  if (status == 408) code = absl::StatusCode::kDeadlineExceeded;
  if (status == 413 || status == 431) code = absl::StatusCode::kOutOfRange;
  if (status == 501) code = absl::StatusCode::kUnimplemented;
  HttpResponse response = Error(status, code, std::string(why));
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace warren::gateway
