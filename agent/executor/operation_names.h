#ifndef WARREN_AGENT_EXECUTOR_OPERATION_NAMES_H_
#define WARREN_AGENT_EXECUTOR_OPERATION_NAMES_H_

// The names of links in operations. The API's are escaped (proto/common/names.h), and what works with the kernel needs
// those that the kernel knows: they are changed once, when an intent comes, so that nothing behind it can meet both.
// Namespaces keep the API's names: Places opens them by those. Thread-safe.

#include <optional>

#include "absl/status/status.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/operations.pb.h"

namespace warren::executor {

// INVALID_ARGUMENT for a name with a "=" that stands for no link, or that a link is to get.
absl::Status UnescapeLinks(v1::Operation& operation);
// Of all operations; the first that cannot be is what the intent fails with, before anything of it is begun.
std::optional<v1::OperationError> UnescapeLinks(v1::IntentDelivery& intent);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_OPERATION_NAMES_H_
