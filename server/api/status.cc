#include "server/api/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/common/status_payload.h"

namespace warren::api {
namespace {

// The message travels twice, once percent-encoded and once with the details in base64, which takes four bytes for
// three: together some 7 KiB at worst.
constexpr size_t kMaxMessage = 1200;
constexpr size_t kMaxDetails = 2400;

// At most `limit` bytes, cut between characters.
std::string Clip(std::string text, size_t limit) {
  constexpr char kEllipsis[] = "…";
  if (text.size() <= limit) return text;
  size_t end = limit - (sizeof kEllipsis - 1);
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += kEllipsis;
  return text;
}

std::string ClipBadRequest(const std::string& serialized, size_t limit) {
  google::rpc::BadRequest details;
  if (!details.ParseFromString(serialized)) return std::string();
  int dropped = 0;
  while (details.field_violations_size() > 1 && details.ByteSizeLong() + 32 > limit) {
    details.mutable_field_violations()->RemoveLast();
    ++dropped;
  }
  auto* last = details.mutable_field_violations(details.field_violations_size() - 1);
  last->set_description(Clip(last->description(), limit / 4));
  last->set_field(Clip(last->field(), limit / 4));
  if (dropped > 0) last->set_description(absl::StrCat(last->description(), " (and ", dropped, " more)"));
  return details.SerializeAsString();
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& given) {
  if (given.ok()) return grpc::Status::OK;
  const absl::Status status =
      ReasonOf(given).empty() ? WithReason(given, absl::StatusCodeToString(given.code())) : given;
  const std::string message = Clip(std::string(status.message()), kMaxMessage);
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  size_t left = kMaxDetails;
  const auto add = [&](absl::string_view type, const absl::Cord& payload) {
    if (type.find("/google.rpc.") == absl::string_view::npos) return;  // a room's own business
    std::string value(payload);
    if (value.size() > left && type == kBadRequestUrl) value = ClipBadRequest(value, left);
    if (value.empty() || value.size() > left) return;
    left -= value.size();
    auto* detail = details.add_details();
    detail->set_type_url(std::string(type));
    detail->set_value(std::move(value));
  };
  // What programs decide by comes first; what there may be much of has the rest.
  if (const auto reason = status.GetPayload(kErrorInfoUrl)) add(kErrorInfoUrl, *reason);
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    if (type != kErrorInfoUrl && type != kBadRequestUrl) add(type, payload);
  });
  if (const auto bad = status.GetPayload(kBadRequestUrl)) add(kBadRequestUrl, *bad);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message, details.SerializeAsString());
}

}  // namespace warren::api
