#include "client/cmd/advice.h"

#include <cctype>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/lib/status.h"
#include "client/output/intent_text.h"
#include "google/protobuf/descriptor.h"
#include "proto/common/names.h"
#include "proto/common/string_view.h"

namespace warren::cli {
namespace {

// Fields of operations and of the request that people meet as flags.
constexpr std::string_view kOfOperations[] = {"allow_existing", "allow_missing", "move_addresses", "loopback_down",
                                              "force"};
constexpr std::string_view kOfRequest[] = {"allow_unknown_host", "request_id"};

// Calls that messages send people to, and how that is typed.
constexpr std::pair<std::string_view, const char*> kCalls[] = {
    {"DeleteNamespace with force", "`warren netns delete HOST/NAME --force`"},
    {"ListHosts", "`warren hosts list`"},
    {"ListNamespaces", "`warren netns list`"},
    {"ListIntents", "`warren intents list`"}};

std::string Flag(std::string_view field) {
  return absl::StrCat("--", absl::StrReplaceAll(AbslView(field), {{"_", "-"}}));
}

// "allowExisting: true"
std::string FileField(std::string_view field) {
  std::string name;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '_' && i + 1 < field.size()) {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(field[++i])));
    } else {
      name += field[i];
    }
  }
  return absl::StrCat(name, ": true");
}

bool IsPartOfWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == '/' || c == ':';
}

// Replaces a word where it stands for itself: not as part of a path, a name or a flag.
std::string ReplaceWord(std::string text, std::string_view word, const std::string& by) {
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !IsPartOfWord(text[at - 1]);
    // Punctuation at the end of a sentence is no part of the word; "force_x" or "force-x" are other words.
    const bool ends = end == text.size() ||
                      (!std::isalnum(static_cast<unsigned char>(text[end])) && text[end] != '_' && text[end] != '-');
    if (begins && ends) {
      text.replace(at, word.size(), by);
      at += by.size();
    } else {
      at = end;
    }
  }
  return text;
}

// A flag of the operation's own that is off and would have made it pass, by what the error is; empty: none.
std::string MissingPermission(const v1::OperationError& error, const v1::Operation& operation) {
  const auto* kind = v1::Operation::descriptor()->FindFieldByNumber(operation.kind_case());
  if (kind == nullptr) return "";
  const auto& body = operation.GetReflection()->GetMessage(operation, kind);
  const auto is_off = [&body](const char* name) {
    const auto* field = body.GetDescriptor()->FindFieldByName(name);
    return field != nullptr && !body.GetReflection()->GetBool(body, field);
  };
  const auto code = static_cast<absl::StatusCode>(error.code());
  if (code == absl::StatusCode::kAlreadyExists && is_off("allow_existing")) return "allow_existing";
  if (code == absl::StatusCode::kNotFound && is_off("allow_missing")) return "allow_missing";
  return "";
}

struct Reason {
  std::string_view name;
  const char* advice;  // "HOST" becomes the host it is about
};
constexpr Reason kReasons[] = {
    {"HOST_AWAY", "`warren hosts show HOST` says when it was last seen"},
    {"HOST_CONNECTED", "stop warren-agent on HOST first, or it would be back at once"},
    {"HOST_NOT_FOUND", "`warren hosts list` shows those there are"},
    {"HOST_QUEUE_FULL", "`warren intents list HOST --state QUEUED` shows what waits, `warren hosts show HOST` why"},
    {"INTENT_NOT_FOUND", "`warren intents list` shows those there are; finished ones are kept for a time only"},
    {"NAMESPACE_NOT_FOUND", "`warren netns list HOST` shows those there are"},
    {"NOT_CANCELLABLE", "`warren intents show` tells what came of it"},
    {"PAGE_TOKEN_EXPIRED", "the list changed while it was read; run the same command again"},
    {"REQUEST_ID_REUSED", "leave --request-id out to have this done as well"},
};

}  // namespace

std::vector<std::string> ReasonAdvice(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  const std::string host = client::ErrorMetadata(status, "host");
  const std::string message = AsTyped(std::string(status.message()), Typed::kFlags);
  std::vector<std::string> lines;
  for (const Reason& known : kReasons) {
    if (known.name != reason) continue;
    const std::string advice = absl::StrReplaceAll(known.advice, {{"HOST", host.empty() ? "HOST" : host}});
    // The command it sends people to may be in the message already, with the host or without.
    const std::vector<std::string> parts = absl::StrSplit(known.advice, '`');
    if (parts.size() > 1 && absl::StrContains(message, absl::StripSuffix(parts[1], " HOST"))) continue;
    lines.push_back(absl::StrCat("  ", advice));
  }
  const auto delay = client::RetryDelay(status);
  if (delay && !absl::StrContains(message, "try again")) {
    lines.push_back(absl::StrCat("  try again in ", absl::FormatDuration(*delay)));
  }
  return lines;
}

std::string AsTyped(const std::string& message, Typed typed) {
  std::string text = message;
  // First: they name fields, too.
  for (const auto& [call, command] : kCalls) text = ReplaceWord(std::move(text), call, command);
  for (const std::string_view field : kOfOperations) {
    text = ReplaceWord(std::move(text), field, typed == Typed::kFlags ? Flag(field) : FileField(field));
  }
  for (const std::string_view field : kOfRequest) text = ReplaceWord(std::move(text), field, Flag(field));
  return text;
}

std::vector<std::string> FailureAdvice(const v1::Intent& intent, Typed typed) {
  v1::Intent shown = intent;
  std::string message = AsTyped(intent.error().message(), typed);
  if (const auto name = ParseIntent(intent.name()); name.ok()) {
    message = absl::StrReplaceAll(message, {{"HOST/NAME", absl::StrCat(name->host, "/", intent.error().object())}});
  }
  shown.mutable_error()->set_message(message);
  std::vector<std::string> lines = FailureLines(shown);
  const int index = intent.error().operation_index();
  if (index < 0 || index >= intent.operations_size()) return lines;
  const std::string permission = MissingPermission(intent.error(), intent.operations(index));
  const std::string word = typed == Typed::kFlags ? Flag(permission) : FileField(permission);
  if (permission.empty() || absl::StrContains(shown.error().message(), word)) return lines;
  lines.push_back(absl::StrCat("  ", word,
                               permission == "allow_existing" ? " adopts it, if it already is as asked"
                                                              : " lets what is not there count as deleted"));
  return lines;
}

}  // namespace warren::cli
