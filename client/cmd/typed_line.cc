#include "client/cmd/typed_line.h"

namespace warren::cli {
namespace {

bool TakesValue(const CLI::Option* option) { return option->get_items_expected_max() > 0; }

const CLI::App* FindCommand(const CLI::App* parent, const std::string& word) {
  for (const CLI::App* child : parent->get_subcommands([](const CLI::App*) { return true; })) {
    if (child->check_name(word)) return child;
  }
  return nullptr;
}

// Takes word after word.
class Reader {
 public:
  explicit Reader(const Tree& tree) : tree_(tree) { line_.app = &tree.root(); }

  // False: the word is no longer warren's. That it is "--" is up to the caller.
  bool Take(const std::string& word) {
    const bool runs = tree_.RunsCommand(line_.app);
    if (line_.pending != nullptr) {
      line_.options[line_.pending->get_single_name()] = word;
      line_.pending = nullptr;
    } else if (runs && word == "--") {
      return false;
    } else if (word.size() > 1 && word[0] == '-') {
      TakeOption(word);
    } else if (const CLI::App* command = line_.words.empty() ? FindCommand(line_.app, word) : nullptr) {
      line_.app = command;
    } else if (IsGroup(line_.app)) {
      Unknown(word);
      line_.words.push_back(word);
    } else if (runs && !line_.words.empty()) {
      return false;
    } else {
      line_.words.push_back(word);
    }
    return true;
  }

  TypedLine& line() { return line_; }
  const CLI::App* unknown_in() const { return unknown_in_; }
  const std::string& unknown() const { return unknown_; }

 private:
  static bool IsGroup(const CLI::App* app) {
    return !app->get_subcommands([](const CLI::App*) { return true; }).empty();
  }
  void Unknown(const std::string& word) {
    if (unknown_in_ != nullptr) return;
    unknown_in_ = line_.app;
    unknown_ = word;
  }

  void TakeOption(const std::string& word) {
    const size_t equals = word.find('=');
    if (word[1] != '-') return TakeLetters(word);
    const CLI::Option* option = FindOption(line_.app, word.substr(0, equals));
    if (option == nullptr && IsGroup(line_.app)) Unknown(word);
    if (option == nullptr || !TakesValue(option)) return;
    if (equals == std::string::npos) {
      line_.pending = option;
    } else {
      line_.options[option->get_single_name()] = word.substr(equals + 1);
    }
  }

  // "-it", "-o", "-ojson"
  void TakeLetters(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      const CLI::Option* option = FindOption(line_.app, {'-', word[i]});
      if (option == nullptr && IsGroup(line_.app)) Unknown(word);
      if (option == nullptr || !TakesValue(option)) continue;
      if (i + 1 == word.size()) {
        line_.pending = option;
      } else {
        line_.options[option->get_single_name()] = word.substr(i + 1);
      }
      return;
    }
  }

  const Tree& tree_;
  TypedLine line_;
  const CLI::App* unknown_in_ = nullptr;
  std::string unknown_;
};

}  // namespace

// Of the command and of those around it, whose options may stand anywhere.
std::vector<const CLI::Option*> OptionsOf(const CLI::App* app) {
  std::vector<const CLI::Option*> options;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      if (option->nonpositional()) options.push_back(option);
    }
  }
  return options;
}

const CLI::Option* FindOption(const CLI::App* app, const std::string& name) {
  for (const CLI::Option* option : OptionsOf(app)) {
    if (option->check_name(name)) return option;
  }
  return nullptr;
}

TypedLine ReadTyped(const Tree& tree, const std::vector<std::string>& words) {
  Reader reader(tree);
  for (size_t i = 0; i + 1 < words.size() && !reader.line().over; ++i) reader.line().over = !reader.Take(words[i]);
  if (!words.empty()) reader.line().current = words.back();
  return reader.line();
}

SplitLine SplitCommand(const Tree& tree, const std::vector<std::string>& words) {
  Reader reader(tree);
  auto end = words.begin();
  while (end != words.end() && reader.Take(*end)) ++end;
  SplitLine split;
  split.own.assign(words.begin(), end);
  if (end != words.end() && *end == "--") ++end;
  split.command.assign(end, words.end());
  split.group = reader.unknown_in();
  split.unknown = reader.unknown();
  return split;
}

}  // namespace warren::cli
