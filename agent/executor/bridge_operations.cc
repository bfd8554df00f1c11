// Creating and deleting bridges; their ports.

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/executor/address_move.h"
#include "agent/executor/guard.h"
#include "agent/executor/ipv6_settings.h"
#include "agent/executor/new_link.h"
#include "agent/executor/operations.h"
#include "agent/executor/proof.h"
#include "agent/executor/refuse.h"
#include "agent/executor/snapshot.h"
#include "agent/kernel/address.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link_names.h"

namespace warren::executor {
namespace {

std::string KindOf(const kernel::Link& link) {
  return link.kind.empty() ? "a physical link" : absl::StrCat("a ", link.kind);
}

absl::Status NotABridge(const std::string& object, const kernel::Link& link) {
  return absl::FailedPreconditionError(absl::StrCat(object, " is not a bridge but ", KindOf(link)));
}

absl::Status SetUp(Place& place, int ifindex) {
  kernel::LinkChange up;
  up.up = true;
  return kernel::SetLink(place.netlink, ifindex, up);
}

absl::Status SetMaster(Place& place, int ifindex, int master) {
  kernel::LinkChange change;
  change.master = master;
  return kernel::SetLink(place.netlink, ifindex, change);
}

// Writes the step of attaching a port or detaching it, with that of a move of addresses to the bridge or from it where
// there is one, and does it. The move is then to be run.
absl::StatusOr<std::optional<AddressMove>> ChangeMaster(Transaction& tx, Place& place, const kernel::Link& port,
                                                        const kernel::Link& bridge, bool attach, bool move_addresses,
                                                        bool force) {
  Step step;
  std::optional<AddressMove> move;
  if (move_addresses) {
    auto planned = attach ? AddressMove::Plan(place, port, bridge, step) : AddressMove::Plan(place, bridge, port, step);
    if (!planned.ok()) return planned.status();
    move.emplace(*std::move(planned));
  } else {
    auto state = Capture(place, port, Reach::kLink, kLeavesBridge);
    if (!state.ok()) return state.status();
    *step.add_undo()->mutable_restore_link()->mutable_state() = *std::move(state);
  }
  // After its port: the kernel gives it the least MTU of its ports whenever one comes or goes, unless it was set by
  // itself (br_mtu_auto_adjust).
  const Losses of_bridge = std::min(port.mtu, bridge.mtu) < kernel::kIpv6MinMtu ? kGoesDown | kLosesIpv6 : kGoesDown;
  auto states = CaptureWithUppers(place, bridge, Reach::kSources, of_bridge);
  if (!states.ok()) return states.status();
  const bool had_ipv6 = bridge.mtu >= kernel::kIpv6MinMtu;
  for (LinkState& state : *states) {
    if ((of_bridge & kLosesIpv6) && had_ipv6) {
      if (auto s = NoteIpv6Settings(tx, place, state); !s.ok()) return s;
    }
    *step.add_undo()->mutable_restore_link()->mutable_state() = std::move(state);
  }
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  if (auto s = SetMaster(place, port.ifindex, attach ? bridge.ifindex : 0); !s.ok()) return s;
  if (!had_ipv6) {
    if (auto s = GiveBackIpv6Settings(tx, place, bridge.ifindex, force); !s.ok()) return s;
  }
  return move;
}

// The kernel says no more than EBUSY where something else has them (netdev_rx_handler_register).
absl::Status WithWhatTakesItsPackets(Place& place, const kernel::Link& port, const absl::Status& status) {
  if (kernel::ErrnoOf(status) != EBUSY) return status;
  auto uppers = UppersOf(place, port.ifindex);
  if (!uppers.ok()) return status;
  for (const kernel::Link& upper : *uppers) {
    if (upper.kind != "macvlan" && upper.kind != "macvtap" && upper.kind != "ipvlan" && upper.kind != "ipvtap")
      continue;
    return kernel::ErrnoError(EBUSY, absl::StrCat("attaching ", place.Shown(port.name), ", whose packets the ",
                                                  upper.kind, " ", upper.name, " takes"));
  }
  return status;
}

// The link is no port: what stands on the bridge may be there for another, and is not taken from it.
absl::Status CheckNothingToMove(Transaction& tx, Place& place, const v1::DetachLink& operation) {
  if (!operation.move_addresses() || operation.bridge().empty()) return absl::OkStatus();
  auto bridge = kernel::GetLink(place.netlink, operation.bridge());
  if (kernel::ErrnoOf(bridge.status()) == ENODEV) return absl::OkStatus();
  if (!bridge.ok()) return bridge.status();
  auto addresses = kernel::ListAddresses(place.netlink, bridge->ifindex);
  if (!addresses.ok()) return addresses.status();
  for (const kernel::Address& address : *addresses) {
    if (address.scope >= RT_SCOPE_LINK) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("link ", tx.object(), " is not a port of ", bridge->name, ", and ", address.local.ToString(),
                     ", which stands there, is not moved from it; attach the link first, or leave move_addresses out"));
  }
  return absl::OkStatus();
}

// OK when a bridge of the name is there as asked; NOT_FOUND when nothing has the name.
absl::Status Adopt(Transaction& tx, Place& place, const Asked& asked) {
  auto link = kernel::GetLink(place.netlink, asked.name);
  if (!link.ok()) return link.status();
  if (auto s = CheckIsItsName(place, *link, asked.name, "creating bridge"); !s.ok()) return s;
  if (link->kind != "bridge") return ExistsButDiffers(tx.object(), {absl::StrCat("it is ", KindOf(*link))});
  auto differences = Differences(tx, place, *link, asked);
  if (!differences.ok()) return differences.status();
  return differences->empty() ? absl::OkStatus() : ExistsButDiffers(tx.object(), *differences);
}

}  // namespace

