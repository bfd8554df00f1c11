#include "agent/kernel/link_group.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include <algorithm>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"

namespace warren::kernel {
namespace {

// A group of two costs as much as two.
constexpr size_t kWorthAGroup = 3;
// The kernel keeps everybody from changing links while it deletes a group: 0.3 ms a link.
constexpr size_t kLargestGroup = 200;

struct Member {
  std::string name;
  uint32_t group = 0;
};

absl::StatusOr<std::map<int, Member>> ListMembers(Netlink& netlink) {
  std::map<int, Member> all;
  Message message(RTM_GETLINK, 0, ifinfomsg{});

  auto status = netlink.Dump(
      message, "listing links",
      [&](const nlmsghdr* header) {
        nlattr* table[IFLA_MAX + 1] = {};
        nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof(ifinfomsg), table, IFLA_MAX, nullptr);
        Member& member = all[static_cast<const ifinfomsg*>(NLMSG_DATA(header))->ifi_index];
        if (table[IFLA_IFNAME]) member.name = nla_get_string(table[IFLA_IFNAME]);
        if (table[IFLA_GROUP]) member.group = nla_get_u32(table[IFLA_GROUP]);
      },
      [&] { all.clear(); });
  if (!status.ok()) return status;
  return all;
}

void SetGroups(Netlink& netlink, const std::vector<std::pair<int, uint32_t>>& groups) {
  std::vector<Message> messages;
  for (const auto& [ifindex, group] : groups) {
    ifinfomsg info{};
    info.ifi_index = ifindex;
    messages.emplace_back(RTM_SETLINK, 0, info).PutU32(IFLA_GROUP, group);
  }
  // One that fails is gone, or is missed when the members are looked at.
  (void)netlink.DoAll(messages, "setting the link's group");
}

absl::Status DeleteOne(Netlink& netlink, const DoomedLink& link) {
  auto found = GetLink(netlink, link.ifindex);
  if (found.ok() && found->name != link.name) return absl::OkStatus();
  auto status = found.ok() ? DeleteLink(netlink, link.ifindex) : found.status();
  return ErrnoOf(status) == ENODEV ? absl::OkStatus() : status;
}

}  // namespace

uint32_t UnusedGroup(const std::set<uint32_t>& in_use, const std::function<uint32_t()>& random) {
  while (true) {
    const uint32_t number = random() & INT_MAX;
    if (number != 0 && !in_use.contains(number)) return number;
  }
}

absl::StatusOr<LinkGroup> LinkGroup::Gather(Netlink& netlink, const std::vector<DoomedLink>& links) {
  auto all = ListMembers(netlink);
  if (!all.ok()) return all.status();
  std::set<uint32_t> in_use;
  for (const auto& [ifindex, member] : *all) in_use.insert(member.group);
  LinkGroup group;
  std::random_device device;
  group.number_ = UnusedGroup(in_use, [&] { return device(); });
  std::vector<std::pair<int, uint32_t>> groups;
  for (const DoomedLink& link : links) {
    const auto found = all->find(link.ifindex);
    if (found == all->end() || found->second.name != link.name) continue;
    group.members_.emplace_back(link.ifindex, found->second.group);
    groups.emplace_back(link.ifindex, group.number_);
  }
  SetGroups(netlink, groups);
  return group;
}

absl::Status LinkGroup::Delete(Netlink& netlink) {
  auto all = ListMembers(netlink);
  if (!all.ok()) return all.status();
  std::set<int> ours;
  for (const auto& [ifindex, from] : members_) ours.insert(ifindex);
  bool any = false;
  for (const auto& [ifindex, member] : *all) {
    const bool is_ours = ours.contains(ifindex);
    if ((member.group == number_) == is_ours) {
      any |= is_ours;
      continue;
    }
    return absl::AbortedError(
        absl::StrCat("link ", member.name, is_ours ? " left" : " joined", " group ", number_, " meanwhile"));
  }
  if (!any) return absl::OkStatus();
  Message message(RTM_DELLINK, 0, ifinfomsg{});
  message.PutU32(IFLA_GROUP, number_);
  return netlink.Do(message, "deleting a group of links");
}

void LinkGroup::Disband(Netlink& netlink) { SetGroups(netlink, members_); }

std::vector<absl::Status> DeleteLinksTogether(Netlink& netlink, const std::vector<DoomedLink>& links) {
  std::vector<absl::Status> statuses;
  for (size_t begin = 0; begin < links.size(); begin += kLargestGroup) {
    const std::vector<DoomedLink> some(links.begin() + begin,
                                       links.begin() + std::min(links.size(), begin + kLargestGroup));
    absl::Status together = absl::AbortedError("too few");
    absl::StatusOr<LinkGroup> group = together;
    if (some.size() >= kWorthAGroup) {
      group = LinkGroup::Gather(netlink, some);
      together = group.ok() ? group->Delete(netlink) : group.status();
    }
    for (const DoomedLink& link : some) {
      statuses.push_back(together.ok() ? absl::OkStatus() : DeleteOne(netlink, link));
    }
    if (group.ok() && !together.ok()) group->Disband(netlink);
  }
  return statuses;
}

}  // namespace warren::kernel
