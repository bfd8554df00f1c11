#include "tests/support/json.h"

#include <ctype.h>

#include <algorithm>
#include <stdexcept>

namespace warren {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Json Whole() {
    Json value = Value();
    Blanks();
    if (!rest_.empty()) Bad();
    return value;
  }

 private:
  [[noreturn]] void Bad() const { throw std::invalid_argument("no JSON at: " + std::string(rest_.substr(0, 80))); }

  void Blanks() {
    while (!rest_.empty() && isspace(static_cast<unsigned char>(rest_[0]))) rest_.remove_prefix(1);
  }
  bool Take(char letter) {
    Blanks();
    if (rest_.empty() || rest_[0] != letter) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Expect(char letter) {
    if (!Take(letter)) Bad();
  }

  std::string String() {
    Expect('"');
    std::string text;
    while (!rest_.empty() && rest_[0] != '"') {
      // Escapes stay as they are written: what is compared is written by the same hand.
      const size_t length = rest_[0] == '\\' ? 2 : 1;
      text += rest_.substr(0, length);
      rest_.remove_prefix(std::min(length, rest_.size()));
    }
    Expect('"');
    return text;
  }

  Json Value() {
    Json value;
    if (Take('{')) {
      value.kind = Json::Kind::kObject;
      if (Take('}')) return value;
      do {
        Blanks();
        const std::string key = String();
        Expect(':');
        value.fields[key] = Value();
      } while (Take(','));
      Expect('}');
    } else if (Take('[')) {
      value.kind = Json::Kind::kList;
      if (Take(']')) return value;
      do value.list.push_back(Value());
      while (Take(','));
      Expect(']');
    } else if (Blanks(); !rest_.empty() && rest_[0] == '"') {
      value.kind = Json::Kind::kString;
      value.text = String();
    } else {
      const size_t length = std::min(rest_.find_first_of(",]} \n\t\r"), rest_.size());
      value.text = rest_.substr(0, length);
      if (length == 0) Bad();
      rest_.remove_prefix(length);
      const bool truth = value.text == "true" || value.text == "false";
      if (value.text == "null") {
        value.text.clear();
      } else if (truth || isdigit(static_cast<unsigned char>(value.text[0])) || value.text[0] == '-') {
        value.kind = truth ? Json::Kind::kBool : Json::Kind::kNumber;
      } else {
        Bad();
      }
    }
    return value;
  }

  std::string_view rest_;
};

}  // namespace

std::string Json::Field(const std::string& key) const {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second.ToString();
}

std::string Json::ToString() const {
  if (kind == Kind::kList) {
    std::string all;
    for (const Json& item : list) all += (all.empty() ? "" : ",") + item.ToString();
    return "[" + all + "]";
  }
  if (kind == Kind::kObject) {
    std::string all;
    for (const auto& [key, value] : fields) all += (all.empty() ? "" : " ") + key + "=" + value.ToString();
    return "{" + all + "}";
  }
  return kind == Kind::kNull ? "null" : text;
}

Json ParseJson(std::string_view text) { return Parser(text).Whole(); }

}  // namespace warren
