#ifndef WARREN_AGENT_EXECUTOR_RECOVER_H_
#define WARREN_AGENT_EXECUTOR_RECOVER_H_

// After a crash: finishes what was committed, takes back what was not, sweeps what is left. On the executor's thread,
// before it takes anything.

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/executor/ownership_watch.h"
#include "agent/executor/places.h"
#include "agent/journal/journal.h"
#include "agent/kernel/event_socket.h"
#include "proto/common/logging.h"

namespace warren::executor {

// Afterwards the journal has nothing begun, and nothing is bound below the run directory but what cannot be given a
// name: a namespace that no committed intent deletes is never let go. An intent taken back leaves no trace, and is
// applied when it is delivered again; one that could not be taken back wholly is FAILED and says what is left.
absl::Status Recover(journal::Journal& journal, Places& places, const kernel::SharedEvents& events,
                     const std::string& run_dir, absl::Duration release_timeout, const Logger& logger);

// Forgets ownership of what others have deleted meanwhile, and of links that are not what was made (mark.h); or of what
// has gone with its namespace alone. While intents are under way it needs the watch.
absl::Status ForgetGone(journal::Journal& journal, Places& places, const std::string& run_dir, bool links,
                        OwnershipWatch* watch);
// The same as far as the watch cannot tell, and writes what it has told until now, in one write.
void ForgetDeleted(journal::Journal& journal, OwnershipWatch& watch, Places& places, const std::string& run_dir,
                   const Logger& logger);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_RECOVER_H_
