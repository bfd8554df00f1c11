#ifndef WARREN_CLIENT_CMD_TYPED_LINE_H_
#define WARREN_CLIENT_CMD_TYPED_LINE_H_

// What the words of a command line are, before CLI11 reads them or while they are still being typed: commands, options
// with their values, and where the words of a command to run begin. One thread.

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "client/cmd/tree.h"

namespace warren::cli {

// A line as far as it has been typed.
struct TypedLine {
  const CLI::App* app = nullptr;               // the innermost command
  const CLI::Option* pending = nullptr;        // the option whose value comes next
  std::vector<std::string> words;              // behind the command, without options
  std::map<std::string, std::string> options;  // values by long name
  bool over = false;                           // what is typed now is no longer warren's, but a command's to run
  std::string current;                         // the word being typed, perhaps empty
};
TypedLine ReadTyped(const Tree& tree, const std::vector<std::string>& words);

// Of the command and of those around it, whose options may stand anywhere.
std::vector<const CLI::Option*> OptionsOf(const CLI::App* app);
// Null: there is none of that name, "--user" or "-u".
const CLI::Option* FindOption(const CLI::App* app, const std::string& name);

// Splits the line of a verb that runs a command: it begins behind the first "--", or else with the first word behind
// the place where it is to run. Whatever stands in it is the command's. Other lines are warren's own.
struct SplitLine {
  std::vector<std::string> own;
  std::vector<std::string> command;
  // The first word that is neither a command of its group nor an option, where a command had to come: CLI11 would go on
  // to the next. Null: there is none.
  const CLI::App* group = nullptr;
  std::string unknown;
};
SplitLine SplitCommand(const Tree& tree, const std::vector<std::string>& words);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_TYPED_LINE_H_
