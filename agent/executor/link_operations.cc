// Moving, deleting and changing links.

#include <errno.h>
#include <net/if_arp.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/executor/aside.h"
#include "agent/executor/diversion.h"
#include "agent/executor/guard.h"
#include "agent/executor/ipv6_settings.h"
#include "agent/executor/new_link.h"
#include "agent/executor/operations.h"
#include "agent/executor/peers.h"
#include "agent/executor/refuse.h"
#include "agent/executor/restore_kept.h"
#include "agent/executor/snapshot.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link_settings.h"

namespace warren::executor {

namespace {

// The kernel acknowledges some changes that a driver does not make, or makes otherwise.
absl::Status CheckChanged(const Transaction::LinkAt& at, const kernel::LinkChange& change) {
  auto now = kernel::GetLink(at.place->netlink, at.link.ifindex);
  if (!now.ok()) return now.status();
  std::vector<std::string> otherwise;
  if (change.up && now->up() != *change.up) otherwise.push_back(now->up() ? "up" : "down");
  if (change.mtu && now->mtu != *change.mtu) otherwise.push_back(absl::StrCat("of MTU ", now->mtu));
  if (change.mac && now->mac != *change.mac) otherwise.push_back(absl::StrCat("of MAC ", kernel::FormatMac(now->mac)));
  if (otherwise.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the kernel took the change of ", at.place->Shown(now->name),
                                                    ", and it still is ", absl::StrJoin(otherwise, ", ")));
}

// The kernel names no number, and nothing at all where it is the link below that allows no more.
absl::Status WithMtuLimits(const Transaction::LinkAt& at, uint32_t mtu, const absl::Status& status) {
  auto limits = kernel::MtuLimitsOf(at.place->netlink, at.link.ifindex);
  if (!limits.ok()) return status;
  std::string doing = absl::StrCat("setting an MTU of ", mtu, " on ", at.place->Shown(at.link.name), ", which takes ",
                                   limits->least, " to ", limits->greatest == 0 ? UINT32_MAX : limits->greatest);
  if (limits->lower != 0) {
    auto lower = kernel::GetLink(at.place->netlink, limits->lower);
    if (lower.ok()) absl::StrAppend(&doing, " and stands on ", lower->name, " with an MTU of ", lower->mtu);
  }
  return kernel::ErrnoError(kernel::ErrnoOf(status), doing, kernel::ExtendedAckOf(status));
}

absl::Status Change(const Transaction::LinkAt& at, kernel::LinkChange change) {
  kernel::Netlink& netlink = at.place->netlink;
  if (change.name && change.up == false && at.link.up()) {
    // Down first, for kernels that do not rename a link that is up; in one message the name comes first.
    kernel::LinkChange down;
    down.up = false;
    if (auto s = kernel::SetLink(netlink, at.link.ifindex, down); !s.ok()) return s;
  }
  const absl::Status status = kernel::SetLink(netlink, at.link.ifindex, change);
  if (status.ok()) return CheckChanged(at, change);
  const int error = kernel::ErrnoOf(status);
  if (change.mtu && (error == EINVAL || error == ERANGE)) return WithMtuLimits(at, *change.mtu, status);
  if (kernel::ErrnoOf(status) != EBUSY || !at.link.up() || (!change.name && !change.mac)) return status;
  return kernel::ErrnoError(EBUSY,
                            absl::StrCat("changing the link, which is up: kernels before 6.2 do not rename such a one, "
                                         "nor do some drivers change its MAC; set it down first and up again after it, "
                                         "in the same intent, which takes its routes and IPv6 addresses away"));
}

}  // namespace

