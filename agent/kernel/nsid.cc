#include "agent/kernel/nsid.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include "agent/kernel/error.h"

namespace warren::kernel {

absl::StatusOr<int> GetNsid(Netlink& netlink, const Netns& other) {
  Message message(RTM_GETNSID, 0, rtgenmsg{});
  message.PutU32(NETNSA_FD, static_cast<uint32_t>(other.fd.get()));
  int nsid = -1;
  auto status = netlink.Get(message, "looking up the nsid", [&](const nlmsghdr* header) {
    nlattr* table[NETNSA_MAX + 1] = {};
    nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
    if (table[NETNSA_NSID]) nsid = nla_get_s32(table[NETNSA_NSID]);
  });
  if (!status.ok()) return status;
  return nsid;
}

absl::StatusOr<int> GetOrAssignNsid(Netlink& netlink, const Netns& other) {
  auto nsid = GetNsid(netlink, other);
  if (!nsid.ok() || *nsid >= 0) return nsid;
  Message message(RTM_NEWNSID, 0, rtgenmsg{});
  message.PutU32(NETNSA_FD, static_cast<uint32_t>(other.fd.get()));
  message.PutU32(NETNSA_NSID, static_cast<uint32_t>(-1));
  // EEXIST: a veth crossed meanwhile.
  if (auto s = netlink.Do(message, "assigning an nsid"); !s.ok() && ErrnoOf(s) != EEXIST) return s;
  return GetNsid(netlink, other);
}

}  // namespace warren::kernel
