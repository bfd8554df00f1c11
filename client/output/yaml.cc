#include "client/output/yaml.h"

#include <cctype>
#include <initializer_list>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"

namespace warren::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsWord(std::string_view text) {
  if (!std::isalpha(static_cast<unsigned char>(text[0])) && text[0] != '/' && text[0] != '_') return false;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && std::string_view("_./@-").find(c) == std::string_view::npos) {
      return false;
    }
  }
  const std::string lower = absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
  for (const char* taken : {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}) {
    if (lower == taken) return false;
  }
  return true;
}

// Timestamp and Duration are strings in JSON.
bool IsTextMessage(const Message& message) { return message.GetDescriptor()->file()->package() == "google.protobuf"; }

std::string TextMessage(const Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) return "\"\"";
  return json;
}

// Field number index of a repeated one, or the only one when index is -1; not a message.
std::string Scalar(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* r = message.GetReflection();
  const bool many = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return (many ? r->GetRepeatedBool(message, field, index) : r->GetBool(message, field)) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(many ? r->GetRepeatedInt32(message, field, index) : r->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(many ? r->GetRepeatedUInt32(message, field, index) : r->GetUInt32(message, field));
    // 64 bits are strings in JSON, and so here.
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat("\"", many ? r->GetRepeatedInt64(message, field, index) : r->GetInt64(message, field), "\"");
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat("\"", many ? r->GetRepeatedUInt64(message, field, index) : r->GetUInt64(message, field),
                          "\"");
    case FieldDescriptor::CPPTYPE_ENUM:
      return (many ? r->GetRepeatedEnum(message, field, index) : r->GetEnum(message, field))->name();
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(many ? r->GetRepeatedDouble(message, field, index) : r->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(many ? r->GetRepeatedFloat(message, field, index) : r->GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = many ? r->GetRepeatedString(message, field, index) : r->GetString(message, field);
      return YamlText(field->type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "null";
}

void AppendFields(const Message& message, const std::string& indent, std::string* out);

// A message under "- ": its first line goes beside the dash.
std::string Item(const Message& message, const std::string& indent) {
  std::string body;
  AppendFields(message, absl::StrCat(indent, "  "), &body);
  if (body.empty()) return absl::StrCat(indent, "- {}\n");
  return absl::StrCat(indent, "- ", body.substr(indent.size() + 2));
}

void AppendField(const Message& message, const FieldDescriptor* field, const std::string& indent, std::string* out) {
  const Reflection* r = message.GetReflection();
  const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  absl::StrAppend(out, indent, field->json_name(), ":");
  if (field->is_repeated()) {
    absl::StrAppend(out, "\n");
    for (int i = 0; i < r->FieldSize(message, field); ++i) {
      if (is_message) {
        absl::StrAppend(out, Item(r->GetRepeatedMessage(message, field, i), indent));
      } else {
        absl::StrAppend(out, indent, "- ", Scalar(message, field, i), "\n");
      }
    }
    return;
  }
  if (!is_message) {
    absl::StrAppend(out, " ", Scalar(message, field, -1), "\n");
    return;
  }
  const Message& child = r->GetMessage(message, field);
  if (IsTextMessage(child)) {
    absl::StrAppend(out, " ", TextMessage(child), "\n");
    return;
  }
  std::string body;
  AppendFields(child, absl::StrCat(indent, "  "), &body);
  absl::StrAppend(out, body.empty() ? " {}\n" : absl::StrCat("\n", body));
}

void AppendFields(const Message& message, const std::string& indent, std::string* out) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) AppendField(message, field, indent, out);
}

}  // namespace

std::string MessageYaml(const Message& message) {
  std::string text;
  AppendFields(message, "", &text);
  return text.empty() ? "{}\n" : text;
}

std::string MessageYamlItem(const Message& message) { return Item(message, ""); }

std::string YamlText(std::string_view text) {
  if (!text.empty() && IsWord(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&quoted, "\\x%02x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace warren::cli
