#include "server/gateway/fields.h"

#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/common/utf8.h"

namespace warren::gateway {
namespace {

// What is deeper could not be printed again, nor read by the server.
constexpr size_t kMaxDepth = 32;

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status Not(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::Utf8SafeCHexEscape(std::string(text)), "\" is not ", std::string(what)));
}

bool IsWrapper(const Descriptor& type) {
  static const auto* names = new std::set<std::string>{
      "google.protobuf.DoubleValue", "google.protobuf.FloatValue",  "google.protobuf.Int64Value",
      "google.protobuf.UInt64Value", "google.protobuf.Int32Value",  "google.protobuf.UInt32Value",
      "google.protobuf.BoolValue",   "google.protobuf.StringValue", "google.protobuf.BytesValue"};
  return names->contains(type.full_name());
}

// Types whose JSON form is a string.
bool IsText(const Descriptor& type) {
  const std::string& name = type.full_name();
  return name == "google.protobuf.Timestamp" || name == "google.protobuf.Duration" ||
         name == "google.protobuf.FieldMask";
}

template <typename T>
absl::StatusOr<T> Integer(std::string_view text, std::string_view what) {
  T value;
  // SimpleAtoi takes spaces around it, which nobody who writes a URL means.
  if (text.empty() || text.find_first_not_of("-0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(std::string(text), &value)) {
    return Not(text, what);
  }
  return value;
}

absl::StatusOr<double> Floating(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value;
  if (text.empty() || text.find_first_not_of("+-.eE0123456789") != std::string_view::npos ||
      !absl::SimpleAtod(std::string(text), &value) || std::isinf(value)) {
    return Not(text, "a number");
  }
  return value;
}

absl::StatusOr<const EnumValueDescriptor*> EnumValue(const FieldDescriptor& field, std::string_view text, int* number) {
  const auto* type = field.enum_type();
  if (const auto* value = type->FindValueByName(std::string(text))) return value;
  const auto as_number = Integer<int32_t>(text, "");
  if (!as_number.ok()) return Not(text, absl::StrCat("a value of ", type->full_name()));
  *number = *as_number;
  return type->FindValueByNumber(*as_number);
}

absl::StatusOr<std::string> Bytes(std::string_view text) {
  std::string bytes;
  const std::string copy(text);
  if (absl::Base64Unescape(copy, &bytes) || absl::WebSafeBase64Unescape(copy, &bytes)) return bytes;
  return Not(text, "base64");
}

// Sets, or adds.
#define WARREN_PUT(Type, value) \
  field.is_repeated() ? reflection.Add##Type(&message, &field, value) : reflection.Set##Type(&message, &field, value)

absl::Status Put(Message& message, const FieldDescriptor& field, std::string_view text) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      const auto value = Integer<int32_t>(text, "a 32-bit integer");
      if (!value.ok()) return value.status();
      WARREN_PUT(Int32, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto value = Integer<uint32_t>(text, "an unsigned 32-bit integer");
      if (!value.ok()) return value.status();
      WARREN_PUT(UInt32, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      const auto value = Integer<int64_t>(text, "a 64-bit integer");
      if (!value.ok()) return value.status();
      WARREN_PUT(Int64, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      const auto value = Integer<uint64_t>(text, "an unsigned 64-bit integer");
      if (!value.ok()) return value.status();
      WARREN_PUT(UInt64, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const auto value = Floating(text);
      if (!value.ok()) return value.status();
      WARREN_PUT(Double, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const auto value = Floating(text);
      if (!value.ok()) return value.status();
      if (std::isfinite(*value) && std::fabs(*value) > std::numeric_limits<float>::max()) return Not(text, "a float");
      WARREN_PUT(Float, static_cast<float>(*value));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return Not(text, "true or false");
      WARREN_PUT(Bool, text == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM: {
      int number = 0;
      const auto value = EnumValue(field, text, &number);
      if (!value.ok()) return value.status();
      // Of proto3 a number without a name is kept, as JSON keeps it.
      WARREN_PUT(EnumValue, *value != nullptr ? (*value)->number() : number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      if (field.type() != FieldDescriptor::TYPE_BYTES) {
        if (!IsUtf8(text)) return Not(text, "UTF-8");
        WARREN_PUT(String, std::string(text));
        return absl::OkStatus();
      }
      auto value = Bytes(text);
      if (!value.ok()) return value.status();
      WARREN_PUT(String, *std::move(value));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  const Descriptor& type = *field.message_type();
  if (!IsWrapper(type) && !IsText(type)) {
    return absl::InvalidArgumentError(field.is_map()
                                          ? "is a map, which is given in a body only"
                                          : absl::StrCat("is a ", type.full_name(), ": give its fields, or a body"));
  }
  Message* inner =
      field.is_repeated() ? reflection.AddMessage(&message, &field) : reflection.MutableMessage(&message, &field);
  if (IsWrapper(type)) return Put(*inner, *type.FindFieldByName("value"), text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
      return Not(text, absl::StrCat("a ", type.full_name()));
    quoted += c;
  }
  if (!google::protobuf::util::JsonStringToMessage(quoted + "\"", inner).ok()) {
    return Not(text, absl::StrCat("a ", type.full_name()));
  }
  return absl::OkStatus();
}
#undef WARREN_PUT

}  // namespace

absl::StatusOr<FieldPath> FindField(const Descriptor& message, std::string_view path) {
  FieldPath found;
  const Descriptor* in = &message;
  for (const absl::string_view part : absl::StrSplit(absl::string_view(path.data(), path.size()), '.')) {
    if (in == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(found.back()->full_name(), " has no fields of its own to name"));
    }
    if (found.size() == kMaxDepth) {
      return absl::InvalidArgumentError(absl::StrCat("is nested deeper than ", kMaxDepth, " fields"));
    }
    const std::string name(part);
    const FieldDescriptor* field = in->FindFieldByName(name);
    for (int i = 0; field == nullptr && i < in->field_count(); ++i) {
      if (in->field(i)->json_name() == name) field = in->field(i);
    }
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(in->full_name(), " has no field \"", absl::Utf8SafeCHexEscape(name), "\""));
    }
    found.push_back(field);
    const bool goes_on = field->message_type() != nullptr && !field->is_repeated() &&
                         !IsWrapper(*field->message_type()) && !IsText(*field->message_type());
    in = goes_on ? field->message_type() : nullptr;
  }
  return found;
}

absl::Status SetField(Message& message, const FieldPath& path, std::string_view text) {
  Message* in = &message;
  for (size_t i = 0; i < path.size(); ++i) {
    const FieldDescriptor& field = *path[i];
    const Reflection& reflection = *in->GetReflection();
    const auto* oneof = field.real_containing_oneof();
    if (oneof != nullptr && reflection.HasOneof(*in, oneof)) {
      const FieldDescriptor* other = reflection.GetOneofFieldDescriptor(*in, oneof);
      if (other != &field) {
        return absl::InvalidArgumentError(absl::StrCat("cannot be given together with ", other->name()));
      }
    }
    if (i + 1 == path.size()) {
      // A scalar without presence that was given its default is not seen to be set: nothing is lost by that.
      const bool has_text =
          field.message_type() == nullptr || IsWrapper(*field.message_type()) || IsText(*field.message_type());
      if (has_text && !field.is_repeated() && reflection.HasField(*in, &field)) {
        return absl::InvalidArgumentError("is given more than once");
      }
      return Put(*in, field, text);
    }
    in = reflection.MutableMessage(in, &field);
  }
  return absl::OkStatus();
}

}  // namespace warren::gateway
