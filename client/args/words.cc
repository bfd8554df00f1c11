#include "client/args/words.h"

#include <charconv>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/args/suggest.h"
#include "proto/common/string_view.h"

namespace warren::cli {
std::string Words::Take() {
  std::string word = std::move(words_.front());
  words_.pop_front();
  return word;
}

bool Words::TakeIf(std::string_view word) {
  if (Done() || words_.front() != word) return false;
  words_.pop_front();
  return true;
}

absl::StatusOr<std::string> Words::Value(std::string_view keyword) {
  if (Done()) return absl::InvalidArgumentError(absl::StrCat("\"", AbslView(keyword), "\" needs a value"));
  return Take();
}

absl::StatusOr<uint32_t> Words::Number(std::string_view keyword, uint32_t low, uint32_t high) {
  const auto value = Value(keyword);
  if (!value.ok()) return value.status();
  return ParseNumber(keyword, *value, low, high);
}

absl::StatusOr<std::string> Words::Required(std::string_view what) {
  if (Done()) return absl::InvalidArgumentError(absl::StrCat("missing ", AbslView(what)));
  return Take();
}

absl::StatusOr<uint32_t> ParseNumber(std::string_view what, std::string_view text, uint32_t low, uint32_t high) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < low || number > high) {
    return absl::InvalidArgumentError(
        absl::StrCat(AbslView(what), " \"", AbslView(text), "\" is not a number from ", low, " to ", high));
  }
  return number;
}

absl::Status UnknownWord(std::string_view word, const std::vector<std::string>& keywords) {
  return absl::InvalidArgumentError(absl::StrCat("unknown word \"", AbslView(word), "\"", Suggestion(word, keywords)));
}

absl::Status Twice(std::string_view keyword) {
  return absl::InvalidArgumentError(absl::StrCat("\"", AbslView(keyword), "\" is given twice"));
}

}  // namespace warren::cli
