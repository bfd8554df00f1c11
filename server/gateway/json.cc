#include "server/gateway/json.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include "absl/strings/str_cat.h"

namespace warren::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status Parse(std::string_view text, Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, &message);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the body is not a ", message.GetDescriptor()->full_name(), ": ",
                                                 std::string(status.message().data(), status.message().size())));
}

absl::Status NoJson(const google::protobuf::Descriptor& type, const google::protobuf::util::Status& why) {
  return absl::InternalError(
      absl::StrCat("a ", type.full_name(), " has no JSON: ", std::string(why.message().data(), why.message().size())));
}

absl::StatusOr<std::string> Print(const Message& message, bool pretty, bool defaults) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  options.always_print_primitive_fields = defaults;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) return NoJson(*message.GetDescriptor(), status);
  return text;
}

constexpr int kSingle = -1;

// The wrappers of google/protobuf/wrappers.proto stand for themselves in JSON: what they hold, without a name.
template <typename Wrapper, typename Value>
absl::StatusOr<std::string> Bare(const Value& value) {
  Wrapper wrapper;
  wrapper.set_value(value);
  return Print(wrapper, false, true);
}

// A field's value, or one of a repeated field's.
absl::StatusOr<std::string> Element(const Message& message, const FieldDescriptor& field, int index, bool pretty) {
  namespace pb = google::protobuf;
  const pb::Reflection& reflection = *message.GetReflection();
#define WARREN_GET(Type) \
  (index == kSingle ? reflection.Get##Type(message, &field) : reflection.GetRepeated##Type(message, &field, index))
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Bare<pb::Int32Value>(WARREN_GET(Int32));
    case FieldDescriptor::CPPTYPE_INT64:
      return Bare<pb::Int64Value>(WARREN_GET(Int64));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Bare<pb::UInt32Value>(WARREN_GET(UInt32));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Bare<pb::UInt64Value>(WARREN_GET(UInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Bare<pb::DoubleValue>(WARREN_GET(Double));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Bare<pb::FloatValue>(WARREN_GET(Float));
    case FieldDescriptor::CPPTYPE_BOOL:
      return Bare<pb::BoolValue>(WARREN_GET(Bool));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = WARREN_GET(EnumValue);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? absl::StrCat(number) : absl::StrCat("\"", value->name(), "\"");
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? Bare<pb::BytesValue>(WARREN_GET(String))
                                                         : Bare<pb::StringValue>(WARREN_GET(String));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Print(WARREN_GET(Message), pretty, false);
  }
  return absl::InternalError(absl::StrCat(field.full_name(), " is of no known type"));
#undef WARREN_GET
}

}  // namespace

absl::Status FromJson(std::string_view text, Message& message, size_t max_values) {
  if (auto status = CheckJson(text, {message.GetDescriptor(), nullptr, max_values}); !status.ok()) return status;
  return Parse(text, message);
}

absl::Status FieldFromJson(std::string_view text, const FieldDescriptor& field, Message& message, size_t max_values) {
  // By itself first, so that nothing in it can end the object that it is put into, and lines are counted from its own.
  if (auto status = CheckJson(text, {nullptr, &field, max_values}); !status.ok()) return status;
  return Parse(absl::StrCat("{\"", field.json_name(), "\":", absl::string_view(text.data(), text.size()), "}"),
               message);
}

absl::StatusOr<std::string> ToJson(const Message& message, bool pretty) { return Print(message, pretty, false); }

absl::StatusOr<std::string> WireToJson(google::protobuf::io::ZeroCopyInputStream& wire,
                                       const google::protobuf::Descriptor& type, JsonTypes& types, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  std::string text;
  google::protobuf::io::StringOutputStream out(&text);
  const auto status = google::protobuf::util::BinaryToJsonStream(&types, TypeUrl(type), &wire, &out, options);
  if (!status.ok()) return NoJson(type, status);
  return text;
}

absl::StatusOr<std::string> FieldToJson(const Message& message, const FieldDescriptor& field, bool pretty) {
  const auto& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (is_message && !reflection.HasField(message, &field)) return "null";
    return Element(message, field, kSingle, pretty);
  }
  std::string all;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (i > 0) all += ',';
    if (!field.is_map()) {
      auto element = Element(message, field, i, pretty);
      if (!element.ok()) return element;
      all += *element;
      continue;
    }
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    auto key = Element(entry, *field.message_type()->map_key(), kSingle, false);
    auto value = Element(entry, *field.message_type()->map_value(), kSingle, pretty);
    if (!key.ok() || !value.ok()) return key.ok() ? value : key;
    // A name is a string, whatever the key is.
    absl::StrAppend(&all, key->front() == '"' ? *key : absl::StrCat("\"", *key, "\""), ":", *value);
  }
  return field.is_map() ? absl::StrCat("{", all, "}") : absl::StrCat("[", all, "]");
}

}  // namespace warren::gateway
