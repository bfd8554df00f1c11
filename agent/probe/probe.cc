#include "agent/probe/probe.h"

#include <errno.h>

#include <initializer_list>
#include <string_view>
#include <thread>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "agent/probe/kernel_trials.h"

namespace warren::probe {
namespace {

constexpr char kNoNetns[] = "kernel has no network namespace support (CONFIG_NET_NS)";
constexpr char kNoVeth[] = "kernel has no veth support (CONFIG_VETH)";
constexpr char kNoBridge[] = "kernel has no bridge support (CONFIG_BRIDGE)";
constexpr char kNoIpv6[] = "kernel has no IPv6 (CONFIG_IPV6, or ipv6.disable=1)";

bool IsOneOf(const absl::Status& status, std::initializer_list<int> errors) {
  for (const int error : errors) {
    if (kernel::ErrnoOf(status) == error) return true;
  }
  return false;
}

absl::Status Unprivileged(const absl::Status& status) {
  return absl::PermissionDeniedError(
      absl::StrCat("the kernel does not let this process work on network namespaces: ", std::string(status.message()),
                   "; run warren-agent as root, or with the capabilities CAP_SYS_ADMIN, CAP_NET_ADMIN and "
                   "CAP_NET_BROADCAST"));
}

}  // namespace

absl::StatusOr<std::vector<Capability>> Probe(Trials& trials) {
  // In the order in which they are tried: the first has to go well for the next two to mean anything.
  struct Trial {
    const char* name;
    const char* denial;
    std::initializer_list<int> errors;  // those that mean "not built in"
    absl::Status status;
  };
  absl::Status netns = trials.OpenOwnNetns();
  if (netns.ok()) netns = trials.MakeNetns();
  // unshare(2): EINVAL for a flag the kernel was not built with; ENOENT: /proc has no such file.
  const bool no_netns = IsOneOf(netns, {EINVAL, ENOENT});
  const Trial all[] = {
      {"netns", kNoNetns, {EINVAL, ENOENT}, netns},
      // rtnl_newlink(): EOPNOTSUPP, "Unknown device type".
      {"veth", kNoVeth, {EOPNOTSUPP}, netns.ok() ? trials.MakeVeth() : netns},
      {"bridge", kNoBridge, {EOPNOTSUPP}, netns.ok() ? trials.MakeBridge() : netns},
      {"ipv6", kNoIpv6, {EAFNOSUPPORT}, trials.OpenIpv6()},
  };
  std::vector<Capability> capabilities;
  for (const Trial& trial : all) {
    if (IsOneOf(trial.status, {EPERM, EACCES})) return Unprivileged(trial.status);
    Capability capability{trial.name, true, ""};
    if (IsOneOf(trial.status, trial.errors)) {
      capability = {trial.name, false, trial.denial};
    } else if (no_netns && !trial.status.ok()) {
      // Never tried in the host's own namespace.
      capability = {trial.name, false, absl::StrCat("not tried: ", kNoNetns)};
    }
    capabilities.push_back(std::move(capability));
  }
  return capabilities;
}

absl::StatusOr<std::vector<Capability>> ProbeKernel() {
  absl::StatusOr<std::vector<Capability>> capabilities = absl::UnknownError("not probed");
  std::jthread([&] {
    KernelTrials trials;
    capabilities = Probe(trials);
  }).join();
  return capabilities;
}

}  // namespace warren::probe