absl::Status Apply(Transaction& tx, const v1::MoveLink& operation) {
  auto from = tx.OpenLink(operation.namespace_(), operation.name());
  if (!from.ok()) return from.status();
  const std::string object = tx.object();
  auto to = tx.Open(operation.to_namespace());
  if (!to.ok()) return to.status();
  if (*to != from->place && from->link.type == ARPHRD_LOOPBACK) {
    tx.About(object);
    return absl::FailedPreconditionError(
        absl::StrCat("link ", object, " is a loopback: each namespace has its own, which does not leave it"));
  }
  const std::string name = operation.to_name().empty() ? from->link.name : operation.to_name();
  if (*to != from->place || name != from->link.name) {
    const absl::Status free = CheckNameFree(tx, **to, name, "moving to");
    tx.About(object);
    if (!free.ok()) return free;
  }
  tx.About(object);
  if (!operation.force()) {
    if (auto s =
            CheckLinkNotVital(tx, *from->place, from->link, "moved",
                              "to give a namespace a way out, attach the link to a bridge with move_addresses, and "
                              "to that bridge a veth of the namespace");
        !s.ok()) {
      return s;
    }
    auto uppers = UppersOf(*from->place, from->link.ifindex);
    if (!uppers.ok()) return uppers.status();
    if (!uppers->empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("link ", object, " carries ", from->place->Shown(uppers->front().name),
                       ", which does not move with it and which the kernel may delete; delete that first"));
    }
  }
  auto states = CaptureWithUppers(*from->place, from->link, Reach::kSources);
  if (!states.ok()) return states.status();
  Step step;
  for (LinkState& state : *states) *step.add_undo()->mutable_restore_link()->mutable_state() = std::move(state);
  auto* undo = step.mutable_undo(0)->mutable_restore_link();
  *undo->mutable_moved_to() = (*to)->Ref();
  undo->set_moved_name(name);
  if (auto s = KeepOfFollowers(tx.places(), *from->place, from->link, step); !s.ok()) return s;
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;

  const bool own = tx.OwnsLink(*from->place, from->link);
  auto peer = FindPeer(tx.places(), *from->place, from->link);
  if (!peer.ok()) return peer.status();
  const bool owns_peer = *peer && tx.OwnsLink(*(*peer)->place, (*peer)->link);
  if (own) tx.NoteMoved(*from->place, from->link);
  if (auto s = kernel::MoveLink(from->place->netlink, from->link.ifindex, (*to)->netns, name); !s.ok()) return s;
  auto moved = kernel::GetLink((*to)->netlink, name);
  if (!moved.ok()) return moved.status();
  if (own) {
    tx.LostLink(*from->place, from->link.ifindex);
    tx.MadeLink(**to, *moved);
  }
  if (owns_peer && moved->ifindex != from->link.ifindex) {
    kernel::Link other = (*peer)->link;
    other.peer = moved->ifindex;
    tx.MadeLink(*(*peer)->place, other);
  }
  return absl::OkStatus();
}

absl::Status Apply(Transaction& tx, const v1::DeleteLink& operation) {
  auto at = tx.OpenLink(operation.namespace_(), operation.name());
  const int error = kernel::ErrnoOf(at.status());
  if (operation.allow_missing() && (error == ENODEV || error == ENOENT)) return absl::OkStatus();
  if (!at.ok()) return at.status();
  return DeleteLinkAt(tx, *at, operation.force());
}

namespace {

// The way that takes nothing away: what stands on a bridge can go back to the port by which it leaves.
absl::StatusOr<std::string> InsteadOfDeleting(Transaction& tx, Place& place, const kernel::Link& link) {
  if (link.kind != "bridge") return std::string();
  auto links = kernel::ListLinks(place.netlink);
  if (!links.ok()) return links.status();
  const auto port = std::find_if(links->begin(), links->end(), [&](const kernel::Link& each) {
    return each.master == link.ifindex && !tx.OwnsLink(place, each);
  });
  if (port == links->end()) return std::string();
  return absl::StrCat("detach ", port->name, " from it with move_addresses first, and they go back there");
}

}  // namespace

absl::Status CheckMayPerish(Transaction& tx, Place& place, const kernel::Link& link) {
  auto uppers = UppersOf(place, link.ifindex);
  if (!uppers.ok()) return uppers.status();
  for (const kernel::Link& upper : *uppers) {
    if (!tx.OwnsLink(place, upper)) {
      return ForeignError(absl::StrCat("link ", place.Shown(upper.name), " on ", place.Shown(link.name)));
    }
  }
  auto instead = InsteadOfDeleting(tx, place, link);
  if (!instead.ok()) return instead.status();
  return CheckLinkNotVital(tx, place, link, "deleted", *instead);
}

absl::Status DeleteLinkAt(Transaction& tx, const Transaction::LinkAt& at, bool force) {
  Place& place = *at.place;
  // Known before the commit, after which there is no way back: the kernel deletes only what a driver lets be deleted.
  if (at.link.kind.empty() || kernel::IsFallback(at.link)) {
    return kernel::ErrnoError(EOPNOTSUPP, absl::StrCat("deleting ", tx.object(), ", which is not a virtual link"));
  }
  if (!force) {
    if (!tx.OwnsLink(place, at.link)) return ForeignError(absl::StrCat("link ", tx.object()));
    if (auto s = CheckMayPerish(tx, place, at.link); !s.ok()) return s;
  }
  auto peer = FindPeer(tx.places(), place, at.link);
  if (!peer.ok()) return peer.status();
  if (*peer && !force) {
    if (auto s = CheckMayPerish(tx, *(*peer)->place, (*peer)->link); !s.ok()) return s;
  }
  Step step;
  std::vector<Aside> asides;
  auto own = PlanAside(place, at.link, step);
  if (!own.ok()) return own.status();
  asides.push_back(*std::move(own));
  if (*peer) {
    auto other = PlanAside(*(*peer)->place, (*peer)->link, step);
    if (!other.ok()) return other.status();
    asides.push_back(*std::move(other));
  }
  auto* drop = step.add_forward()->mutable_drop_link();
  *drop->mutable_netns() = place.Ref();
  drop->set_ifindex(at.link.ifindex);
  drop->set_name(asides[0].name);
  drop->set_shown(tx.object());
  for (const Aside& aside : asides) {
    if (auto s = KeepOfFollowers(tx.places(), *aside.place, aside.link, step); !s.ok()) return s;
  }
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  for (const Aside& aside : asides) {
    if (auto s = SetAside(tx, aside); !s.ok()) return s;
  }
  return absl::OkStatus();
}

