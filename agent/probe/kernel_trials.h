#ifndef WARREN_AGENT_PROBE_KERNEL_TRIALS_H_
#define WARREN_AGENT_PROBE_KERNEL_TRIALS_H_

#include <optional>

#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"
#include "agent/probe/probe.h"

namespace warren::probe {

// The running kernel. Belongs to one thread made for namespace work; what it makes goes with its namespace, at the
// latest when this object dies.
class KernelTrials : public Trials {
 public:
  absl::Status OpenOwnNetns() override;
  absl::Status MakeNetns() override;
  absl::Status MakeVeth() override;
  absl::Status MakeBridge() override;
  absl::Status OpenIpv6() override;

 private:
  std::optional<kernel::NetnsWorker> worker_;
  kernel::Netns scratch_;
  std::optional<kernel::Netlink> netlink_;  // in scratch_
};

}  // namespace warren::probe

#endif  // WARREN_AGENT_PROBE_KERNEL_TRIALS_H_
