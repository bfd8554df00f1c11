#include "client/cmd/complete.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace warren::cli {
namespace {

// The values that a check allows, "a" and "b" of "TEXT:{a,b}".
std::vector<std::string> ValuesOf(const CLI::Option* option) {
  const std::string type = option->get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return absl::StrSplit(type.substr(open + 1, close - open - 1), ',', absl::SkipEmpty());
}

bool IsKeyword(const std::string& token) {
  return token.size() > 1 &&
         std::all_of(token.begin(), token.end(), [](char c) { return std::islower(c) != 0 || c == '_'; });
}

// "HOST/NS:IF", "up", "|"... of a verb's form. A part in brackets stays with its word: "HOST/NS[:IF]".
std::vector<std::string> TokensOf(const std::string& form) {
  std::vector<std::string> tokens;
  for (const auto piece : absl::StrSplit(form, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    std::string token(piece);
    std::erase_if(token, [](char c) { return c == '[' || c == ']' || c == '{' || c == '}' || c == '.'; });
    const std::vector<std::string> either = absl::StrSplit(token, '|');
    for (size_t i = 0; i < either.size(); ++i) {
      if (i > 0) tokens.push_back("|");
      if (!either[i].empty()) tokens.push_back(either[i]);
    }
  }
  return tokens;
}

class Completer {
 public:
  Completer(const TypedLine& line, const NameSource& names, std::vector<std::string> tokens)
      : line_(line), names_(names), tokens_(std::move(tokens)) {
    std::erase_if(tokens_, [](const std::string& token) { return token.substr(0, 1) == "-"; });
  }

  std::vector<std::string> Word() {
    const bool in_words = std::any_of(tokens_.begin(), tokens_.end(), IsKeyword);
    if (!in_words) {
      if (line_.words.size() < tokens_.size()) Kind(tokens_[line_.words.size()]);
      return found_;
    }
    if (!line_.words.empty() && IsKeyword(line_.words.back())) {
      if (const std::string value = ValueOf(line_.words.back()); !value.empty()) {
        Kind(value);
        return found_;
      }
    }
    std::set<std::string> kinds;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (IsKeyword(tokens_[i])) found_.push_back(tokens_[i]);
      if (absl::StartsWith(tokens_[i], "HOST")) kinds.insert(tokens_[i]);
    }
    for (const std::string& kind : kinds) Kind(kind);
    return found_;
  }

 private:
  // What follows a keyword, "N" of "mtu N"; empty: nothing does.
  std::string ValueOf(const std::string& keyword) const {
    for (size_t i = 0; i + 1 < tokens_.size(); ++i) {
      if (tokens_[i] == keyword && std::isupper(static_cast<unsigned char>(tokens_[i + 1][0])) != 0) {
        return tokens_[i + 1];
      }
    }
    return "";
  }

  void Kind(const std::string& token) {
    if (absl::StartsWith(token, "HOST/ID")) {
      Intents();
    } else if (absl::StartsWith(token, "HOST/NS")) {
      Places(absl::StrContains(token, ":"));
    } else if (absl::StartsWith(token, "HOST")) {
      Hosts("", absl::StrContains(token, ","));
    } else if (token == "NS" || absl::StartsWith(token, "NS:")) {
      for (const std::string& netns : names_.namespaces(FirstHost(), line_.current)) found_.push_back(netns);
    } else if (token == "IF" || token == "BRIDGE") {
      const std::string netns = FirstNetns();
      if (netns.empty()) return;
      for (const std::string& name : names_.interfaces(FirstHost(), netns)) found_.push_back(name);
    }
  }

  void Hosts(const std::string& end, bool several) {
    const size_t comma = several ? line_.current.rfind(',') : std::string::npos;
    const std::string before = comma == std::string::npos ? "" : line_.current.substr(0, comma + 1);
    for (const std::string& host : names_.hosts(line_.current.substr(before.size()))) {
      found_.push_back(absl::StrCat(before, host, end));
    }
  }

  void Places(bool links) {
    const std::string& word = line_.current;
    const size_t slash = word.find('/');
    if (slash == std::string::npos) return Hosts("/", false);
    const std::string host = word.substr(0, slash);
    const size_t colon = word.rfind(':');
    if (links && colon != std::string::npos && colon > slash) {
      const std::string netns = word.substr(slash + 1, colon - slash - 1);
      for (const std::string& name : names_.interfaces(host, netns)) {
        found_.push_back(absl::StrCat(host, "/", netns, ":", name));
      }
      return;
    }
    for (const std::string& netns : names_.namespaces(host, word.substr(slash + 1))) {
      found_.push_back(absl::StrCat(host, "/", netns));
      if (links) found_.push_back(absl::StrCat(host, "/", netns, ":"));
    }
  }

  void Intents() {
    const size_t slash = line_.current.find('/');
    if (slash == std::string::npos) return Hosts("/", false);
    const std::string host = line_.current.substr(0, slash);
    for (const std::string& id : names_.intents(host)) found_.push_back(absl::StrCat(host, "/", id));
  }

  // The first word that is a place says which host the line is about.
  std::string FirstPlace() const {
    for (const std::string& word : line_.words) {
      if (absl::StrContains(word, "/")) return word;
    }
    return "";
  }
  std::string FirstHost() const { return FirstPlace().substr(0, FirstPlace().find('/')); }
  std::string FirstNetns() const {
    const std::string place = FirstPlace();
    if (place.empty()) return "";
    const size_t slash = place.find('/');
    const size_t colon = place.rfind(':');
    return place.substr(slash + 1, colon == std::string::npos || colon < slash ? colon : colon - slash - 1);
  }

  const TypedLine& line_;
  const NameSource& names_;
  std::vector<std::string> tokens_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> Completions(const Tree& tree, const TypedLine& line, const NameSource& names) {
  std::vector<std::string> all;
  const std::string& current = line.current;
  const std::vector<const CLI::App*> commands = line.app->get_subcommands([](const CLI::App*) { return true; });
  const size_t equals = current.find('=');
  if (line.over) return {};
  if (line.pending != nullptr) {
    all = ValuesOf(line.pending);
  } else if (current.substr(0, 1) == "-" && equals != std::string::npos) {
    if (const CLI::Option* option = FindOption(line.app, current.substr(0, equals))) {
      for (const std::string& value : ValuesOf(option)) all.push_back(current.substr(0, equals + 1) + value);
    }
  } else if (current.substr(0, 1) == "-") {
    for (const CLI::Option* option : OptionsOf(line.app)) {
      for (const std::string& name : option->get_lnames()) all.push_back("--" + name);
    }
  } else if (!commands.empty()) {
    if (line.words.empty()) {
      for (const CLI::App* command : commands) all.push_back(command->get_name());
    }
  } else {
    all = Completer(line, names, TokensOf(tree.Form(line.app))).Word();
  }
  std::set<std::string> fit;
  for (const std::string& word : all) {
    if (absl::StartsWith(word, current)) fit.insert(word);
  }
  return {fit.begin(), fit.end()};
}

}  // namespace warren::cli
