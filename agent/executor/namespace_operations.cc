// Creating and deleting namespaces.

#include <errno.h>

#include "absl/strings/str_cat.h"
#include "agent/executor/aside.h"
#include "agent/executor/operations.h"
#include "agent/executor/peers.h"
#include "agent/executor/refuse.h"
#include "agent/executor/restore_kept.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netns_name.h"
#include "agent/kernel/nsid.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

absl::Status SetLoopbackUp(kernel::Netlink& netlink) {
  kernel::LinkChange up;
  up.up = true;
  return kernel::SetLink(netlink, kernel::kLoopback, up);
}

absl::Status Adopt(Transaction& tx, const v1::CreateNamespace& operation) {
  auto place = tx.Open(operation.namespace_());
  if (!place.ok()) return place.status();
  auto lo = kernel::GetLink((*place)->netlink, kernel::kLoopback);
  if (!lo.ok()) return lo.status();
  if (lo->up() == !operation.loopback_down()) return absl::OkStatus();
  return ExistsButDiffers(tx.object(), {absl::StrCat("its loopback is ", lo->up() ? "up" : "down")});
}

// The name stands for something that is no namespace: that is taken out of the way, and removed at the commit.
absl::Status DeleteOther(Transaction& tx, const std::string& name, const kernel::NoNetns& there, bool force) {
  const std::string shown = EscapeName(name);
  if (there.mounted || there.filled || !force) return there.ToStatus(shown);
  tx.Touch(name);
  const std::string path = tx.ParkPath();
  const std::string aside = absl::StrCat(std::string(kernel::kOutOfTheWay), path.substr(path.rfind('/') + 1));
  Step step;
  auto* undo = step.add_undo()->mutable_rename_back();
  undo->set_name(name);
  undo->set_aside(aside);
  step.add_forward()->mutable_remove_aside()->set_aside(aside);
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  return kernel::RenameInDir(tx.places().dir(), name, aside);
}

// Whether the namespace has the name that Warren gave it, besides this one.
bool LivesOn(Transaction& tx, const Place& place) {
  const auto given = tx.NameGiven(place.cookie());
  if (!given || IsNameOf(place.name, *given, place.cookie())) return false;
  const auto named = tx.places().dir().Open(*given);
  return named.ok() && named->inode == place.netns.inode;
}

// Its name is put at the path until the commit drops it there, or undo gives it back.
DropNetns& AddParking(const Place& place, const std::string& path, Step& step) {
  auto* undo = step.add_undo()->mutable_unpark_netns();
  undo->set_name(place.name);
  undo->set_path(path);
  undo->set_cookie(place.cookie());
  auto* drop = step.add_forward()->mutable_drop_netns();
  drop->set_name(place.name);
  drop->set_path(path);
  drop->set_cookie(place.cookie());
  drop->set_inode(place.netns.inode);
  drop->set_parked(true);
  return *drop;
}

// A name that others gave to a namespace of Warren's own: the namespace and what is in it stay as they are.
absl::Status DeleteName(Transaction& tx, const Place& place) {
  const std::string path = tx.ParkPath();
  const std::string name = place.name;
  Step step;
  AddParking(place, path, step).set_lives_on(true);
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  if (auto s = kernel::BindNetnsAt(place.netns, path); !s.ok()) return s;
  if (auto s = tx.places().dir().Unbind(name); !s.ok()) return s;
  tx.places().Close(name);
  return absl::OkStatus();
}

// Links that would perish with the namespace and that others made: neither physical, which return to the host, nor
// those the kernel puts into every namespace.
absl::StatusOr<std::string> ForeignLink(Transaction& tx, Place& place, const std::vector<kernel::Link>& links) {
  for (const kernel::Link& link : links) {
    const bool kept = link.kind.empty() || kernel::IsFallback(link) || tx.IsAside(place, link.ifindex);
    if (!kept && !tx.OwnsLink(place, link)) return link.name;
  }
  return std::string();
}

}  // namespace

