#include "client/intent_file/intent_file.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/intent_file/fill.h"
#include "client/intent_file/json_escapes.h"

namespace warren::cli {
namespace {

absl::string_view A(std::string_view s) { return {s.data(), s.size()}; }

// The one document of the text; empty ones, as after a last "---", do not count.
absl::StatusOr<YAML::Node> OneDocument(const std::string& text) {
  std::vector<YAML::Node> documents;
  for (const YAML::Node& document : YAML::LoadAll(text)) {
    if (document.IsDefined() && !document.IsNull()) documents.push_back(document);
  }
  if (documents.empty()) return absl::InvalidArgumentError("is empty; expected operations: [...]");
  if (documents.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("holds ", documents.size(),
                                                   " documents; an intent is one, with all its operations in one list"));
  }
  return documents.front();
}

absl::Status In(std::string_view source, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(A(source), ": ", status.message()));
}

absl::StatusOr<std::string> ReadAll(std::istream& in) {
  std::string text;
  char buffer[65536];
  while (in.read(buffer, sizeof(buffer)) || in.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(in.gcount()));
    if (text.size() > kLargestIntentFile) {
      return absl::InvalidArgumentError(absl::StrCat("is larger than ", kLargestIntentFile >> 20, " MiB"));
    }
  }
  if (in.bad()) return absl::UnavailableError("cannot be read");
  return text;
}

}  // namespace

absl::StatusOr<v1::Intent> ParseIntentText(std::string_view source, const std::string& text) {
  if (absl::Status status = CheckUtf8(text); !status.ok()) return In(source, status);
  try {
    const auto document = OneDocument(JoinSurrogates(text));
    if (!document.ok()) return In(source, document.status());
    auto intent = FillIntent(*document);
    if (!intent.ok()) return In(source, intent.status());
    return intent;
  } catch (const YAML::Exception& error) {
    const std::string where = error.mark.is_null() ? "" : absl::StrCat("line ", error.mark.line + 1, ": ");
    return absl::InvalidArgumentError(absl::StrCat(A(source), ": ", where, "is neither YAML nor JSON: ", error.msg));
  }
}

absl::StatusOr<v1::Intent> ReadIntentFile(const std::string& path, std::istream& standard_input) {
  const std::string source = path == "-" ? "standard input" : path;
  absl::StatusOr<std::string> text;
  if (path == "-") {
    text = ReadAll(standard_input);
  } else {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return absl::NotFoundError(absl::StrCat(source, ": cannot be opened: ", std::strerror(errno)));
    text = ReadAll(file);
  }
  if (!text.ok()) return In(source, text.status());
  return ParseIntentText(source, *text);
}

}  // namespace warren::cli
