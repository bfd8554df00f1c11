#ifndef WARREN_AGENT_EXEC_EXPLAIN_H_
#define WARREN_AGENT_EXEC_EXPLAIN_H_

// What kept a command from running, and how it ended, in the API's words. Pure; thread-safe.

#include <string>

#include "absl/status/status.h"
#include "agent/nsexec/wire.h"
#include "warren/v1/exec.pb.h"

namespace warren::exec {

// Of an event kFailed: codes and reasons as proto/warren/v1/exec.proto has them.
absl::Status ExplainFailure(const nsexec::Event& event);

// Of the kernel's refusal to open a namespace by its name. NOT_FOUND (NAMESPACE_NOT_FOUND), FAILED_PRECONDITION.
absl::Status ExplainNoNamespace(const std::string& netns, const absl::Status& status);

// Of a status as wait(2) has it.
v1::ExitStatus ToExitStatus(int status);

// The number of "INT" or "SIGINT"; 0: there is no such signal.
int SignalNumber(const std::string& name);

}  // namespace warren::exec

#endif  // WARREN_AGENT_EXEC_EXPLAIN_H_
