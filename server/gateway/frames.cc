#include "server/gateway/frames.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "absl/strings/str_cat.h"
#include "proto/common/utf8.h"
#include "server/gateway/websocket.h"

namespace warren::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

constexpr uint16_t kOfCodes = 4000;
// The first byte is the number.
constexpr int kMaxNumber = 255;

bool GoesInBinary(const FieldDescriptor* field) {
  return field != nullptr && field->type() == FieldDescriptor::TYPE_BYTES && !field->is_repeated();
}

}  // namespace

absl::Status FromFrame(std::string_view frame, google::protobuf::Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (frame.empty()) {
    return absl::InvalidArgumentError("a binary frame is empty; its first byte is the number of a field");
  }
  const int number = static_cast<unsigned char>(frame[0]);
  const FieldDescriptor* field = type.FindFieldByNumber(number);
  if (!GoesInBinary(field)) {
    return absl::InvalidArgumentError(absl::StrCat("a binary frame begins with ", number, ", and ", type.full_name(),
                                                   " has no field ", number,
                                                   " of type bytes; send another as text, in JSON"));
  }
  message.GetReflection()->SetString(&message, field, std::string(frame.substr(1)));
  return absl::OkStatus();
}

bool ToFrame(const Descriptor& type, std::string& wire) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(wire.data()),
                                            static_cast<int>(wire.size()));
  const uint32_t tag = in.ReadTag();
  if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) return false;
  const int number = WireFormatLite::GetTagFieldNumber(tag);
  uint32_t size = 0;
  if (number > kMaxNumber || !GoesInBinary(type.FindFieldByNumber(number)) || !in.ReadVarint32(&size)) return false;
  const size_t before = static_cast<size_t>(in.CurrentPosition());
  if (wire.size() - before != size) return false;
  wire.replace(0, before, 1, static_cast<char>(number));
  return true;
}

uint16_t CloseCodeOf(int grpc_code) {
  return grpc_code == 0 ? kSocketDone : static_cast<uint16_t>(kOfCodes + (grpc_code & 0xff));
}

std::string CloseReasonOf(std::string_view message) {
  std::string reason(message.substr(0, kMaxCloseReason));
  // A character has at most four bytes.
  for (int cut = 0; cut < 4 && !reason.empty() && !IsUtf8(reason); ++cut) reason.pop_back();
  return IsUtf8(reason) ? reason : "";
}

}  // namespace warren::gateway
