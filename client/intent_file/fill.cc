#include "client/intent_file/fill.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/args/place_args.h"
#include "client/args/suggest.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/time_util.h"

namespace warren::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Aliases let a small file stand for a huge tree.
constexpr int kMostValues = 1'000'000;

// What a document may hold.
constexpr char kHost[] = "host";
const std::vector<std::string>& FieldsOfADocument() {
  static const auto& fields = *new std::vector<std::string>{"operations", kHost, "expireTime"};
  return fields;
}

const char* TypeOf(const YAML::Node& node) {
  return node.IsNull() ? "nothing" : node.IsMap() ? "a map" : node.IsSequence() ? "a list" : "a plain value";
}

absl::Status Wrong(const YAML::Node& node, const std::string& what) {
  const YAML::Mark mark = node.Mark();
  return absl::InvalidArgumentError(mark.is_null() ? what : absl::StrCat(Where(mark), ": ", what));
}

const FieldDescriptor* FindField(const Descriptor* type, const std::string& key) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->name() == key || field->json_name() == key) return field;
  }
  return nullptr;
}

std::vector<std::string> FieldNames(const Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->json_name());
  return names;
}

// Plain ("?"), quoted ("!"), or one of YAML's own tags.
bool IsKnownTag(const std::string& tag) {
  if (tag.empty() || tag == "?" || tag == "!") return true;
  static constexpr std::string_view kOwn = "tag:yaml.org,2002:";
  if (tag.compare(0, kOwn.size(), kOwn) != 0) return false;
  const std::string name = tag.substr(kOwn.size());
  return name == "str" || name == "int" || name == "float" || name == "bool" || name == "map" || name == "seq";
}

class Filler {
 public:
  absl::Status Fill(const YAML::Node& node, const std::string& path, Message* message);
  // The list of one repeated field.
  absl::Status FillList(const YAML::Node& node, const std::string& path, const FieldDescriptor* field,
                        Message* message);
  // Whatever a field holds.
  absl::Status FillField(const YAML::Node& node, const std::string& path, const FieldDescriptor* field,
                         Message* message);

 private:
  absl::Status Count(const YAML::Node& node);
  absl::Status FillScalar(const YAML::Node& node, const std::string& path, const FieldDescriptor* field,
                          Message* message);
  absl::Status FillKey(const YAML::Node& key, const YAML::Node& value, const std::string& path,
                       std::set<const FieldDescriptor*>& seen, Message* message);

  int values_ = 0;
};

absl::Status Filler::Count(const YAML::Node& node) {
  if (++values_ > kMostValues) return Wrong(node, "too many values: its aliases multiply beyond a million");
  if (!IsKnownTag(node.Tag())) return Wrong(node, absl::StrCat("tag \"", node.Tag(), "\" is not supported"));
  return absl::OkStatus();
}

