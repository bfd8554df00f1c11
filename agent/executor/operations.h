#ifndef WARREN_AGENT_EXECUTOR_OPERATIONS_H_
#define WARREN_AGENT_EXECUTOR_OPERATIONS_H_

// One operation after the other, as operations.proto describes them: look, refuse, write the step, change. Each leaves
// the kernel either changed as asked, or to be put right by undoing the steps it wrote. Refusals are the kernel's own
// wherever the kernel has one (agent/kernel/error.h); what Warren refuses by itself is ALREADY_EXISTS or
// FAILED_PRECONDITION without an errno. Belongs to the executor's thread.

#include <string>

#include "absl/status/status.h"
#include "agent/executor/transaction.h"
#include "warren/v1/operations.pb.h"

namespace warren::executor {

// "create_veth": the field of v1::Operation that is set; empty: none is.
std::string KindOf(const v1::Operation& operation);

absl::Status Apply(Transaction& tx, const v1::Operation& operation);

absl::Status Apply(Transaction& tx, const v1::CreateNamespace& operation);
absl::Status Apply(Transaction& tx, const v1::DeleteNamespace& operation);
absl::Status Apply(Transaction& tx, const v1::CreateVeth& operation);
absl::Status Apply(Transaction& tx, const v1::MoveLink& operation);
absl::Status Apply(Transaction& tx, const v1::DeleteLink& operation);
absl::Status Apply(Transaction& tx, const v1::SetLink& operation);
absl::Status Apply(Transaction& tx, const v1::AddAddress& operation);
absl::Status Apply(Transaction& tx, const v1::DeleteAddress& operation);
absl::Status Apply(Transaction& tx, const v1::AddRoute& operation);
absl::Status Apply(Transaction& tx, const v1::DeleteRoute& operation);
absl::Status Apply(Transaction& tx, const v1::CreateBridge& operation);
absl::Status Apply(Transaction& tx, const v1::DeleteBridge& operation);
absl::Status Apply(Transaction& tx, const v1::AttachLink& operation);
absl::Status Apply(Transaction& tx, const v1::DetachLink& operation);

// FAILED_PRECONDITION when a link, deleted without force, would take something along: a link on it that others made, or
// what the host lives by.
absl::Status CheckMayPerish(Transaction& tx, Place& place, const kernel::Link& link);

// DeleteLink and DeleteBridge, once the link is found.
absl::Status DeleteLinkAt(Transaction& tx, const Transaction::LinkAt& at, bool force);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_OPERATIONS_H_
