#include "server/filter/parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/common/string_view.h"

namespace warren::filter {
namespace {

constexpr size_t kMaxText = 4096;
constexpr size_t kMaxComparisons = 64;
constexpr int kMaxDepth = 16;
constexpr size_t kMaxShown = 40;  // of what the caller wrote, in a message

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsParenthesis(char c) { return c == '(' || c == ')'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsName(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }
bool IsComparator(char c) { return c == '=' || c == '!' || c == '<' || c == '>' || c == ':'; }
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string Shown(std::string_view text) {
  size_t end = std::min(text.size(), kMaxShown);
  while (end > 0 && end < text.size() && IsContinuation(text[end])) --end;
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(AbslView(text.substr(0, end))), end < text.size() ? "…\"" : "\"");
}

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(AbslView(text)); }

}  // namespace

absl::StatusOr<Filter> Filter::Parse(std::string_view text, const Schema& schema) {
  if (text.size() > kMaxText) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is ", text.size(), " bytes long; at most ", kMaxText, " can be"));
  }
  if (std::all_of(text.begin(), text.end(), IsBlank)) return Filter();
  return Parser(text, schema).Parse();
}

absl::StatusOr<Filter> Parser::Parse() {
  auto root = Expression(0);
  if (!root.ok()) return root.status();
  if (!AtEnd()) return Error(at_, "this parenthesis closes nothing");
  return Filter(std::make_shared<const Node>(*std::move(root)));
}

absl::StatusOr<Parser::Node> Parser::Expression(int depth) {
  Node node;
  do {
    auto sequence = Sequence(depth);
    if (!sequence.ok()) return sequence;
    node.children.push_back(*std::move(sequence));
  } while (TakeKeyword("AND"));
  if (node.children.size() == 1) return Node(std::move(node.children.front()));
  return node;
}

absl::StatusOr<Parser::Node> Parser::Sequence(int depth) {
  Node node;
  do {
    auto factor = Factor(depth);
    if (!factor.ok()) return factor;
    node.children.push_back(*std::move(factor));
    SkipBlanks();
  } while (!AtEnd() && Peek() != ')' && !AtKeyword("AND"));
  if (node.children.size() == 1) return Node(std::move(node.children.front()));
  return node;
}

absl::StatusOr<Parser::Node> Parser::Factor(int depth) {
  Node node;
  node.kind = Node::Kind::kOr;
  do {
    auto term = Term(depth);
    if (!term.ok()) return term;
    node.children.push_back(*std::move(term));
  } while (TakeKeyword("OR"));
  if (node.children.size() == 1) return Node(std::move(node.children.front()));
  return node;
}

absl::StatusOr<Parser::Node> Parser::Term(int depth) {
  SkipBlanks();
  bool negated = TakeKeyword("NOT");
  if (!negated && Peek() == '-') {
    ++at_;
    negated = true;
  }
  SkipBlanks();
  absl::StatusOr<Node> term;
  if (Peek() == '(') {
    const size_t open = at_++;
    if (depth == kMaxDepth) return Error(open, absl::StrCat("parentheses go at most ", kMaxDepth, " deep"));
    term = Expression(depth + 1);
    if (!term.ok()) return term;
    SkipBlanks();
    if (Peek() != ')') return Error(open, "this parenthesis is not closed");
    ++at_;
  } else {
    term = Comparison();
    if (!term.ok()) return term;
  }
  if (!negated) return term;
  Node node;
  node.kind = Node::Kind::kNot;
  node.children.push_back(*std::move(term));
  return node;
}

absl::StatusOr<Parser::Node> Parser::Comparison() {
  const size_t at = at_;
  const std::string_view name = PeekName();
  if (AtEnd()) return Error(at, "the filter ends where a comparison is to be (FIELD = VALUE)");
  if (name.empty()) {
    return Error(at,
                 absl::StrCat("a comparison is to be here (FIELD = VALUE), not ", Shown(text_.substr(at)), Fields()));
  }
  if (AtKeyword("AND") || AtKeyword("OR") || AtKeyword("NOT")) {
    return Error(at, absl::StrCat("a comparison is to be here (FIELD = VALUE), not ", AbslView(name)));
  }
  const auto field = std::find_if(schema_.begin(), schema_.end(), [&](const Field& each) { return each.name == name; });
  if (field == schema_.end()) {
    const std::string lower = Lower(name);
    if (lower == "and" || lower == "or" || lower == "not") {
      return Error(at, absl::StrCat("write ", absl::AsciiStrToUpper(lower), " in capitals"));
    }
    return Error(at, absl::StrCat("there is no field ", Shown(name), Fields()));
  }
  if (++comparisons_ > kMaxComparisons) return Error(at, absl::StrCat("at most ", kMaxComparisons, " comparisons"));
  at_ += name.size();

  Node node;
  node.kind = Node::Kind::kCompare;
  node.field = static_cast<size_t>(field - schema_.begin());
  node.type = field->type;
  if (Peek() == '.') {
    if (field->type != Type::kStringMap) return Error(at_, absl::StrCat(field->name, " has no parts"));
    if (absl::Status status = Key(node); !status.ok()) return status;
  }
  if (absl::Status status = Comparator(*field, node); !status.ok()) return status;
  if (absl::Status status = TakeValue(*field, node); !status.ok()) return status;
  return node;
}

