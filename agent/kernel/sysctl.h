#ifndef WARREN_AGENT_KERNEL_SYSCTL_H_
#define WARREN_AGENT_KERNEL_SYSCTL_H_

// The settings of a link below /proc/sys/net: net.ipv4.conf.IF, net.ipv6.conf.IF, net.ipv4.neigh.IF, net.ipv6.neigh.IF
// and net.mpls.conf.IF (Documentation/networking/ip-sysctl.rst). Which there are is what the folders have, so that a
// kernel's own are among them; a netlink dump of them (IFLA_AF_SPEC) would tell numbers whose names and writers are
// here anyway, and leave out some.
//
// The kernel forgets those of IPv6 when the link's MTU falls below 1,280 bytes, and all when the link moves to another
// namespace: they come back as net.*.conf.default has it. net.ipv6.conf.IF.mtu becomes the link's whenever that is set
// or the link comes up (addrconf_notify).
//
// Threading: /proc/sys/net is that of the namespace the calling thread is in (NetnsWorker::Within).
// Cost: 11 µs a setting, of which a link has some 120.

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::kernel {

struct LinkSetting {
  std::string key;  // without the link's name, which may change: "ipv6/conf/accept_ra"
  std::string value;
};

enum class LinkSettings {
  kAll,
  kIpv6,     // what goes with IPv6
  kIpv6Mtu,  // net.ipv6.conf.IF.mtu alone
};
// Those that can be written, in an order in which they can be: what decides what another one means comes before it.
// Left out are those that show another one in another unit, and what has no value. None where there is no such folder.
absl::StatusOr<std::vector<LinkSetting>> ListLinkSettings(const std::string& link, LinkSettings which);

// "net.ipv6.conf.eth0.accept_ra".
std::string SettingName(const std::string& link, const std::string& key);

// Nothing: there is none, or it has no value.
std::optional<std::string> ReadLinkSetting(const std::string& link, const std::string& key);
// Writes it unless it is so already. ENOENT when the link has no such setting; EROFS where /proc/sys is mounted so.
// A restored net.ipv6.conf.IF.forwarding makes the kernel drop what other links have by router advertisement
// (rt6_purge_dflt_routers): the caller brings that back.
absl::Status WriteLinkSetting(const std::string& link, const LinkSetting& setting);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_SYSCTL_H_
