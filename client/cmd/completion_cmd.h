#ifndef WARREN_CLIENT_CMD_COMPLETION_CMD_H_
#define WARREN_CLIENT_CMD_COMPLETION_CMD_H_

// `warren completion SHELL`, which prints a script, and `warren __complete -- WORDS...`, which that script calls for
// each TAB: it prints what the last word may become, a line each, and nothing when anything is wrong. One thread.

#include <string>
#include <vector>

#include "client/cmd/context.h"
#include "client/cmd/tree.h"

namespace warren::cli {

// What the command line calls the latter.
inline constexpr char kCompleteWord[] = "__complete";

void AddCompletionCommands(Tree& tree);

// Asks the server that the line, the environment or --config names, for half a second at most.
int PrintCompletions(Tree& tree, CLI::App& app, GlobalOptions& options, const std::vector<std::string>& words,
                     Streams& streams, const client::RetryOptions& retry);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_COMPLETION_CMD_H_
