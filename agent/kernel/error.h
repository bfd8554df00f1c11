#ifndef WARREN_AGENT_KERNEL_ERROR_H_
#define WARREN_AGENT_KERNEL_ERROR_H_

// The kernel's refusals as absl::Status: the canonical code, a message, and as a payload the errno and the extended
// acknowledgement (netlink(7), NETLINK_EXT_ACK), which libnl's own error codes lose. Pure; thread-safe.

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace warren::kernel {

// "doing: ERRNO (text): extended ack". Codes: EEXIST is ALREADY_EXISTS; ENOENT, ENODEV, ESRCH, EADDRNOTAVAIL
// NOT_FOUND; EPERM, EACCES PERMISSION_DENIED; EINVAL, ERANGE INVALID_ARGUMENT; EBUSY, EOPNOTSUPP, ENETUNREACH, ENETDOWN
// FAILED_PRECONDITION; ENOMEM, ENOBUFS, ENOSPC, EMFILE RESOURCE_EXHAUSTED; others INTERNAL.
absl::Status ErrnoError(int error, std::string_view doing, std::string_view extended_ack = {});

// 0 when the status does not come from ErrnoError.
int ErrnoOf(const absl::Status& status);
std::string ExtendedAckOf(const absl::Status& status);

// "EEXIST"; "errno 4711" for one without a name.
std::string ErrnoName(int error);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_ERROR_H_
