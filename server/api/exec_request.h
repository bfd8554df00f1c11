#ifndef WARREN_SERVER_API_EXEC_REQUEST_H_
#define WARREN_SERVER_API_EXEC_REQUEST_H_

// Looks requests of Exec over and makes of each what the agent is sent first. Pure; thread-safe. Cost: a copy of the
// command's arguments.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/common/names.h"
#include "warren/v1/exec.pb.h"

namespace warren::api {

struct ExecRequest {
  ChildName name;                  // of the namespace
  std::vector<std::string> first;  // serialized v1::SessionRequests: start, and for Run standard input and its end
};

// Of the first message of a session, and of Run; fields that this server does not know are left out, for nobody has
// looked them over. INVALID_ARGUMENT: every bad field is named.
absl::StatusOr<ExecRequest> CheckSession(v1::SessionRequest first);
absl::StatusOr<ExecRequest> CheckRun(const v1::RunRequest& request);

// What RunRequest.max_output_bytes comes to.
size_t OutputLimit(const v1::RunRequest& request);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_EXEC_REQUEST_H_
