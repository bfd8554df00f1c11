#ifndef WARREN_CLIENT_ARGS_SUGGEST_H_
#define WARREN_CLIENT_ARGS_SUGGEST_H_

// "did you mean": the known word nearest to a mistyped one. Pure; thread-safe; cost: product of the words' lengths.

#include <string>
#include <string_view>
#include <vector>

namespace warren::cli {

// The candidate with the smallest edit distance, if that is at most a third of the word's length (and at least one edit
// is allowed); else empty.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// `; did you mean "X"?`, or `; expected one of a, b, c`.
std::string Suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_SUGGEST_H_
