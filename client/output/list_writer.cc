#include "client/output/list_writer.h"

#include "absl/strings/str_split.h"

namespace warren::cli {

std::string EventJson(const std::string& type, const std::string& object, int64_t revision) {
  std::string text = absl::StrCat("{\"type\":\"", type, "\"");
  if (!object.empty()) absl::StrAppend(&text, ",\"object\":", object);
  if (revision != 0) absl::StrAppend(&text, ",\"revision\":\"", revision, "\"");
  return absl::StrCat(text, "}\n");
}

std::string EventYaml(const std::string& type, const std::string& object, int64_t revision) {
  std::string text = absl::StrCat("---\ntype: ", type, "\n");
  if (revision != 0) absl::StrAppend(&text, "revision: \"", revision, "\"\n");
  if (object.empty()) return text;
  absl::StrAppend(&text, "object:\n");
  for (const auto line : absl::StrSplit(object, '\n', absl::SkipEmpty())) absl::StrAppend(&text, "  ", line, "\n");
  return text;
}

}  // namespace warren::cli
