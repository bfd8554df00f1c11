#ifndef WARREN_AGENT_EXECUTOR_EXPLAIN_H_
#define WARREN_AGENT_EXECUTOR_EXPLAIN_H_

// A refusal as the client gets it: what failed, on which object, the kernel's reason, what to do: by the kernel's own
// explanation where it gave one, otherwise by the errno and the kind of operation. Thread-safe.

#include <string>

#include "absl/status/status.h"
#include "warren/v1/intents.pb.h"

namespace warren::executor {

// What the operation said already is not advised to it.
struct Said {
  bool allow_existing = false, allow_missing = false, onlink = false;
};
Said SaidIn(const v1::Operation& operation);

// A step of an operation failed that is an operation of another kind by itself: the advice is that kind's. The
// addresses of a new link, for one, are not refused for the reasons that a link is.
absl::Status FailedAs(const std::string& kind, absl::Status status);

v1::OperationError Explain(int index, const std::string& kind, const std::string& object, const absl::Status& status,
                           const Said& said = {});

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_EXPLAIN_H_
