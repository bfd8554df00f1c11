#include "agent/executor/ipv6_settings.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/executor/restore_kept.h"
#include "agent/kernel/address.h"
#include "agent/kernel/ip.h"

namespace warren::executor {
namespace {

constexpr std::string_view kAddrGenMode = "ipv6/conf/addr_gen_mode";
constexpr std::string_view kMtu = "ipv6/conf/mtu";  // that of before would be too large, or the cause is a new one

bool IsIpv6Setting(const Kept& kept) {
  return kept.facility() == Settings().name() && kept.key().rfind("ipv6/", 0) == 0 && kept.key() != kMtu;
}

// IPv6 starts with an address made of the MAC, which these settings would not have let it make.
void RemoveLinkLocal(Place& place, const kernel::Link& link) {
  const auto own = kernel::LinkLocalOf(link.mac);
  auto have = kernel::ListAddresses(place.netlink, link.ifindex);
  if (!own || !have.ok()) return;
  for (const kernel::Address& address : *have) {
    if (address.local.ip == *own) (void)kernel::DeleteAddress(place.netlink, address);
  }
}

}  // namespace

absl::Status NoteIpv6Settings(Transaction& tx, const Place& place, const LinkState& state) {
  LinkState noted;
  noted.set_mac(state.mac());
  for (const Kept& kept : state.kept()) {
    if (IsIpv6Setting(kept)) *noted.add_kept() = kept;
  }
  if (noted.kept().empty()) return absl::OkStatus();
  return tx.NoteSettings(place, state.ifindex(), noted);
}

absl::Status GiveBackIpv6Settings(Transaction& tx, Place& place, int ifindex, bool force) {
  auto link = kernel::GetLink(place.netlink, ifindex);
  if (!link.ok()) return link.status();
  if (link->mtu < kernel::kIpv6MinMtu) return absl::OkStatus();
  auto noted = tx.NotedSettings(place, ifindex);
  if (!noted.ok()) return noted.status();
  // Another link by now, with the same index.
  if (!*noted || (*noted)->mac() != link->mac) return absl::OkStatus();
  std::vector<Problem> problems;
  PutBackKept(place, *link, Stage::kBeforeAddresses, (*noted)->kept(), problems);
  for (const Kept& kept : (*noted)->kept()) {
    if (kept.key() == kAddrGenMode && kept.body() != "0") RemoveLinkLocal(place, *link);
  }
  if (problems.empty() || force) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "IPv6 would come back on ", place.Shown(link->name), " with the kernel's settings instead of the link's own: ",
      problems.front().text, "; let the agent write /proc/sys, or say force"));
}

}  // namespace warren::executor
