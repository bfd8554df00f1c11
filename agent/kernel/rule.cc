#include "agent/kernel/rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <string>

namespace warren::kernel {
namespace {

IpPrefix PrefixOf(int family, const nlattr* attribute, int length) {
  if (attribute == nullptr) return {};
  return {{family, std::string(static_cast<const char*>(nla_data(attribute)), static_cast<size_t>(nla_len(attribute)))},
          length};
}

Rule Parse(const nlmsghdr* header) {
  const auto* info = static_cast<const fib_rule_hdr*>(NLMSG_DATA(header));
  nlattr* attributes[FRA_MAX + 1] = {};
  nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof *info, attributes, FRA_MAX, nullptr);
  Rule rule;
  if (attributes[FRA_PRIORITY] != nullptr) rule.priority = nla_get_u32(attributes[FRA_PRIORITY]);
  if (info->action == FR_ACT_TO_TBL) {
    rule.table = attributes[FRA_TABLE] != nullptr ? nla_get_u32(attributes[FRA_TABLE]) : info->table;
  }
  rule.from = PrefixOf(info->family, attributes[FRA_SRC], info->src_len);
  rule.to = PrefixOf(info->family, attributes[FRA_DST], info->dst_len);
  rule.inverted = (info->flags & FIB_RULE_INVERT) != 0;
  rule.narrow = info->tos != 0;
  for (const int selector : {FRA_IIFNAME, FRA_OIFNAME, FRA_FWMARK, FRA_UID_RANGE, FRA_TUN_ID, FRA_L3MDEV}) {
    if (attributes[selector] == nullptr) continue;
    const bool zero = (selector == FRA_FWMARK && nla_get_u32(attributes[selector]) == 0) ||
                      (selector == FRA_L3MDEV && nla_get_u8(attributes[selector]) == 0) ||
                      (selector == FRA_TUN_ID && nla_get_u64(attributes[selector]) == 0) ||
                      // What the host itself sends comes in by the loopback, to a rule (fib_rules_lookup's flowi_iif).
                      (selector == FRA_IIFNAME && std::string(nla_get_string(attributes[selector])) == "lo");
    rule.narrow |= !zero;
  }
  return rule;
}

}  // namespace

absl::StatusOr<std::vector<Rule>> ListRules(Netlink& netlink, int family) {
  std::vector<Rule> rules;
  fib_rule_hdr info{};
  info.family = static_cast<uint8_t>(family);
  Message message(RTM_GETRULE, 0, info);
  auto status = netlink.Dump(
      message, "listing rules",
      [&](const nlmsghdr* header) {
        const auto* answer = static_cast<const fib_rule_hdr*>(NLMSG_DATA(header));
        if (header->nlmsg_type == RTM_NEWRULE && answer->family == family) rules.push_back(Parse(header));
      },
      [&] { rules.clear(); });
  if (!status.ok()) return status;
  return rules;
}

}  // namespace warren::kernel
