#ifndef WARREN_AGENT_PROBE_PROBE_H_
#define WARREN_AGENT_PROBE_PROBE_H_

// What this kernel can do, found out at start by doing it: a namespace is made, and in it a veth pair and a bridge; all
// of it is gone when Probe returns, and the host's own namespace is never touched. So an intent that needs what is
// missing is refused by name instead of failing half-way.
//
// Threading: any thread. Cost: some 30 ms, most of it the kernel freeing the bridge.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::probe {

struct Capability {
  std::string name;  // "netns", "veth", "bridge", "ipv6"
  bool available = false;
  std::string reason;  // why not
};

// What is asked of the kernel. Errors are kernel::ErrnoError.
class Trials {
 public:
  virtual ~Trials() = default;

  virtual absl::Status OpenOwnNetns() = 0;
  // Makes a namespace for the trials that follow; they fail with FAILED_PRECONDITION where there is none.
  virtual absl::Status MakeNetns() = 0;
  virtual absl::Status MakeVeth() = 0;
  virtual absl::Status MakeBridge() = 0;
  virtual absl::Status OpenIpv6() = 0;
};

// All four capabilities, in the order above. Only an errno that means "not built in" denies one: a kernel that is out
// of memory or at a limit at the moment has the facility, and says so itself when an intent needs more.
//
// PERMISSION_DENIED, saying what to do: the process lacks CAP_SYS_ADMIN or CAP_NET_ADMIN, so nothing can be found out.
absl::StatusOr<std::vector<Capability>> Probe(Trials& trials);
// The same, of the running kernel, on a thread of its own.
absl::StatusOr<std::vector<Capability>> ProbeKernel();

}  // namespace warren::probe

#endif  // WARREN_AGENT_PROBE_PROBE_H_
