#include "server/exec/wire.h"

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

constexpr uint8_t TagOf(int field) { return static_cast<uint8_t>(field << 3 | 2); }  // length-delimited

}  // namespace

Kind KindOfRequest(std::optional<uint8_t> first) {
  return first == TagOf(v1::SessionRequest::kStdinEndFieldNumber) ? Kind::kStdinEnd : Kind::kOther;
}

Kind KindOfResponse(std::optional<uint8_t> first) {
  if (first == TagOf(v1::SessionResponse::kStartedFieldNumber)) return Kind::kStarted;
  if (first == TagOf(v1::SessionResponse::kExitFieldNumber)) return Kind::kExit;
  if (first == TagOf(v1::SessionResponse::kErrorFieldNumber)) return Kind::kError;
  return Kind::kOther;
}

std::string StdinEndMessage() {
  v1::SessionRequest request;
  request.mutable_stdin_end();
  return request.SerializeAsString();
}

absl::Status ErrorOf(const std::string& host, const google::rpc::Status& said) {
  constexpr int kLastCode = 16;
  if (said.code() <= 0 || said.code() > kLastCode) {
    return absl::InternalError(absl::StrCat("host ", host, ": its agent ended the session with code ", said.code(),
                                            ", which is no error; is it newer than the server?"));
  }
  return WithDetails(absl::Status(static_cast<absl::StatusCode>(said.code()), said.message()), said);
}

}  // namespace warren::exec
