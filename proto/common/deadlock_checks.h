#ifndef WARREN_PROTO_COMMON_DEADLOCK_CHECKS_H_
#define WARREN_PROTO_COMMON_DEADLOCK_CHECKS_H_

// Debian builds Abseil so that every absl::Mutex, gRPC's hundreds of locks a call among them, looks for lock-order
// cycles in one graph under one spinlock. No release needs that.

#include "absl/synchronization/mutex.h"

namespace warren {

// First thing in main. Builds with a sanitizer keep the checks.
inline void SkipDeadlockChecks() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
}

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_DEADLOCK_CHECKS_H_
