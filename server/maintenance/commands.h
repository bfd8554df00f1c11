#ifndef WARREN_SERVER_MAINTENANCE_COMMANDS_H_
#define WARREN_SERVER_MAINTENANCE_COMMANDS_H_

// warren-server backup, restore and check: what an operator does with a store besides running a server on it. Each is a
// command line of its own, with --help, examples and exit codes. For one thread, before any other was started.
//
// What a restore means for the hosts, and therefore belongs into its documentation: intents accepted after the backup
// are forgotten. What agents did for them stays done, and is seen in the inventory; the results that agents still send
// for them are acknowledged and ignored. An intent that had not finished when the backup was made is handed out again,
// and an agent that has been told that its result was kept applies it a second time: creations fail then with "exists",
// unless allow_existing, and deletions with "does not exist", unless allow_missing. Request ids of what was forgotten
// are forgotten too, so that a controller that repeats its requests gets new intents. Watches end with OUT_OF_RANGE and
// begin anew.

#include <optional>

namespace warren::maintenance {

// The exit code, if the first argument names one of them; nothing: run the server.
std::optional<int> RunCommand(int argc, const char* const* argv);

}  // namespace warren::maintenance

#endif  // WARREN_SERVER_MAINTENANCE_COMMANDS_H_