absl::Status Apply(Transaction& tx, const v1::CreateBridge& operation) {
  auto place = tx.Open(operation.namespace_());
  if (!place.ok()) return place.status();
  tx.About((*place)->Shown(operation.name()));
  auto asked = ParseAsked(operation.name(), operation.mtu(), operation.mac(), operation.up(), operation.addresses());
  if (!asked.ok()) return asked.status();
  if (operation.allow_existing()) {
    auto adopted = Adopt(tx, **place, *asked);
    if (!absl::IsNotFound(adopted)) return adopted;
  }
  if (auto s = CheckNameFree(tx, **place, operation.name(), "creating bridge"); !s.ok()) return s;
  if (!operation.force()) {
    if (auto s = CheckNewLinkLeadsNothingAway(tx, **place, *asked); !s.ok()) return s;
  }
  const std::string mac = asked->mac.empty() ? kernel::RandomMac() : asked->mac;
  Step step;
  const uint32_t group = AddMaking(**place, {operation.name(), "bridge", mac, !asked->mac.empty()}, step);
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  if (auto s = kernel::CreateBridge((*place)->netlink, operation.name(), mac, operation.mtu(), 0, group); !s.ok()) {
    if (!MadeNothing(s)) return s;
    tx.Withdraw();
    // Somebody was faster.
    if (kernel::ErrnoOf(s) == EEXIST && operation.allow_existing()) {
      auto adopted = Adopt(tx, **place, *asked);
      if (!absl::IsNotFound(adopted)) return adopted;
    }
    return s;
  }
  return Furnish(tx, **place, *asked, mac);
}

absl::Status Apply(Transaction& tx, const v1::DeleteBridge& operation) {
  auto at = tx.OpenLink(operation.namespace_(), operation.name());
  const int error = kernel::ErrnoOf(at.status());
  if (operation.allow_missing() && (error == ENODEV || error == ENOENT)) return absl::OkStatus();
  if (!at.ok()) return at.status();
  if (at->link.kind != "bridge") return NotABridge(tx.object(), at->link);
  return DeleteLinkAt(tx, *at, operation.force());
}

