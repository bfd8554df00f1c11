#include "client/intent_file/intent_file.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/intent_file/fill.h"
#include "client/intent_file/json_escapes.h"
#include "proto/common/string_view.h"

namespace warren::cli {
namespace {

// Far more than a server takes in one batch.
constexpr int kMostDocuments = 100'000;

// Watches documents go by.
class Documents : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    stuck_ = count_ > 0 && mark.pos == start_.pos;
    start_ = mark;
    ++count_;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  int count() const { return count_; }
  // yaml-cpp takes a stray "]" or "," between documents for an empty document, for ever.
  bool stuck() const { return stuck_; }
  int line() const { return start_.line + 1; }

 private:
  YAML::Mark start_;
  int count_ = 0;
  bool stuck_ = false;
};

// Every document but the empty ones, such as the one after a last "---".
absl::StatusOr<std::vector<YAML::Node>> FilledDocuments(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  Documents documents;
  while (parser.HandleNextDocument(documents)) {
    if (documents.stuck()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", documents.line(), ": is neither YAML nor JSON: stray bracket, brace or comma"));
    }
    if (documents.count() > kMostDocuments) {
      return absl::InvalidArgumentError(absl::StrCat("line ", documents.line(), ": more than ", kMostDocuments,
                                                     " documents; submit them in several files"));
    }
  }
  std::vector<YAML::Node> filled = YAML::LoadAll(text);
  std::erase_if(filled, [](const YAML::Node& node) { return !node.IsDefined() || node.IsNull(); });
  if (filled.empty()) return absl::InvalidArgumentError("is empty; expected operations: [...]");
  return filled;
}

absl::Status In(std::string_view source, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(AbslView(source), ": ", status.message()));
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

absl::StatusOr<std::vector<FileIntent>> ParseIntentsText(std::string_view source, const std::string& text) {
  if (absl::Status status = CheckUtf8(text); !status.ok()) return In(source, status);
  try {
    const auto documents = FilledDocuments(JoinSurrogates(text));
    if (!documents.ok()) return In(source, documents.status());
    std::vector<FileIntent> intents;
    for (const YAML::Node& document : *documents) {
      auto intent = FillIntent(document);
      if (!intent.ok()) return In(source, intent.status());
      intents.push_back(*std::move(intent));
    }
    return intents;
  } catch (const YAML::Exception& error) {
    const std::string where = error.mark.is_null() ? "" : absl::StrCat(Where(error.mark), ": ");
    return absl::InvalidArgumentError(
        absl::StrCat(AbslView(source), ": ", where, "is neither YAML nor JSON: ", error.msg));
  }
}

absl::StatusOr<std::vector<FileIntent>> ReadIntentsFile(const std::string& path, std::istream& standard_input) {
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
  return ParseIntentsText(source, *text);
}

}  // namespace warren::cli