absl::Status Apply(Transaction& tx, const v1::CreateNamespace& operation) {
  const std::string& name = operation.namespace_();
  tx.About(name);
  if (auto why = WhyBadNamespace(name)) return absl::InvalidArgumentError(absl::StrCat("the name ", *why));
  if (tx.places().dir().Open(name).ok()) {
    if (operation.allow_existing()) return Adopt(tx, operation);
    return kernel::ErrnoError(EEXIST, absl::StrCat("creating namespace ", name));
  }
  if (const kernel::NoNetns there = kernel::LookAtName(tx.places().dir(), name); !there.what.empty()) {
    return there.ToStatus(name);
  }
  tx.Touch(name);
  // Held by a descriptor alone, it is gone with the agent should that die; its name comes last.
  auto made = tx.NewNetns();
  if (!made.ok()) return made.status();
  Place& place = *tx.places().Adopt(name, std::move(made->netns), std::move(made->netlink));
  Step step;
  *step.add_undo()->mutable_unmake_netns()->mutable_netns() = place.Ref();
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  if (auto s = tx.places().dir().Bind(place.netns, name, MarkerOf(place.cookie())); !s.ok()) return s;
  tx.MadeNetns(place.cookie(), name);
  if (operation.loopback_down()) return absl::OkStatus();
  return SetLoopbackUp(place.netlink);
}

absl::Status Apply(Transaction& tx, const v1::DeleteNamespace& operation) {
  tx.About(operation.namespace_());
  if (operation.namespace_() == kHostNamespace) {
    return absl::InvalidArgumentError("the host's own namespace cannot be deleted");
  }
  auto opened = tx.Open(operation.namespace_());
  if (kernel::ErrnoOf(opened.status()) == ENOENT && operation.allow_missing()) return absl::OkStatus();
  if (!opened.ok()) {
    const auto raw = RawNamespace(operation.namespace_());
    if (!raw.ok()) return raw.status();
    const kernel::NoNetns there = kernel::LookAtName(tx.places().dir(), *raw);
    return there.what.empty() ? opened.status() : DeleteOther(tx, *raw, there, operation.force());
  }
  Place& place = **opened;
  const std::string name = place.name;
  const kernel::NetnsId id{place.netns.inode, place.cookie()};
  if (LivesOn(tx, place)) {
    if (operation.force()) return DeleteName(tx, place);
    return ForeignError(absl::StrCat("the name ", EscapeName(name), " of namespace ",
                                     EscapeName(tx.NameGiven(place.cookie()).value_or(""))));
  }
  auto links = kernel::ListLinks(place.netlink);
  if (!links.ok()) return links.status();
  if (!operation.force()) {
    const auto given = tx.NameGiven(place.cookie());
    if (!given || !IsNameOf(name, *given, place.cookie())) {
      return ForeignError(absl::StrCat("namespace ", EscapeName(name)));
    }
    auto foreign = ForeignLink(tx, place, *links);
    if (!foreign.ok()) return foreign.status();
    if (!foreign->empty()) return ForeignError(absl::StrCat("link ", place.Shown(*foreign), " in it"));
    if (auto s = CheckNobodyIn(tx.places().worker(), EscapeName(name), id); !s.ok()) return s;
  }

  auto host = tx.places().Host();
  if (!host.ok()) return host.status();
  auto nsid = kernel::GetOrAssignNsid((*host)->netlink, place.netns);
  if (!nsid.ok()) return nsid.status();
  const std::string path = tx.ParkPath();
  Step step;
  AddParking(place, path, step).set_nsid(*nsid);
  std::vector<Aside> asides;
  for (const kernel::Link& link : *links) {
    if (link.kind.empty()) tx.Touch(std::string(kRawHost));  // a physical link returns there
    auto peer = FindPeer(tx.places(), place, link);
    if (!peer.ok()) return peer.status();
    if (!*peer || (*peer)->place == &place) continue;
    if (!operation.force()) {
      if (auto s = CheckMayPerish(tx, *(*peer)->place, (*peer)->link); !s.ok()) return s;
    }
    auto aside = PlanAside(*(*peer)->place, (*peer)->link, step);
    if (!aside.ok()) return aside.status();
    asides.push_back(*std::move(aside));
  }
  for (const Aside& aside : asides) {
    if (auto s = KeepOfFollowers(tx.places(), *aside.place, aside.link, step); !s.ok()) return s;
  }
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;

  tx.ParksNetns(id.cookie);
  if (auto s = kernel::BindNetnsAt(place.netns, path); !s.ok()) return s;
  if (auto s = tx.places().dir().Unbind(name); !s.ok()) return s;
  for (const Aside& aside : asides) {
    if (auto s = SetAside(tx, aside); !s.ok()) return s;
  }
  tx.doomed().push_back({name, path, id, operation.force(), tx.operation()});
  tx.LostNetns(place.cookie());
  tx.places().Close(name);
  return absl::OkStatus();
}

}  // namespace warren::executor