absl::Status Apply(Transaction& tx, const v1::AttachLink& operation) {
  auto at = tx.OpenLink(operation.namespace_(), operation.link());
  if (!at.ok()) return at.status();
  Place& place = *at->place;
  const std::string object = tx.object();
  auto bridge = tx.OpenLink(operation.namespace_(), operation.bridge());
  if (!bridge.ok()) return bridge.status();
  if (bridge->link.kind != "bridge") return NotABridge(tx.object(), bridge->link);
  tx.About(object);
  // The kernel's refusal is a bare EINVAL (br_add_if).
  if (at->link.type != ARPHRD_ETHER) {
    return absl::FailedPreconditionError(
        absl::StrCat("link ", object, at->link.type == ARPHRD_LOOPBACK ? " is a loopback" : " is no Ethernet link",
                     ", and only Ethernet links can be ports of a bridge"));
  }
  if (at->link.master == bridge->link.ifindex) {
    if (!operation.allow_existing()) {
      return absl::AlreadyExistsError(absl::StrCat("link ", object, " already is a port of ", operation.bridge()));
    }
    // What stands on a port is still to be moved; the kernel leaves a port where it is (do_set_master).
    if (!operation.move_addresses()) return absl::OkStatus();
  } else if (at->link.master != 0) {
    // A bridge that this intent has deleted holds its ports until the commit.
    if (!tx.IsAside(place, at->link.master)) {
      auto other = kernel::GetLink(place.netlink, at->link.master);
      return absl::FailedPreconditionError(absl::StrCat(
          "link ", object, " is a port of ", other.ok() ? other->name : "another link", "; detach it from that first"));
    }
  }
  if (!operation.force() && !operation.move_addresses()) {
    if (auto s = CheckLinkNotVital(tx, place, at->link, "attached to a bridge without its addresses",
                                   "say move_addresses, and they move to the bridge with its routes in the same step");
        !s.ok()) {
      return s;
    }
  }
  if (!operation.force()) {
    if (auto s = CheckMtuNotVital(tx, place, bridge->link, at->link.mtu); !s.ok()) return s;
  }
  auto move =
      ChangeMaster(tx, place, at->link, bridge->link, /*attach=*/true, operation.move_addresses(), operation.force());
  if (!move.ok()) return WithWhatTakesItsPackets(place, at->link, move.status());
  if (!*move) return absl::OkStatus();
  // What answered on a link that is up must answer on the bridge.
  if (at->link.up() && !bridge->link.up()) {
    if (auto s = SetUp(place, bridge->link.ifindex); !s.ok()) return s;
  }
  return (*move)->Run();
}

absl::Status Apply(Transaction& tx, const v1::DetachLink& operation) {
  auto at = tx.OpenLink(operation.namespace_(), operation.link());
  if (!at.ok()) return at.status();
  Place& place = *at->place;
  const std::string object = tx.object();
  std::optional<kernel::Link> bridge;
  if (at->link.master != 0) {
    auto master = kernel::GetLink(place.netlink, at->link.master);
    if (!master.ok()) return master.status();
    if (master->kind == "bridge" && !tx.IsAside(place, master->ifindex)) bridge = *std::move(master);
  }
  if (!bridge) {
    if (operation.allow_missing()) return CheckNothingToMove(tx, place, operation);
    return absl::FailedPreconditionError(absl::StrCat("link ", object, " is not a port of a bridge"));
  }
  if (!operation.bridge().empty() && !kernel::AnswersTo(*bridge, operation.bridge())) {
    return absl::FailedPreconditionError(
        absl::StrCat("link ", object, " is a port of ", bridge->name, ", not of ", operation.bridge()));
  }
  if (!operation.force() && !operation.move_addresses()) {
    if (auto s = CheckLinkNotVital(tx, place, at->link, "detached from its bridge while the addresses stay there",
                                   "say move_addresses, and they move to the link with the routes in the same step");
        !s.ok()) {
      return s;
    }
  }
  auto move =
      ChangeMaster(tx, place, at->link, *bridge, /*attach=*/false, operation.move_addresses(), operation.force());
  if (!move.ok()) return move.status();
  return *move ? (*move)->Run() : absl::OkStatus();
}

}  // namespace warren::executor
