#include "agent/executor/new_link.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/executor/diversion.h"
#include "agent/executor/explain.h"
#include "agent/executor/refuse.h"
#include "agent/kernel/address.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link_settings.h"

namespace warren::executor {
namespace {

// To the kernel, on one link: IPv6 tells them by the address alone (ipv6_add_addr), IPv4 by the length too
// (__inet_insert_ifa).
bool AreOneAddress(const kernel::IpPrefix& a, const kernel::IpPrefix& b) {
  return a.ip == b.ip && (a.ip.family == AF_INET6 || a.length == b.length);
}

}  // namespace

absl::StatusOr<Asked> ParseAsked(const std::string& name, uint32_t mtu, const std::string& mac, bool up,
                                 const google::protobuf::RepeatedPtrField<std::string>& addresses) {
  Asked asked{name, mtu, "", up, 0, {}};
  if (!mac.empty()) {
    const auto bytes = kernel::ParseMac(mac);
    if (!bytes) return absl::InvalidArgumentError(absl::StrCat("\"", mac, "\" is not a MAC address"));
    asked.mac = *bytes;
  }
  for (const std::string& text : addresses) {
    const auto prefix = kernel::ParsePrefix(text);
    if (!prefix) return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not an address"));
    if (std::any_of(asked.addresses.begin(), asked.addresses.end(),
                    [&](const kernel::IpPrefix& before) { return AreOneAddress(before, *prefix); })) {
      return absl::InvalidArgumentError(absl::StrCat("it is to have address ", text, " twice"));
    }
    asked.addresses.push_back(*prefix);
  }
  return asked;
}

namespace {

// It was made by this intent, which puts it back into the default group when it is done.
bool HasGroupOfItsMaking(const Transaction& tx, const Place& place, const kernel::Link& link) {
  return tx.ownership().made_links.contains({place.cookie(), link.ifindex});
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Differences(Transaction& tx, Place& place, const kernel::Link& link,
                                                     const Asked& asked) {
  auto own = kernel::SettingsNotAsNew(place.netlink, link.ifindex);
  if (!own.ok()) return own.status();
  std::vector<std::string> differences = *std::move(own);
  if (link.master != 0) {
    auto master = kernel::GetLink(place.netlink, link.master);
    if (!master.ok()) return master.status();
    if (!tx.AttachesLater(place, link, *master)) {
      differences.push_back(
          absl::StrCat(master->kind == "bridge" ? "it is a port of " : "its master is ", master->name));
    }
  }
  if (link.group != 0 && !HasGroupOfItsMaking(tx, place, link)) {
    differences.push_back(absl::StrCat("its group is ", link.group, ", not 0 (default)"));
  }
  if (asked.mtu != 0 && link.mtu != asked.mtu) {
    differences.push_back(absl::StrCat("its MTU is ", link.mtu, ", not ", asked.mtu));
  }
  if (!asked.mac.empty() && link.mac != asked.mac) {
    differences.push_back(
        absl::StrCat("its MAC is ", kernel::FormatMac(link.mac), ", not ", kernel::FormatMac(asked.mac)));
  }
  if (asked.queues != 0 && (link.tx_queues != asked.queues || link.rx_queues != asked.queues)) {
    differences.push_back(absl::StrCat("it has ", link.tx_queues, " transmit and ", link.rx_queues,
                                       " receive queues, not ", asked.queues));
  }
  if (asked.up && !link.up()) differences.push_back("it is down");
  if (asked.addresses.empty()) return differences;
  auto addresses = kernel::ListAddresses(place.netlink, link.ifindex);
  if (!addresses.ok()) return addresses.status();
  for (const kernel::IpPrefix& prefix : asked.addresses) {
    const auto has = [&](const kernel::Address& address) {
      return address.local == prefix && address.peer.family == 0;
    };
    const auto it = std::find_if(addresses->begin(), addresses->end(), has);
    if (it == addresses->end()) {
      differences.push_back(absl::StrCat("it does not have address ", prefix.ToString()));
      continue;
    }
    std::vector<std::string> own = kernel::Peculiarities(*it, link.name);
    if (it->valid_lifetime != kernel::kForever) own.push_back(absl::StrCat("valid_lft ", it->valid_lifetime, "sec"));
    if (it->preferred_lifetime != kernel::kForever) {
      own.push_back(absl::StrCat("preferred_lft ", it->preferred_lifetime, "sec"));
    }
    for (const std::string& each : own) {
      differences.push_back(absl::StrCat("its address ", prefix.ToString(), " has ", each));
    }
  }
  return differences;
}

absl::Status CheckIsItsName(Place& place, const kernel::Link& link, const std::string& name, const std::string& doing) {
  if (link.name == name) return absl::OkStatus();
  return kernel::ErrnoError(
      EEXIST, absl::StrCat(doing, " ", place.Shown(name), ", which is an alternative name of ", link.name));
}

absl::Status CheckNameFree(Transaction& tx, Place& place, const std::string& name, const std::string& doing) {
  tx.About(place.Shown(name));
  auto link = kernel::GetLink(place.netlink, name);
  if (link.ok()) {
    if (auto s = CheckIsItsName(place, *link, name, doing); !s.ok()) return s;
    return kernel::ErrnoError(EEXIST, absl::StrCat(doing, " ", place.Shown(name)));
  }
  return kernel::ErrnoOf(link.status()) == ENODEV ? absl::OkStatus() : link.status();
}

absl::Status CheckNewLinkLeadsNothingAway(Transaction& tx, Place& place, const Asked& asked) {
  for (const kernel::IpPrefix& prefix : asked.addresses) {
    if (auto s = CheckAddressLeadsNothingAway(tx, place, /*ifindex=*/0, prefix); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Furnish(Transaction& tx, Place& place, const Asked& asked, const std::string& mac) {
  tx.About(place.Shown(asked.name));
  auto link = kernel::GetLink(place.netlink, asked.name);
  if (!link.ok()) return link.status();
  if (link->mac != mac) {
    return absl::AbortedError(
        absl::StrCat(tx.object(), " was renamed or deleted as soon as it was made, and another has its name"));
  }
  tx.MadeLink(place, *link);
  if (asked.up) {
    kernel::LinkChange up;
    up.up = true;
    if (auto s = kernel::SetLink(place.netlink, link->ifindex, up); !s.ok()) return s;
  }
  for (const kernel::IpPrefix& prefix : asked.addresses) {
    if (auto s = CheckTakesAddress(place.Shown(asked.name), link->mtu, prefix.ip); !s.ok()) return s;
    kernel::NewAddress address;
    address.ifindex = link->ifindex;
    address.local = prefix;
    if (auto s = kernel::AddAddress(place.netlink, address); !s.ok()) return FailedAs("add_address", s);
  }
  return absl::OkStatus();
}

}  // namespace warren::executor
