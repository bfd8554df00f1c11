#include "server/gateway/json_syntax.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/common/json_escape.h"
#include "proto/common/utf8.h"

namespace warren::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

const FieldDescriptor* FieldOf(const Descriptor& message, const std::string& name) {
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->json_name() == name) return message.field(i);
  }
  return message.FindFieldByName(name);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Scanner {
 public:
  Scanner(std::string_view text, const JsonRules& rules)
      : text_(text), left_(rules.max_values), expected_{rules.message, rules.field, false} {}

  absl::Status Run() {
    if (!IsUtf8(text_)) return absl::InvalidArgumentError("the body is not UTF-8");
    Space();
    if (!Value()) return Error();
    Space();
    if (at_ < text_.size()) {
      Fail("nothing is expected after the value");
      return Error();
    }
    return absl::OkStatus();
  }

 private:
  // What a value is to be: a message, or what stands for a field, or for one element of it; neither: anything.
  struct Expected {
    const Descriptor* message = nullptr;
    const FieldDescriptor* field = nullptr;
    bool element = false;
  };
  struct Level {
    bool is_object = false;
    size_t index = 0;                  // of an array's element
    std::string name;                  // of an object's member
    const Descriptor* type = nullptr;  // of an object: the message whose fields it has; null: any names
    Expected each;                     // of an array, or a map: of every value in it
    absl::flat_hash_set<std::string> names;
  };

  // What the names in the value are, and the values. Protobuf's own types have a JSON of their own.
  void Expect(Level& level) const {
    const FieldDescriptor* field = expected_.field;
    const Descriptor* message = field != nullptr ? field->message_type() : expected_.message;
    if (!level.is_object) {
      if (field != nullptr && field->is_repeated() && !field->is_map()) level.each = {nullptr, field, true};
    } else if (field != nullptr && field->is_map()) {
      level.each = {nullptr, message->map_value(), true};
    } else if (message != nullptr && message->file()->package() != "google.protobuf") {
      level.type = message;
    }
  }

  // Whether a value of that field may begin so.
  bool MayBegin(char c) {
    const FieldDescriptor* field = expected_.field;
    if (field == nullptr || c == 'n') return true;
    if (field->is_repeated() && !field->is_map() && !expected_.element) return c == '[' || Fail("a list is expected");
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_BOOL) return true;
    return c == 't' || c == 'f' || Fail("true or false is expected");
  }

  // The first one counts. Always false.
  bool Fail(std::string what) {
    if (what_.empty()) what_ = std::move(what);
    return false;
  }

  absl::Status Error() const {
    const std::string_view before = text_.substr(0, at_);
    const size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
    const size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    std::string where;
    for (const Level& level : levels_) {
      if (!level.is_object) {
        absl::StrAppend(&where, "[", level.index, "]");
      } else if (!level.name.empty()) {
        absl::StrAppend(&where, where.empty() ? "" : ".", absl::Utf8SafeCHexEscape(level.name));
      }
    }
    return absl::InvalidArgumentError(
        absl::StrCat("line ", line, ", column ", at_ - begin + 1, where.empty() ? "" : ", in ", where, ": ", what_));
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void Space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool Value() {
    if (left_-- == 0) return Fail("there are too many values; send them in several requests");
    if (!MayBegin(Peek())) return false;
    switch (Peek()) {
      case '{':
        return Nested(true);
      case '[':
        return Nested(false);
      case '"':
        return String(nullptr);
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return Fail("a value is expected");
    at_ += word.size();
    return true;
  }

  bool Digits() {
    const size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    return at_ > begin;
  }

  bool Number() {
    const bool minus = Take('-');
    if (!IsDigit(Peek())) return Fail(minus ? "a digit is expected" : "a value is expected");
    if (!Take('0')) {
      Digits();
    } else if (IsDigit(Peek())) {
      return Fail("a number does not begin with 0");
    }
    if (Take('.') && !Digits()) return Fail("a digit is expected");
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (!Take('+')) Take('-');
      if (!Digits()) return Fail("a digit is expected");
    }
    return true;
  }

  bool String(std::string* out) {
    const size_t begin = at_++;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (out != nullptr) *out = Unescaped(text_.substr(begin + 1, at_ - begin - 2));
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return Fail("a control character in a string is to be escaped");
      ++at_;
      if (c == '\\' && !Escape()) return false;
    }
    at_ = begin;
    return Fail("this string has no end");
  }

  // Two names that differ in their escapes alone are one. Half of a surrogate pair is written as UTF-8 would have it,
  // which no other text is.
  static std::string Unescaped(std::string_view text) {
    if (text.find('\\') == std::string_view::npos) return std::string(text);
    std::string plain;
    for (size_t i = 0; i < text.size();) {
      if (text[i] != '\\') {
        plain += text[i++];
      } else if (const auto escape = JsonEscapeAt(text, i)) {
        AppendUtf8(escape->character, plain);
        i += escape->length;
      } else {
        constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
        const size_t which = kFrom.find(text[i + 1]);
        plain += which == std::string_view::npos ? text[i + 1] : kTo[which];
        i += 2;
      }
    }
    return plain;
  }

  bool Escape() {
    const char c = Peek();
    if (c != 'u') {
      if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
        return Fail("there is no such escape");
      }
      ++at_;
      return true;
    }
    ++at_;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == text_.size() || !absl::ascii_isxdigit(static_cast<unsigned char>(text_[at_]))) {
        return Fail("four hex digits are expected");
      }
    }
    return true;
  }

  bool Nested(bool is_object) {
    if (levels_.size() == kMaxJsonDepth) return Fail(absl::StrCat("nested more than ", kMaxJsonDepth, " deep"));
    const char end = is_object ? '}' : ']';
    ++at_;
    levels_.emplace_back().is_object = is_object;
    Expect(levels_.back());
    Space();
    if (!Take(end)) {
      while (true) {
        expected_ = levels_.back().each;
        if (is_object && !Name()) return false;
        if (!Value()) return false;
        Space();
        if (Take(end)) break;
        if (!Take(',')) return Fail(is_object ? "\",\" or \"}\" is expected" : "\",\" or \"]\" is expected");
        Space();
        ++levels_.back().index;
      }
    }
    levels_.pop_back();
    return true;
  }

  bool Name() {
    Level& level = levels_.back();
    level.name.clear();
    if (Peek() != '"') return Fail("a name in double quotes is expected");
    const size_t begin = at_;
    std::string name;
    if (!String(&name)) return false;
    const FieldDescriptor* field = nullptr;
    if (level.type != nullptr) {
      field = FieldOf(*level.type, name);
      if (field == nullptr) {
        at_ = begin;
        return Fail(absl::StrCat(level.type->full_name(), " has no field \"", absl::Utf8SafeCHexEscape(name), "\""));
      }
      expected_ = {nullptr, field, false};
    }
    // A field has two names.
    if (!level.names.insert(field != nullptr ? field->name() : name).second) {
      at_ = begin;
      return Fail(absl::StrCat("\"", absl::Utf8SafeCHexEscape(name), "\" comes twice"));
    }
    level.name = std::move(name);
    Space();
    if (!Take(':')) return Fail("\":\" is expected");
    Space();
    return true;
  }

  const std::string_view text_;
  size_t left_;        // values that may come
  Expected expected_;  // of the next
  size_t at_ = 0;
  std::vector<Level> levels_;
  std::string what_;
};

}  // namespace

absl::Status CheckJson(std::string_view text, const JsonRules& rules) { return Scanner(text, rules).Run(); }

}  // namespace warren::gateway
