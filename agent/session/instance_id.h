#ifndef WARREN_AGENT_SESSION_INSTANCE_ID_H_
#define WARREN_AGENT_SESSION_INSTANCE_ID_H_

#include <string>

#include "absl/status/statusor.h"

namespace warren::session {

// The UUID of this installation, STATE_DIR/instance_id, made when it is not there; the directory is. It tells the
// server this agent from another one that claims its host, so that whoever knows it can take the agent's place: it is
// told to the server and to nobody else, and is in no log, name or error. DATA_LOSS when the file holds something else;
// otherwise what the system says.
absl::StatusOr<std::string> InstanceId(const std::string& state_dir);

// Tells this agent from others on the machine, for names that everybody may see: one has the state directory at a time.
// Eight hexadecimal digits; the same after a restart.
absl::StatusOr<std::string> MarkOf(const std::string& state_dir);

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_INSTANCE_ID_H_
