#include "agent/kernel/nsid.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include "agent/kernel/error.h"

namespace warren::kernel {

namespace {

// -1: there is none, or it was not told.
absl::StatusOr<int> Ask(Netlink& netlink, Message& message, std::string_view doing) {
  int nsid = -1;
  auto status = netlink.Get(message, doing, [&](const nlmsghdr* header) {
    nlattr* table[NETNSA_MAX + 1] = {};
    nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
    if (table[NETNSA_NSID]) nsid = nla_get_s32(table[NETNSA_NSID]);
  });
  if (!status.ok()) return status;
  return nsid;
}

// -1: it has one.
absl::StatusOr<int> Assign(Netlink& netlink, const Netns& other) {
  // The event of it is the answer.
  Message message(RTM_NEWNSID, NLM_F_ACK | NLM_F_ECHO, rtgenmsg{});
  message.PutU32(NETNSA_FD, static_cast<uint32_t>(other.fd.get()));
  message.PutU32(NETNSA_NSID, static_cast<uint32_t>(-1));
  auto nsid = Ask(netlink, message, "assigning an nsid");
  if (!nsid.ok() && ErrnoOf(nsid.status()) == EEXIST) return -1;
  return nsid;
}

}  // namespace

absl::StatusOr<int> GetNsid(Netlink& netlink, const Netns& other) {
  Message message(RTM_GETNSID, 0, rtgenmsg{});
  message.PutU32(NETNSA_FD, static_cast<uint32_t>(other.fd.get()));
  return Ask(netlink, message, "looking up the nsid");
}

absl::StatusOr<int> GetOrAssignNsid(Netlink& netlink, const Netns& other, NsidIs likely) {
  auto nsid = likely == NsidIs::kGiven ? GetNsid(netlink, other) : Assign(netlink, other);
  if (!nsid.ok() || *nsid >= 0) return nsid;
  if (likely == NsidIs::kGiven) {
    nsid = Assign(netlink, other);
    if (!nsid.ok() || *nsid >= 0) return nsid;
  }
  // It had one after all, or a veth crossed meanwhile.
  return GetNsid(netlink, other);
}

absl::StatusOr<std::set<int>> ListNsids(Netlink& netlink) {
  std::set<int> nsids;
  Message message(RTM_GETNSID, 0, rtgenmsg{});
  auto status = netlink.Dump(
      message, "listing nsids",
      [&](const nlmsghdr* header) {
        nlattr* table[NETNSA_MAX + 1] = {};
        nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
        if (table[NETNSA_NSID]) nsids.insert(nla_get_s32(table[NETNSA_NSID]));
      },
      [&] { nsids.clear(); });
  if (!status.ok()) return status;
  return nsids;
}

}  // namespace warren::kernel