absl::Status Filler::Fill(const YAML::Node& node, const std::string& path, Message* message) {
  if (absl::Status status = Count(node); !status.ok()) return status;
  if (!node.IsMap()) {
    return Wrong(node, absl::StrCat(path, " is ", TypeOf(node), "; expected a map of ",
                                    FieldNames(message->GetDescriptor()).front(), ": ... and so on"));
  }
  std::set<const FieldDescriptor*> seen;
  for (const auto& entry : node) {
    if (absl::Status status = FillKey(entry.first, entry.second, path, seen, message); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Filler::FillKey(const YAML::Node& key, const YAML::Node& value, const std::string& path,
                             std::set<const FieldDescriptor*>& seen, Message* message) {
  const Descriptor* type = message->GetDescriptor();
  if (!key.IsScalar()) return Wrong(key, absl::StrCat(path, " has a key that is ", TypeOf(key)));
  const std::string& name = key.Scalar();
  if (name == "<<") return Wrong(key, "merge keys (<<) are not supported; write the fields out");
  const FieldDescriptor* field = FindField(type, name);
  if (field == nullptr) {
    return Wrong(key, absl::StrCat("unknown field \"", name, "\" in ", path, Suggestion(name, FieldNames(type))));
  }
  if (!seen.insert(field).second) return Wrong(key, absl::StrCat("\"", name, "\" is given twice in ", path));
  if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
    for (const FieldDescriptor* other : seen) {
      if (other != field && other->real_containing_oneof() == oneof) {
        return Wrong(key, absl::StrCat(path, " has both ", other->json_name(), " and ", field->json_name(),
                                       "; make them two items of the list, each with a \"-\" of its own"));
      }
    }
  }
  return FillField(value, absl::StrCat(path, ".", field->json_name()), field, message);
}

absl::Status Filler::FillField(const YAML::Node& node, const std::string& path, const FieldDescriptor* field,
                               Message* message) {
  if (node.IsNull()) {
    return Wrong(node, absl::StrCat(path, " has no value",
                                    field->cpp_type() == FieldDescriptor::CPPTYPE_STRING
                                        ? " (if null or ~ is meant as text, put it in quotes)"
                                        : ""));
  }
  if (field->is_repeated()) return FillList(node, path, field, message);
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return FillScalar(node, path, field, message);
  Message* child = message->GetReflection()->MutableMessage(message, field);
  auto* duration = google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(child);
  auto* time = google::protobuf::DynamicCastToGenerated<google::protobuf::Timestamp>(child);
  if (duration == nullptr && time == nullptr) return Fill(node, path, child);
  if (absl::Status status = Count(node); !status.ok()) return status;
  if (time != nullptr) {
    if (node.IsScalar() && google::protobuf::util::TimeUtil::FromString(node.Scalar(), time)) return absl::OkStatus();
    return Wrong(node, absl::StrCat(path, " is not a time; expected one as in 2026-01-02T03:04:05Z"));
  }
  if (!node.IsScalar() || !google::protobuf::util::TimeUtil::FromString(node.Scalar(), duration)) {
    return Wrong(node, absl::StrCat(path, " is not a duration; expected seconds with an \"s\", as in 3600s"));
  }
  return absl::OkStatus();
}

absl::Status Filler::FillList(const YAML::Node& node, const std::string& path, const FieldDescriptor* field,
                              Message* message) {
  if (absl::Status status = Count(node); !status.ok()) return status;
  if (!node.IsSequence()) {
    return Wrong(node,
                 absl::StrCat(path, " is ", TypeOf(node), "; expected a list, as in ", field->json_name(), ": [...]"));
  }
  int index = 0;
  for (const YAML::Node& item : node) {
    const std::string item_path = absl::StrCat(path, "[", index++, "]");
    if (item.IsNull()) return Wrong(item, absl::StrCat(item_path, " has no value"));
    absl::Status status;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      status = Fill(item, item_path, message->GetReflection()->AddMessage(message, field));
    } else {
      status = FillScalar(item, item_path, field, message);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ToBool(const YAML::Node& node, const std::string& path) {
  const std::string text = absl::AsciiStrToLower(node.Scalar());
  if (text == "true" || text == "false") return text == "true";
  if (node.Tag() != "!") {  // not in quotes: YAML 1.1's further words
    if (text == "yes" || text == "on") return true;
    if (text == "no" || text == "off") return false;
  }
  return Wrong(node, absl::StrCat(path, " \"", node.Scalar(), "\" is neither true nor false"));
}

absl::StatusOr<uint32_t> ToUint32(const YAML::Node& node, const std::string& path) {
  const std::string& text = node.Scalar();
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // A leading zero would be octal to some readers of YAML and decimal to others.
  const bool ambiguous = text.size() > 1 && text[0] == '0';
  if (error != std::errc() || end != text.data() + text.size() || ambiguous) {
    return Wrong(node, absl::StrCat(path, " \"", text, "\" is not a whole decimal number from 0 to ",
                                    std::numeric_limits<uint32_t>::max()));
  }
  return number;
}

absl::Status Filler::FillScalar(const YAML::Node& node, const std::string& path, const FieldDescriptor* field,
                                Message* message) {
  if (absl::Status status = Count(node); !status.ok()) return status;
  if (!node.IsScalar()) {
    return Wrong(node, absl::StrCat(path, " is ", TypeOf(node), "; expected a plain value"));
  }
  const auto* r = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field->is_repeated()) {
        r->AddString(message, field, node.Scalar());
      } else {
        r->SetString(message, field, node.Scalar());
      }
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL: {
      const auto value = ToBool(node, path);
      if (value.ok()) r->SetBool(message, field, *value);
      return value.status();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto value = ToUint32(node, path);
      if (value.ok()) r->SetUInt32(message, field, *value);
      return value.status();
    }
    default:
      // Operations have no other types; one added later fails here, in the test that goes over every field.
      return Wrong(node, absl::StrCat(path, " cannot be given in a file"));
  }
}

}  // namespace

std::string Where(const YAML::Mark& mark) { return absl::StrCat("line ", mark.line + 1, ", column ", mark.column + 1); }

absl::StatusOr<FileIntent> FillIntent(const YAML::Node& document) {
  const Descriptor* type = v1::Intent::descriptor();
  if (!document.IsMap()) {
    return Wrong(document, absl::StrCat("is ", TypeOf(document), "; expected a map: operations: [...]"));
  }
  FileIntent read;
  read.line = document.Mark().line + 1;
  Filler filler;
  std::set<std::string> seen;
  for (const auto& entry : document) {
    const YAML::Node &key = entry.first, &value = entry.second;
    const std::string name = key.IsScalar() ? key.Scalar() : "";
    const bool is_host = name == kHost;
    const FieldDescriptor* field = FindField(type, name);
    if (field == nullptr && !is_host) {
      return Wrong(key, absl::StrCat("unknown field \"", name, "\"", Suggestion(name, FieldsOfADocument())));
    }
    if (!seen.insert(is_host ? name : field->name()).second) {
      return Wrong(key, absl::StrCat("\"", name, "\" is given twice"));
    }
    if (is_host) {
      const auto host = ParseHostArgument(value.IsScalar() ? value.Scalar() : "");
      if (!host.ok()) return Wrong(value, std::string(host.status().message()));
      read.host = *host;
      continue;
    }
    const std::vector<std::string>& given = FieldsOfADocument();
    if (std::find(given.begin(), given.end(), field->json_name()) == given.end()) {
      return Wrong(key, absl::StrCat("\"", name, "\" is the server's to fill in; leave it out: a file has ",
                                     absl::StrJoin(given, ", ")));
    }
    absl::Status status = filler.FillField(value, field->json_name(), field, &read.intent);
    if (!status.ok()) return status;
  }
  if (read.intent.operations().empty()) {
    const std::string where = read.line > 1 ? absl::StrCat("line ", read.line, ": ") : "";
    return absl::InvalidArgumentError(absl::StrCat(where, "has no operations; expected operations: [...]"));
  }
  return read;
}

}  // namespace warren::cli
