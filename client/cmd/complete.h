#ifndef WARREN_CLIENT_CMD_COMPLETE_H_
#define WARREN_CLIENT_CMD_COMPLETE_H_

// What may follow on a command line that is being typed: commands, options and their values from the command tree;
// hosts, namespaces, interfaces and intents from the server. One thread.

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "client/cmd/tree.h"

namespace warren::cli {

// Where names come from; each may return none. beginning: only names with it are wanted.
struct NameSource {
  std::function<std::vector<std::string>(const std::string& beginning)> hosts;
  std::function<std::vector<std::string>(const std::string& host, const std::string& beginning)> namespaces;
  std::function<std::vector<std::string>(const std::string& host, const std::string& netns)> interfaces;
  std::function<std::vector<std::string>(const std::string& host)> intents;
};

// A line as far as it has been typed.
struct TypedLine {
  const CLI::App* app = nullptr;               // the innermost command
  const CLI::Option* pending = nullptr;        // the option whose value comes next
  std::vector<std::string> words;              // behind the command, without options
  std::map<std::string, std::string> options;  // values by long name
  std::string current;                         // the word being typed, perhaps empty
};
TypedLine ReadTyped(const CLI::App& root, const std::vector<std::string>& words);

// The whole words that the current one may become, in order, each once. One that ends with "/" or ":" is not over yet.
std::vector<std::string> Completions(const Tree& tree, const TypedLine& line, const NameSource& names);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_COMPLETE_H_
