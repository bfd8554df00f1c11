#ifndef WARREN_PROTO_COMMON_PRIVATE_DIR_H_
#define WARREN_PROTO_COMMON_PRIVATE_DIR_H_

// A directory that only its owner may look into. What lies in Warren's says who an agent is, what is to be undone as
// root, and what a server was told: whoever reads it can take an agent's place, and whoever writes into it is root.
//
// At start-up, before other threads. Cost: one pass over the directory.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren {

// Makes the directory (mode 0700; those above it 0755) where it is not there. One that is there becomes 0700 and the
// plain files in it 0600; returns what has been changed, a line each ("/var/lib/warren/agent was 0755, is 0700 now").
//
// `own` are beginnings of the names of the program's own files. FAILED_PRECONDITION, and nothing is changed: the
// directory, or one of those files, or the symbolic link that leads to it, belongs to another user who is not root;
// others may have written into it (chmod go-rwx after a look); it is open to others, and holds something but nothing of
// the program's own, so that it is likely meant for something else. Otherwise what the system says.
absl::StatusOr<std::vector<std::string>> KeepPrivate(const std::string& path, const std::vector<std::string>& own);

// Makes an empty file (mode 0600) where there is none, for those who would make it with another.
absl::Status MakePrivateFile(const std::string& path);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_PRIVATE_DIR_H_
