#ifndef WARREN_CLIENT_CMD_WORDS_VERB_H_
#define WARREN_CLIENT_CMD_WORDS_VERB_H_

// A verb that changes something, in iproute2's words and a few flags: `addr add`, `route delete`, `link set`... One
// thread.

#include <memory>
#include <string>
#include <vector>

#include "client/cmd/tree.h"

namespace warren::cli {

// parse: words and flags -> what is asked. options adds the flags to the verb.
template <typename Flags>
void AddWordsVerb(Tree& tree, CLI::App* group, const Tree::Verb& verb,
                  absl::StatusOr<Change> (*parse)(const std::vector<std::string>& words, const Flags& flags),
                  void (*options)(CLI::App* app, Flags& flags)) {
  auto words = std::make_shared<std::vector<std::string>>();
  auto flags = std::make_shared<Flags>();
  CLI::App* app = tree.AddChange(group, verb, [words, flags, parse] { return parse(*words, *flags); });
  app->add_option("words", *words);
  options(app, *flags);
}

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_WORDS_VERB_H_
