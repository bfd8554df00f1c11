#ifndef WARREN_CLIENT_ARGS_WORDS_H_
#define WARREN_CLIENT_ARGS_WORDS_H_

// iproute2's grammar is a line of words: keywords, most of them followed by a value. Words reads such a line. One
// thread.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace warren::cli {

class Words {
 public:
  explicit Words(const std::vector<std::string>& words) : words_(words.begin(), words.end()) {}

  bool Done() const { return words_.empty(); }
  // The next word without taking it; empty when Done.
  std::string Peek() const { return Done() ? "" : words_.front(); }
  // Takes the next word; not when Done.
  std::string Take();
  // Takes the next word if it is this one.
  bool TakeIf(std::string_view word);

  // Takes the value of a keyword. INVALID_ARGUMENT: there is none ("mtu" needs a value).
  absl::StatusOr<std::string> Value(std::string_view keyword);
  // The same, as a number within [low, high]. INVALID_ARGUMENT: it is not.
  absl::StatusOr<uint32_t> Number(std::string_view keyword, uint32_t low, uint32_t high);
  // Takes the next word as something that is required. INVALID_ARGUMENT: there is none ("missing WHAT").
  absl::StatusOr<std::string> Required(std::string_view what);

 private:
  std::deque<std::string> words_;
};

// A whole number in decimal within [low, high]; INVALID_ARGUMENT naming what otherwise.
absl::StatusOr<uint32_t> ParseNumber(std::string_view what, std::string_view text, uint32_t low, uint32_t high);

// INVALID_ARGUMENT for a word that is none of the keywords, with the nearest of them.
absl::Status UnknownWord(std::string_view word, const std::vector<std::string>& keywords);
// INVALID_ARGUMENT for a keyword given a second time.
absl::Status Twice(std::string_view keyword);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_WORDS_H_
