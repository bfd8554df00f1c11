#ifndef WARREN_AGENT_NSEXEC_FAILURE_H_
#define WARREN_AGENT_NSEXEC_FAILURE_H_

#include <optional>
#include <string>

#include "agent/nsexec/wire.h"

namespace warren::nsexec {

// Why a command could not be started. (No absl::Status: this program is to start in a millisecond.)
struct Failure {
  Step step = Step::kOrder;
  int error = 0;      // errno
  std::string about;  // of what: a path, a name
};
using Result = std::optional<Failure>;  // none: done

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_FAILURE_H_
