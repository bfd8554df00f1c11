// Adding and removing addresses.

#include <errno.h>
#include <linux/if_addr.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/executor/diversion.h"
#include "agent/executor/guard.h"
#include "agent/executor/operations.h"
#include "agent/executor/parse.h"
#include "agent/executor/refuse.h"
#include "agent/executor/snapshot.h"
#include "agent/executor/vital.h"
#include "agent/kernel/address.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/error.h"
#include "agent/kernel/route.h"

namespace warren::executor {
namespace {

using Addresses = std::vector<kernel::Address>;

absl::StatusOr<Addresses> AddressesOf(const Transaction::LinkAt& at) {
  return kernel::ListAddresses(at.place->netlink, at.link.ifindex);
}

Addresses::const_iterator Find(const Addresses& have, const kernel::IpPrefix& local, const kernel::Ip& peer) {
  return std::find_if(have.begin(), have.end(),
                      [&](const auto& address) { return address.local == local && address.peer == peer; });
}

// The route that goes, or expires at another time, when such an IPv6 address does.
template <typename Undo>
absl::Status NotePrefixRoute(Place& place, const kernel::Address& address, Undo& undo) {
  if (address.local.ip.family != AF_INET6) return absl::OkStatus();
  auto route = kernel::PrefixRouteOf(place.netlink, address);
  if (!route.ok()) return route.status();
  if (*route) undo.add_routes(kernel::BodyToKeep(**route));
  return absl::OkStatus();
}

std::string WithPeer(const kernel::Address& address) {
  const std::string peer = address.peer.family != 0 ? absl::StrCat(" with peer ", address.peer.ToString()) : "";
  return absl::StrCat(address.local.ToString(), peer);
}

// In IPv6 a link has an address once, whatever its length and peer; in IPv4 once in a subnet, that of the peer where
// there is one (__inet_insert_ifa).
absl::Status CheckNotOtherwise(Transaction& tx, const Addresses& have, const kernel::NewAddress& asked) {
  const auto far = [](const auto& address) { return address.peer.family != 0 ? address.peer : address.local.ip; };
  for (const kernel::Address& address : have) {
    if (address.local.ip != asked.local.ip) continue;
    if (asked.local.ip.family == AF_INET &&
        (address.local.length != asked.local.length || !Covers({far(asked), asked.local.length}, far(address)))) {
      continue;
    }
    return ExistsButDiffers(tx.object(), {absl::StrCat("it is there as ", WithPeer(address))});
  }
  return absl::OkStatus();
}

bool Lasting(uint32_t lifetime) { return lifetime == kernel::kForever; }

// What can be made as asked without taking the address away.
bool Changes(const kernel::Address& there, const kernel::NewAddress& asked) {
  const auto differs = [](uint32_t has, uint32_t wanted) { return has != wanted || !Lasting(wanted); };
  const bool ipv6 = there.local.ip.family == AF_INET6;
  return differs(there.valid_lifetime, asked.valid_lifetime) ||
         differs(there.preferred_lifetime, std::min(asked.preferred_lifetime, asked.valid_lifetime)) ||
         (ipv6 && asked.nodad != ((there.flags & IFA_F_NODAD) != 0));
}

// Gives an address that is there the lifetimes that are asked.
absl::Status Change(Transaction& tx, const Transaction::LinkAt& at, const kernel::Address& there,
                    const kernel::NewAddress& asked) {
  Step step;
  auto* undo = step.add_undo()->mutable_change_address_back();
  *undo->mutable_netns() = at.place->Ref();
  undo->set_body(there.body);
  undo->set_read_at(absl::ToInt64Nanoseconds(kernel::Uptime()));
  if (auto s = NotePrefixRoute(*at.place, there, *undo); !s.ok()) return s;
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  return kernel::ChangeAddress(at.place->netlink, there, asked);
}

// With the last IPv4 address of a link the kernel takes all routes by it and all its IPv4 neighbours away, those too
// that were there before it had any (fib_disable_ip): what takes the first one back brings them back.
absl::Status NoteWhatGoesWithLast(const Transaction::LinkAt& at, const Addresses& have, Step& step) {
  if (std::any_of(have.begin(), have.end(), [](const auto& a) { return a.local.ip.family == AF_INET; })) {
    return absl::OkStatus();
  }
  kernel::RouteFilter filter;
  filter.family = AF_INET;
  filter.ifindex = at.link.ifindex;
  auto routes = kernel::ListRoutes(at.place->netlink, filter);
  if (!routes.ok()) return routes.status();
  auto state = Capture(*at.place, at.link, Reach::kLink, kLosesAddresses);
  if (!state.ok()) return state.status();
  if (routes->empty() && state->kept().empty()) return absl::OkStatus();
  *step.add_undo()->mutable_restore_link()->mutable_state() = *std::move(state);
  return absl::OkStatus();
}

}  // namespace

absl::Status Apply(Transaction& tx, const v1::AddAddress& operation) {
  auto at = tx.OpenLink(operation.namespace_(), operation.link());
  if (!at.ok()) return at.status();
  auto address = ParseNewAddress(operation);
  if (!address.ok()) return address.status();
  address->ifindex = at->link.ifindex;
  tx.About(absl::StrCat(address->local.ToString(), " on ", at->place->Shown(at->link.name)));
  const auto have = AddressesOf(*at);
  if (!have.ok()) return have.status();
  const auto it = Find(*have, address->local, address->peer);
  const bool there = it != have->end();
  if (there && operation.allow_existing()) {
    std::vector<std::string> differences = kernel::Peculiarities(*it, at->link.name);
    for (std::string& each : differences) each = absl::StrCat("it has ", each);
    if (!differences.empty()) return ExistsButDiffers(tx.object(), differences);
    return Changes(*it, *address) ? Change(tx, *at, *it, *address) : absl::OkStatus();
  }
  if (operation.allow_existing()) {
    if (auto s = CheckNotOtherwise(tx, *have, *address); !s.ok()) return s;
  }

  if (!there) {
    if (auto s = CheckTakesAddress(at->place->Shown(at->link.name), at->link.mtu, address->local.ip); !s.ok()) return s;
  }
  if (!there && !operation.force()) {
    if (auto s = CheckAddressLeadsNothingAway(tx, *at->place, address->ifindex, address->local, address->peer);
        !s.ok()) {
      return s;
    }
  }
  if (!there) {
    Step step;
    auto* undo = step.add_undo()->mutable_remove_address();
    *undo->mutable_netns() = at->place->Ref();
    undo->set_ifindex(address->ifindex);
    undo->set_ip(address->local.ip.bytes);
    undo->set_length(address->local.length);
    undo->set_peer(address->peer.bytes);
    // A router's advertisement may have made it before; it goes with the address, or for good with a lasting one.
    kernel::Address planned;
    planned.ifindex = address->ifindex;
    planned.local = address->local;
    if (auto s = NotePrefixRoute(*at->place, planned, *undo); !s.ok()) return s;
    if (address->local.ip.family == AF_INET) {
      if (auto s = NoteWhatGoesWithLast(*at, *have, step); !s.ok()) return s;
    }
    if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  }
  // With one that is there already the kernel refuses, and nothing is to be undone.
  return kernel::AddAddress(at->place->netlink, *address);
}

absl::Status Apply(Transaction& tx, const v1::DeleteAddress& operation) {
  auto at = tx.OpenLink(operation.namespace_(), operation.link());
  const int error = kernel::ErrnoOf(at.status());
  if (operation.allow_missing() && (error == ENODEV || error == ENOENT)) return absl::OkStatus();
  if (!at.ok()) return at.status();
  auto parsed = ParseAddress(operation.address(), operation.peer());
  if (!parsed.ok()) return parsed.status();
  tx.About(absl::StrCat(parsed->local.ToString(), " on ", at->place->Shown(at->link.name)));
  const auto have = AddressesOf(*at);
  if (!have.ok()) return have.status();
  const auto it = Find(*have, parsed->local, parsed->peer);
  if (it == have->end()) {
    if (operation.allow_missing()) {
      const auto otherwise =
          std::find_if(have->begin(), have->end(), [&](const auto& a) { return a.local.ip == parsed->local.ip; });
      if (otherwise == have->end()) return absl::OkStatus();
      return absl::FailedPreconditionError(absl::StrCat(tx.object(), " is not there as that, but as ",
                                                        WithPeer(*otherwise), "; delete it as what it is"));
    }
    return kernel::ErrnoError(EADDRNOTAVAIL, absl::StrCat("deleting address ", parsed->local.ToString()));
  }
  if (!operation.force()) {
    if (auto s = CheckAddressNotVital(tx, *at->place, *it); !s.ok()) return s;
  }
  auto state = Capture(*at->place, at->link, Reach::kSources, kLosesAddresses);
  if (!state.ok()) return state.status();
  Step step;
  *step.add_undo()->mutable_restore_link()->mutable_state() = *std::move(state);
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  return kernel::DeleteAddress(at->place->netlink, *it);
}

}  // namespace warren::executor