absl::Status Parser::Key(Node& node) {
  const size_t at = ++at_;
  if (Peek() == '"') {
    auto quoted = TakeQuoted();
    if (!quoted.ok()) return quoted.status();
    if (quoted->any_before || quoted->any_after || quoted->star_within) {
      return Error(at, "\"*\" cannot be in a name; write \\* for the character itself");
    }
    node.key = quoted->text;
  } else {
    while (!AtEnd() && !IsBlank(Peek()) && !IsParenthesis(Peek()) && !IsComparator(Peek()) && Peek() != '"') ++at_;
    node.key = std::string(text_.substr(at, at_ - at));
  }
  if (node.key.empty()) return Error(at, "a name is to follow the dot");
  return absl::OkStatus();
}

absl::Status Parser::Comparator(const Field& field, Node& node) {
  SkipBlanks();
  const size_t at = at_;
  static constexpr std::pair<std::string_view, Op> kComparators[] = {
      {"!=", Op::kNotEqual}, {"<=", Op::kLessOrEqual}, {">=", Op::kGreaterOrEqual}, {"=", Op::kEqual}, {"<", Op::kLess},
      {">", Op::kGreater},   {":", Op::kHas}};
  const auto* found = std::find_if(std::begin(kComparators), std::end(kComparators),
                                   [&](const auto& each) { return text_.substr(at).starts_with(each.first); });
  if (found == std::end(kComparators)) {
    return Error(at, absl::StrCat("a comparator is to follow ", field.name, ": =, !=, <, <=, >, >= or :"));
  }
  at_ += found->first.size();
  node.op = found->second;
  if (Peek() == '=') return Error(at, "there is no such comparator; it is one of =, !=, <, <=, >, >= and :");
  if (field.type == Type::kStringMap && node.key.empty() && node.op != Op::kHas) {
    return Error(at, absl::StrCat("compare one of them: ", field.name, ".KEY ", AbslView(found->first), " VALUE"));
  }
  const bool ordered = node.op != Op::kEqual && node.op != Op::kNotEqual && node.op != Op::kHas;
  if (ordered && (field.type == Type::kBool || field.type == Type::kEnum)) {
    return Error(at, absl::StrCat(field.name, " has no order; compare it with = or !="));
  }
  return absl::OkStatus();
}

absl::Status Parser::TakeValue(const Field& field, Node& node) {
  SkipBlanks();
  auto word = TakeWord();
  if (!word.ok()) return word.status();
  if (node.op == Op::kHas) return TakeHas(field, *word, node);
  switch (field.type) {
    case Type::kString:
    case Type::kStringMap:
      return TakeText(*word, node);
    case Type::kInt:
      if (word->any_before || word->any_after || !absl::SimpleAtoi(word->text, &node.number)) {
        return Error(word->at, absl::StrCat(field.name, " is a whole number; ", Shown(word->text), " is none"));
      }
      return absl::OkStatus();
    case Type::kBool:
      if (word->text != "true" && word->text != "false") {
        return Error(word->at, absl::StrCat(field.name, " is true or false, not ", Shown(word->text)));
      }
      node.number = word->text == "true" ? 1 : 0;
      return absl::OkStatus();
    case Type::kTime: {
      std::string why;
      if (!absl::ParseTime(absl::RFC3339_full, word->text, &node.time, &why)) {
        return Error(word->at, absl::StrCat(field.name, " is a time as \"2026-01-02T03:04:05Z\"; ", Shown(word->text),
                                            " is none"));
      }
      return absl::OkStatus();
    }
    case Type::kEnum:
      for (const auto& [name, number] : field.values) {
        if (name != word->text || word->any_before || word->any_after) continue;
        node.number = number;
        return absl::OkStatus();
      }
      return Error(
          word->at,
          absl::StrCat(field.name, " is one of ",
                       absl::StrJoin(field.values, ", ",
                                     [](std::string* out, const auto& value) { absl::StrAppend(out, value.first); }),
                       "; ", Shown(word->text), " is none"));
  }
  return absl::InternalError("no such type");
}

