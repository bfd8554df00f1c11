#ifndef WARREN_AGENT_KERNEL_DEVICE_DEFAULTS_H_
#define WARREN_AGENT_KERNEL_DEVICE_DEFAULTS_H_

// What a new network namespace takes over from the settings of the host when it is made: one that was made before they
// changed can be told from one that is made after. Found by changing every setting under /proc/sys/net of a machine to
// another value and comparing a namespace made before with one made after (Linux 6.1 and 6.18):
//
//   net.ipv4.conf.{all,default}, net.ipv6.conf.{all,default}   as net.core.devconf_inherit_init_net has it
//   net.ipv4.neigh.default, net.ipv6.neigh.default             by the loopback; the garbage collector's are no device's
//   net.ipv4.tcp_congestion_control, tcp_rmem, tcp_wmem        whatever that says
//   net.ipv4.{tcp_child_ehash_entries,udp_child_hash_entries}  of the namespace of whoever makes it
//   net.core.fb_tunnels_only_for_init_net                      whether it has tunl0, sit0...
//   nf_conntrack's parameters acct and tstamp                  net.netfilter.nf_conntrack_{acct,timestamp}
//
// net.ipv6.conf.*.stable_secret is never taken over.
//
// Threading: one thread at a time. Opened by a thread in the host's namespace, it tells of that one wherever it is
// used. Cost: it keeps a descriptor for each setting, some 110 (230 where IPv6's are taken over or where that cannot be
// seen), because opening one costs five times what reading it does. Telling takes 0.1 ms (0.2 ms).

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace warren::kernel {

class DeviceDefaults {
 public:
  // No more than so many are open.
  static constexpr size_t kDescriptors = 256;

  struct Places {
    std::string sysctl = "/proc/sys";
    std::string modules = "/sys/module";
  };
  // NOT_FOUND (ENOENT) where there are no settings at all. A protocol that comes with a module may be absent, come and
  // go: that is told as everything else is.
  static absl::StatusOr<DeviceDefaults> Open(const Places& places);
  static absl::StatusOr<DeviceDefaults> Open() { return Open(Places()); }
  DeviceDefaults(DeviceDefaults&&) noexcept;
  DeviceDefaults& operator=(DeviceDefaults&&) noexcept;
  ~DeviceDefaults();

  // All values as they are now, in no format: to be compared with what it told before. A value that changes meanwhile
  // is told as it was or as it is.
  std::string Tell();

  // Whether the host's namespace is the machine's first one, whose values they are that new ones take over. Otherwise
  // they cannot be seen from here, and a change of theirs is not told.
  bool complete() const { return complete_; }

 private:
  class Group;
  explicit DeviceDefaults(const Places& places);

  std::vector<Group> groups_;
  bool complete_ = false;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_DEVICE_DEFAULTS_H_
