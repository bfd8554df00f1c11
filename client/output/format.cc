#include "client/output/format.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/output/yaml.h"
#include "google/protobuf/util/json_util.h"

namespace warren::cli {
namespace {

std::string Json(const google::protobuf::Message& message, bool whitespace = true) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = whitespace;
  std::string json;
  // Fails only for messages with google.protobuf.Any inside, of which the API has none.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}";
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

}  // namespace

const std::vector<std::string>& FormatNames() {
  static const auto* const kNames = new std::vector<std::string>{"table", "wide", "json", "yaml", "name"};
  return *kNames;
}

absl::StatusOr<Format> ParseFormat(std::string_view name) {
  const auto& names = FormatNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Format>(found - names.begin());
  return absl::InvalidArgumentError(absl::StrCat("output \"", absl::string_view(name.data(), name.size()),
                                                 "\" is not one of ", absl::StrJoin(names, ", ")));
}

std::string DataText(const google::protobuf::Message& message, Format format) {
  return format == Format::kYaml ? MessageYaml(message) : absl::StrCat(Json(message), "\n");
}

std::string DataListText(const std::vector<const google::protobuf::Message*>& messages, Format format) {
  DataList list(format);
  std::string text;
  for (const auto* message : messages) absl::StrAppend(&text, list.Add(*message));
  return absl::StrCat(text, list.End());
}

std::string DataList::Add(const google::protobuf::Message& message) {
  const bool first = std::exchange(empty_, false);
  if (format_ == Format::kYaml) return MessageYamlItem(message);
  // No string in JSON holds a line break, so every one is between tokens.
  return absl::StrCat(first ? "[\n " : ",\n ", absl::StrReplaceAll(Json(message), {{"\n", "\n "}}));
}

std::string DataList::End() const { return empty_ ? "[]\n" : format_ == Format::kYaml ? "" : "\n]\n"; }

std::string JsonLine(const google::protobuf::Message& message) { return Json(message, false); }

std::string JoinJsonLines(const std::string& json) {
  std::string joined;
  bool indent = true;
  for (const char c : json) {
    if (c == '\n') {
      indent = true;
    } else if (!indent || c != ' ') {
      indent = false;
      joined += c;
    }
  }
  return joined;
}

}  // namespace warren::cli