namespace {

// Programs of the host talk to each other by it, the agent and a server or tunnel beside it among them.
absl::Status CheckLoopbackOfHost(const Place& place, const kernel::Link& link, const kernel::LinkChange& change) {
  if (!place.is_host() || link.type != ARPHRD_LOOPBACK) return absl::OkStatus();
  const char* doing = change.name                                           ? "renamed"
                      : change.up == false                                  ? "set down"
                      : change.mtu.value_or(link.mtu) < kernel::kIpv6MinMtu ? "given an MTU without IPv6"
                                                                            : nullptr;
  if (doing == nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(place.Shown(link.name), " is the host's loopback and is not ",
                                                    doing, " unless the operation says force"));
}

// What else a change may do to what the host lives by.
absl::Status CheckChangeNotVital(Transaction& tx, Place& place, const kernel::Link& link,
                                 const kernel::LinkChange& change) {
  if (change.mac && *change.mac != link.mac) {
    if (auto s = CheckLinkNotVital(tx, place, link, "given another MAC"); !s.ok()) return s;
  }
  if (change.mtu) {
    if (auto s = CheckMtuNotVital(tx, place, link, *change.mtu); !s.ok()) return s;
  }
  if (change.up == true && !link.up()) return CheckAddressesLeadNothingAway(tx, place, link);
  return absl::OkStatus();
}

}  // namespace

absl::Status Apply(Transaction& tx, const v1::SetLink& operation) {
  auto at = tx.OpenLink(operation.namespace_(), operation.name());
  if (!at.ok()) return at.status();
  kernel::LinkChange change;
  if (operation.has_up()) change.up = operation.up();
  if (operation.has_mtu()) change.mtu = operation.mtu();
  if (operation.has_mac()) {
    change.mac = kernel::ParseMac(operation.mac());
    if (!change.mac) return absl::InvalidArgumentError(absl::StrCat("\"", operation.mac(), "\" is not a MAC address"));
  }
  if (change.mac && at->link.type == ARPHRD_LOOPBACK && *change.mac != at->link.mac) {
    return absl::FailedPreconditionError(
        absl::StrCat(tx.object(), " is a loopback: the kernel would not take its MAC of zeros back (eth_mac_addr)"));
  }
  if (operation.has_new_name() && operation.new_name() != at->link.name) {
    const std::string object = tx.object();
    const absl::Status free = CheckNameFree(tx, *at->place, operation.new_name(), "renaming to");
    tx.About(object);
    if (!free.ok()) return free;
    change.name = operation.new_name();
  }
  if (!operation.force()) {
    if (auto s = CheckLoopbackOfHost(*at->place, at->link, change); !s.ok()) return s;
  }
  if (change.up == false && at->link.up() && !operation.force()) {
    if (auto s = CheckLinkNotVital(tx, *at->place, at->link, "set down"); !s.ok()) return s;
  }
  if (!operation.force()) {
    if (auto s = CheckChangeNotVital(tx, *at->place, at->link, change); !s.ok()) return s;
  }
  const bool ipv6_comes_or_goes = change.mtu && std::min(*change.mtu, at->link.mtu) < kernel::kIpv6MinMtu;
  auto states =
      CaptureWithUppers(*at->place, at->link, Reach::kSources, kGoesDown | (ipv6_comes_or_goes ? kLosesIpv6 : 0));
  if (!states.ok()) return states.status();
  Step step;
  for (LinkState& state : *states) {
    auto* undo = step.add_undo()->mutable_restore_link();
    *undo->mutable_state() = std::move(state);
    // Those on it take it over (vlan_device_event, ipvlan_device_event).
    if (change.mac) undo->set_new_mac(*change.mac);
  }
  const bool loses_ipv6 = change.mtu && *change.mtu < kernel::kIpv6MinMtu && at->link.mtu >= kernel::kIpv6MinMtu;
  if (loses_ipv6) {
    for (const Undo& undo : step.undo()) {
      if (auto s = NoteIpv6Settings(tx, *at->place, undo.restore_link().state()); !s.ok()) return s;
    }
  }
  if (change.up == false) {
    if (auto s = KeepOfFollowers(tx.places(), *at->place, at->link, step); !s.ok()) return s;
  }
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  if (auto s = Change(*at, change); !s.ok()) return s;
  if (change.mac && tx.OwnsLink(*at->place, at->link)) {
    // It is known by its new MAC from now on.
    kernel::Link changed = at->link;
    changed.mac = *change.mac;
    tx.MadeLink(*at->place, changed);
  }
  if (!ipv6_comes_or_goes || loses_ipv6) return absl::OkStatus();
  return GiveBackIpv6Settings(tx, *at->place, at->link.ifindex, operation.force());
}

}  // namespace warren::executor
