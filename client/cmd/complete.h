#ifndef WARREN_CLIENT_CMD_COMPLETE_H_
#define WARREN_CLIENT_CMD_COMPLETE_H_

// What may follow on a command line that is being typed: commands, options and their values from the command tree;
// hosts, namespaces, interfaces and intents from the server. One thread.

#include <functional>
#include <string>
#include <vector>

#include "client/cmd/tree.h"
#include "client/cmd/typed_line.h"

namespace warren::cli {

// Where names come from; each may return none. beginning: only names with it are wanted.
struct NameSource {
  std::function<std::vector<std::string>(const std::string& beginning)> hosts;
  std::function<std::vector<std::string>(const std::string& host, const std::string& beginning)> namespaces;
  std::function<std::vector<std::string>(const std::string& host, const std::string& netns)> interfaces;
  std::function<std::vector<std::string>(const std::string& host)> intents;
};

// The whole words that the current one may become, in order, each once. One that ends with "/" or ":" is not over yet.
std::vector<std::string> Completions(const Tree& tree, const TypedLine& line, const NameSource& names);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_COMPLETE_H_
