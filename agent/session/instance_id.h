#ifndef WARREN_AGENT_SESSION_INSTANCE_ID_H_
#define WARREN_AGENT_SESSION_INSTANCE_ID_H_

#include <string>

#include "absl/status/statusor.h"

namespace warren::session {

// The UUID of this installation, STATE_DIR/instance_id, made (with the directory) when it is not there. It tells the
// server this agent back again from another one that claims its host. DATA_LOSS when the file holds something else;
// otherwise what the system says.
absl::StatusOr<std::string> InstanceId(const std::string& state_dir);

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_INSTANCE_ID_H_
