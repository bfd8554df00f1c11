#ifndef WARREN_AGENT_EXECUTOR_FOLDERS_H_
#define WARREN_AGENT_EXECUTOR_FOLDERS_H_

#include <string>

#include "absl/status/status.h"

namespace warren::executor {

// Makes the directories that an executor works in, RUN_DIR/parked for the owner alone. FAILED_PRECONDITION, naming the
// directory, where that cannot be.
absl::Status MakeFolders(const std::string& state_dir, const std::string& run_dir);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_FOLDERS_H_
