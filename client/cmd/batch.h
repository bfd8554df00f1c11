#ifndef WARREN_CLIENT_CMD_BATCH_H_
#define WARREN_CLIENT_CMD_BATCH_H_

// Many intents at once: submitted in one commit, awaited together, reported each. One thread.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"
#include "client/cmd/advice.h"
#include "client/cmd/context.h"
#include "client/intent_file/intent_file.h"

namespace warren::cli {

// "h1,h2"; empty: none. INVALID_ARGUMENT: one is no host, or given twice.
absl::StatusOr<std::vector<std::string>> ParseHosts(const std::string& text);

// What a file asks of which hosts: each document of the host it names, or of every one of hosts. INVALID_ARGUMENT: a
// document has none, or one while there are others.
absl::StatusOr<std::vector<Change>> ChangesFor(const std::vector<std::string>& hosts, std::vector<FileIntent> intents);

// As SubmitChange: all are accepted or none. kExitFailed: one of them did not succeed.
int SubmitBatch(Context& context, const std::string& command, const std::vector<Change>& changes, Typed typed);

// The request id of a host's n-th intent of a batch: ids are scoped to the host, so that those of different hosts are
// the same, and the whole batch can be sent again from one id.
std::string BatchRequestId(const std::string& first, size_t n);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_BATCH_H_
