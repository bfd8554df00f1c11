#ifndef WARREN_SERVER_API_REQUEST_H_
#define WARREN_SERVER_API_REQUEST_H_

// Takes requests apart and collects what is wrong with them, so that every bad field is named at once. Not thread-safe;
// one for each call.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "server/filter/filter.h"

namespace warren::api {

class RequestCheck {
 public:
  void Bad(std::string field, std::string why) { violations_.push_back({std::move(field), std::move(why)}); }

  // Each returns an empty value for one that is not valid, which is then among the violations.
  //
  // "hosts/HOST"; with `any`, "hosts/-" too, as "-".
  std::string Host(const std::string& field, const std::string& name, bool any = false);
  ChildName Namespace(const std::string& field, const std::string& name);
  ChildName Intent(const std::string& field, const std::string& name);

  // Empty is well: the server chooses one.
  void RequestId(const std::string& request_id, const std::string& field = "request_id");
  // Of a message that may have an expire_time; nothing: it has none, or one that is not valid.
  template <typename Message>
  std::optional<absl::Time> ExpireTime(const std::string& field, const Message& message) {
    return message.has_expire_time() ? Time(field, message.expire_time()) : std::nullopt;
  }
  std::optional<absl::Time> Time(const std::string& field, const google::protobuf::Timestamp& time);
  void PageSize(int32_t page_size);
  // One that matches everything, for a text that is none.
  filter::Filter Filter(const std::string& text, const filter::Schema& schema);
  void AfterRevision(int64_t after_revision);

  bool ok() const { return violations_.empty(); }
  std::vector<FieldViolation>& violations() { return violations_; }
  // OK, or INVALID_ARGUMENT with google.rpc.BadRequest.
  absl::Status status() const { return ok() ? absl::OkStatus() : BadRequestError(violations_); }

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_REQUEST_H_
