#include "agent/kernel/nexthop.h"

#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/str_cat.h"
#include "agent/kernel/body.h"
#include "agent/kernel/error.h"

namespace warren::kernel {
namespace {

constexpr size_t kHeader = NLMSG_ALIGN(sizeof(nhmsg));
// Since Linux 6.9 a dump tells of statistics (NHA_OP_FLAGS, NHA_GROUP_STATS, NHA_HW_STATS_ENABLE, NHA_HW_STATS_USED).
// Whether the hardware counts can be asked for, the rest cannot.
constexpr int kOpFlags = 14, kGroupStats = 15, kHwStatsUsed = 17;

// When a resilient group became unbalanced is told, and refused when asked for.
std::string WithoutUnbalancedTime(const std::string& body) {
  auto group = AttributeOf(body, kHeader, NHA_RES_GROUP);
  if (!group) return body;
  const std::string kept = WithoutAttributes(*group, 0, {NHA_RES_GROUP_UNBALANCED_TIME, NHA_RES_GROUP_PAD});
  std::string copy = WithoutAttributes(body, kHeader, {NHA_RES_GROUP});
  nlattr attribute{static_cast<uint16_t>(NLA_HDRLEN + kept.size()), NHA_RES_GROUP | NLA_F_NESTED};
  copy.append(reinterpret_cast<const char*>(&attribute), sizeof attribute);
  return copy + kept;
}

NexthopObject Parse(std::string body) {
  NexthopObject nexthop;
  auto& info = HeaderOf<nhmsg>(body);
  // What the kernel marks by itself, and derives (rtm_to_nh_config refuses a scope).
  info.nh_flags &= ~uint32_t{RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_OFFLOAD | RTNH_F_TRAP};
  info.nh_scope = 0;
  body = WithoutUnbalancedTime(WithoutAttributes(body, kHeader, {kOpFlags, kGroupStats, kHwStatsUsed}));
  nexthop.id = U32Of(body, kHeader, NHA_ID);
  nexthop.ifindex = static_cast<int>(U32Of(body, kHeader, NHA_OIF));
  if (const auto group = AttributeOf(body, kHeader, NHA_GROUP)) {
    for (size_t at = 0; at + sizeof(nexthop_grp) <= group->size(); at += sizeof(nexthop_grp)) {
      nexthop_grp member;
      memcpy(&member, group->data() + at, sizeof member);
      nexthop.members.push_back(member.id);
    }
  }
  nexthop.body = std::move(body);
  return nexthop;
}

absl::StatusOr<std::vector<NexthopObject>> Dump(Netlink& netlink, Message& message) {
  std::vector<NexthopObject> nexthops;
  auto status = netlink.Dump(
      message, "listing nexthop objects", [&](const nlmsghdr* header) { nexthops.push_back(Parse(BodyOf(header))); },
      [&] { nexthops.clear(); });
  if (ErrnoOf(status) == EOPNOTSUPP) return nexthops;
  if (!status.ok()) return status;
  return nexthops;
}

}  // namespace

NexthopObject NexthopFromBody(const std::string& body) { return Parse(body); }

absl::StatusOr<std::vector<NexthopObject>> ListNexthopsOf(Netlink& netlink, int ifindex) {
  Message of_link(RTM_GETNEXTHOP, 0, nhmsg{});
  of_link.PutU32(NHA_OIF, static_cast<uint32_t>(ifindex));
  auto found = Dump(netlink, of_link);
  if (!found.ok() || found->empty()) return found;
  std::set<uint32_t> ids;
  for (const NexthopObject& nexthop : *found) ids.insert(nexthop.id);
  Message of_groups(RTM_GETNEXTHOP, 0, nhmsg{});
  of_groups.Put(NHA_GROUPS, nullptr, 0);
  auto groups = Dump(netlink, of_groups);
  if (!groups.ok()) return groups;
  for (NexthopObject& group : *groups) {
    const auto is_member = [&](uint32_t id) { return ids.contains(id); };
    if (std::any_of(group.members.begin(), group.members.end(), is_member)) found->push_back(std::move(group));
  }
  return found;
}

uint32_t NexthopOf(const Route& route) { return U32Of(route.body, NLMSG_ALIGN(sizeof(rtmsg)), RTA_NH_ID); }

absl::Status PutNexthop(Netlink& netlink, const NexthopObject& nexthop, int ifindex) {
  std::string body = nexthop.body;
  if (nexthop.ifindex != 0) ReplaceU32(body, kHeader, NHA_OIF, static_cast<uint32_t>(ifindex));
  Message message = Message::FromBody(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, body);
  return netlink.Do(message, absl::StrCat("setting nexthop object ", nexthop.id));
}

absl::Status DeleteNexthop(Netlink& netlink, uint32_t id) {
  Message message(RTM_DELNEXTHOP, 0, nhmsg{});
  message.PutU32(NHA_ID, id);
  return netlink.Do(message, absl::StrCat("deleting nexthop object ", id));
}

}  // namespace warren::kernel
