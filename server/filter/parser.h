#ifndef WARREN_SERVER_FILTER_PARSER_H_
#define WARREN_SERVER_FILTER_PARSER_H_

// Turns a filter's text into its nodes by recursive descent:
//
//   expression = sequence {"AND" sequence}
//   sequence   = factor {factor}
//   factor     = term {"OR" term}
//   term       = ["NOT" | "-"] ("(" expression ")" | comparison)
//   comparison = field ["." key] comparator value
//
// One for each parse. For the files of this room only.

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/filter/filter.h"
#include "server/filter/node.h"

namespace warren::filter {

class Parser {
 public:
  Parser(std::string_view text, const Schema& schema) : text_(text), schema_(schema) {}

  // Of a text that is not blank.
  absl::StatusOr<Filter> Parse();

 private:
  using Node = Filter::Node;
  struct Word {
    std::string text;
    bool any_before = false;  // it began with a "*" that stands for anything, which is not in the text
    bool any_after = false;
    bool star_within = false;
    size_t at = 0;
  };

  absl::StatusOr<Node> Expression(int depth);
  absl::StatusOr<Node> Sequence(int depth);
  absl::StatusOr<Node> Factor(int depth);
  absl::StatusOr<Node> Term(int depth);
  absl::StatusOr<Node> Comparison();
  absl::Status Key(Node& node);
  absl::Status Comparator(const Field& field, Node& node);
  absl::Status TakeValue(const Field& field, Node& node);
  absl::Status TakeHas(const Field& field, const Word& word, Node& node);
  absl::Status TakeText(const Word& word, Node& node);
  // A quoted string, or what stands before a blank or a parenthesis; empty text: there is nothing.
  absl::StatusOr<Word> TakeWord();
  absl::StatusOr<Word> TakeQuoted();

  void SkipBlanks();
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  // The letters, digits and underscores from here on.
  std::string_view PeekName() const;
  // AND, OR and NOT as words of their own.
  bool AtKeyword(std::string_view keyword) const;
  bool TakeKeyword(std::string_view keyword);

  absl::Status Error(size_t at, std::string_view what) const;
  // What can be filtered by, for the end of a message.
  std::string Fields() const;

  const std::string_view text_;
  const Schema& schema_;
  size_t at_ = 0;
  size_t comparisons_ = 0;
};

}  // namespace warren::filter

#endif  // WARREN_SERVER_FILTER_PARSER_H_