absl::Status Parser::TakeHas(const Field& field, const Word& word, Node& node) {
  const bool any = word.text.empty() && (word.any_before || word.any_after);
  if (field.type == Type::kStringMap && node.key.empty()) {
    if (any || word.any_before || word.any_after || word.star_within || word.text.empty()) {
      return Error(word.at, absl::StrCat("name one of them: ", field.name, ":KEY"));
    }
    node.key = word.text;
    return absl::OkStatus();
  }
  if (any) return absl::OkStatus();
  if (field.type == Type::kStringMap) {
    node.op = Op::kEqual;
    return TakeText(word, node);
  }
  return Error(word.at,
               absl::StrCat("\":\" asks whether ", field.name, " is set (", field.name, ":*); compare it with ="));
}

absl::Status Parser::TakeText(const Word& word, Node& node) {
  node.text = word.text;
  if (node.op != Op::kEqual && node.op != Op::kNotEqual) {
    if (word.any_before || word.any_after || word.star_within) {
      return Error(word.at, "\"*\" stands for anything only after = and !=; write \"\\*\" for the character itself");
    }
    return absl::OkStatus();
  }
  if (word.star_within) {
    return Error(word.at, "\"*\" stands for anything only at either end; write \"\\*\" for the character itself");
  }
  node.any_before = word.any_before;
  node.any_after = word.any_after;
  return absl::OkStatus();
}

absl::StatusOr<Parser::Word> Parser::TakeWord() {
  if (Peek() == '"') return TakeQuoted();
  Word word;
  word.at = at_;
  while (!AtEnd() && !IsBlank(Peek()) && !IsParenthesis(Peek())) {
    if (Peek() == '"') return Error(at_, "quote all of the value or nothing of it");
    if (Peek() == '\'') return Error(at_, "quote with \", not with '");
    ++at_;
  }
  std::string_view text = text_.substr(word.at, at_ - word.at);
  if (text.empty()) return Error(word.at, "a value is to be here");
  if (text.starts_with('*')) word.any_before = true, text.remove_prefix(1);
  if (text.ends_with('*')) word.any_after = true, text.remove_suffix(1);
  word.star_within = text.find('*') != std::string_view::npos;
  word.text = std::string(text);
  return word;
}

absl::StatusOr<Parser::Word> Parser::TakeQuoted() {
  Word word;
  word.at = at_++;
  std::vector<size_t> stars;  // where in the text one stands that is not escaped
  for (; Peek() != '"'; ++at_) {
    if (AtEnd()) return Error(word.at, "this quote is not closed");
    if (Peek() == '*') stars.push_back(word.text.size());
    if (Peek() == '\\') {
      ++at_;
      if (AtEnd()) return Error(word.at, "this quote is not closed");
      if (Peek() != '"' && Peek() != '\\' && Peek() != '*') {
        return Error(at_ - 1, "after a backslash comes \", \\ or *");
      }
    }
    word.text += Peek();
  }
  ++at_;
  if (!AtEnd() && !IsBlank(Peek()) && !IsParenthesis(Peek()) && !IsComparator(Peek())) {
    return Error(at_, "a blank is to follow the quote");
  }
  if (!stars.empty() && stars.back() + 1 == word.text.size()) {
    word.any_after = true;
    word.text.pop_back();
    stars.pop_back();
  }
  if (!stars.empty() && stars.front() == 0) {
    word.any_before = true;
    word.text.erase(0, 1);
    stars.erase(stars.begin());
  }
  word.star_within = !stars.empty();
  return word;
}

void Parser::SkipBlanks() {
  while (!AtEnd() && IsBlank(Peek())) ++at_;
}

std::string_view Parser::PeekName() const {
  size_t end = at_;
  if (!AtEnd() && IsNameStart(text_[end])) {
    while (end < text_.size() && IsName(text_[end])) ++end;
  }
  return text_.substr(at_, end - at_);
}

bool Parser::AtKeyword(std::string_view keyword) const {
  if (PeekName() != keyword) return false;
  const size_t end = at_ + keyword.size();
  return end == text_.size() || IsBlank(text_[end]) || IsParenthesis(text_[end]);
}

bool Parser::TakeKeyword(std::string_view keyword) {
  SkipBlanks();
  if (!AtKeyword(keyword)) return false;
  at_ += keyword.size();
  return true;
}

absl::Status Parser::Error(size_t at, std::string_view what) const {
  const auto characters = std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at),
                                        [](char c) { return !IsContinuation(c); });
  return absl::InvalidArgumentError(absl::StrCat("at character ", characters + 1, ": ", AbslView(what)));
}

std::string Parser::Fields() const {
  return absl::StrCat("; it can be filtered by ",
                      absl::StrJoin(schema_, ", ", [](std::string* out, const Field& field) {
                        absl::StrAppend(out, field.name, field.type == Type::kStringMap ? ".KEY" : "");
                      }));
}

}  // namespace warren::filter
