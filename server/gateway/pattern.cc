#include "server/gateway/pattern.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/gateway/path.h"

namespace warren::gateway {

class Pattern::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { pattern_.text_ = std::string(text); }

  absl::StatusOr<Pattern> Run() {
    if (!Take('/')) return Bad("\"/\" is expected");
    if (auto status = Segments(/*in_variable=*/false); !status.ok()) return status;
    if (Take(':')) {
      pattern_.verb_ = Literal();
      if (pattern_.verb_.empty()) return Bad("a verb is expected");
    }
    if (at_ != text_.size()) return Bad("the end is expected");
    const auto& segments = pattern_.segments_;
    for (size_t i = 0; i + 1 < segments.size(); ++i) {
      if (segments[i].kind == Kind::kMany) return Bad("\"**\" is not at the end");
    }
    return std::move(pattern_);
  }

 private:
  absl::Status Bad(std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("path template \"", pattern_.text_, "\", at character ", at_ + 1, ": ", std::string(what)));
  }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string Literal() {
    const size_t begin = at_;
    while (at_ < text_.size() && (absl::ascii_isalnum(static_cast<unsigned char>(text_[at_])) ||
                                  std::string_view("-_.~%@$&'()+,;!").find(text_[at_]) != std::string_view::npos)) {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  absl::Status Segments(bool in_variable) {
    do {
      if (auto status = Segment(in_variable); !status.ok()) return status;
    } while (Take('/'));
    return absl::OkStatus();
  }

  absl::Status Segment(bool in_variable) {
    if (Take('*')) {
      pattern_.segments_.push_back({Take('*') ? Kind::kMany : Kind::kOne, ""});
      return absl::OkStatus();
    }
    if (Take('{')) {
      if (in_variable) return Bad("a variable within a variable");
      return Variable();
    }
    std::string literal = Literal();
    if (literal.empty()) return Bad("a segment is expected");
    pattern_.segments_.push_back({Kind::kLiteral, std::move(literal)});
    return absl::OkStatus();
  }

  absl::Status Variable() {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == '.')) {
      ++at_;
    }
    Pattern::Variable variable{std::string(text_.substr(begin, at_ - begin)), pattern_.segments_.size(), 0};
    if (variable.field.empty()) return Bad("the name of a field is expected");
    for (const auto& other : pattern_.variables_) {
      if (other.field == variable.field) return Bad(absl::StrCat("a second variable ", variable.field));
    }
    if (Take('=')) {
      if (auto status = Segments(/*in_variable=*/true); !status.ok()) return status;
    } else {
      pattern_.segments_.push_back({Kind::kOne, ""});
    }
    if (!Take('}')) return Bad("\"}\" is expected");
    variable.end = pattern_.segments_.size();
    pattern_.variables_.push_back(std::move(variable));
    return absl::OkStatus();
  }

  const std::string_view text_;
  size_t at_ = 0;
  Pattern pattern_;
};

absl::StatusOr<Pattern> Pattern::Parse(std::string_view text) { return Parser(text).Run(); }

std::optional<std::string_view> Pattern::LastSegment(const std::vector<std::string_view>& path) const {
  const std::string_view last = path.back();
  if (verb_.empty()) return last;
  if (last.size() < verb_.size() + 1 || last.substr(last.size() - verb_.size()) != verb_ ||
      last[last.size() - verb_.size() - 1] != ':') {
    return std::nullopt;
  }
  return last.substr(0, last.size() - verb_.size() - 1);
}

bool Pattern::MatchesSegments(const std::vector<std::string_view>& path) const {
  const bool many = segments_.back().kind == Kind::kMany;
  const size_t fixed = segments_.size() - (many ? 1 : 0);
  if (path.size() < fixed || (!many && path.size() > fixed)) return false;
  for (size_t i = 0; i < fixed; ++i) {
    if (segments_[i].kind == Kind::kLiteral ? segments_[i].literal != path[i] : path[i].empty()) return false;
  }
  return std::none_of(path.begin() + static_cast<ptrdiff_t>(fixed), path.end(),
                      [](std::string_view segment) { return segment.empty(); });
}

std::optional<Pattern::Bindings> Pattern::Match(const std::vector<std::string_view>& path) const {
  if (path.empty()) return std::nullopt;
  const auto last = LastSegment(path);
  if (!last) return std::nullopt;
  std::vector<std::string_view> cut;
  if (!verb_.empty()) {
    cut = path;
    cut.back() = *last;
  }
  const std::vector<std::string_view>& segments = verb_.empty() ? path : cut;
  if (!MatchesSegments(segments)) return std::nullopt;
  Bindings bindings;
  for (const Variable& variable : variables_) {
    const bool one = variable.end - variable.begin == 1 && segments_[variable.begin].kind != Kind::kMany;
    const bool to_the_end = segments_[variable.end - 1].kind == Kind::kMany;
    const size_t end = to_the_end ? segments.size() : variable.end;
    std::string text;
    for (size_t i = variable.begin; i < end; ++i) {
      absl::StrAppend(&text, i > variable.begin ? "/" : "", DecodePath(segments[i], /*keep_slashes=*/!one));
    }
    bindings.emplace_back(variable.field, std::move(text));
  }
  return bindings;
}

std::vector<std::string> Pattern::fields() const {
  std::vector<std::string> fields;
  for (const Variable& variable : variables_) fields.push_back(variable.field);
  return fields;
}

std::string Pattern::Shape() const {
  std::string shape;
  for (const Segment& segment : segments_) {
    absl::StrAppend(&shape, "/",
                    segment.kind == Kind::kLiteral ? segment.literal
                    : segment.kind == Kind::kOne   ? "*"
                                                   : "**");
  }
  return verb_.empty() ? shape : absl::StrCat(shape, ":", verb_);
}

bool Pattern::Before(const Pattern& other) const {
  for (size_t i = 0; i < std::min(segments_.size(), other.segments_.size()); ++i) {
    if (segments_[i].kind != other.segments_[i].kind) return segments_[i].kind < other.segments_[i].kind;
  }
  return !verb_.empty() && other.verb_.empty();
}

}  // namespace warren::gateway
