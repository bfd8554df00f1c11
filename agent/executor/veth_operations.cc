// Creating veth pairs.

#include <errno.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/executor/new_link.h"
#include "agent/executor/operations.h"
#include "agent/executor/peers.h"
#include "agent/executor/proof.h"
#include "agent/executor/refuse.h"
#include "agent/kernel/error.h"

namespace warren::executor {
namespace {

struct End {
  Place* place = nullptr;
  Asked asked;
  std::string mac;  // asked for, or chosen
};

absl::StatusOr<End> OpenEnd(Transaction& tx, const v1::VethEnd& end) {
  End opened;
  auto place = tx.Open(end.namespace_());
  if (!place.ok()) return place.status();
  opened.place = *place;
  tx.About((*place)->Shown(end.name()));
  auto asked = ParseAsked(end.name(), end.mtu(), end.mac(), end.up(), end.addresses());
  if (!asked.ok()) return asked.status();
  opened.asked = *std::move(asked);
  opened.asked.queues = end.queues();
  opened.mac = opened.asked.mac.empty() ? kernel::RandomMac() : opened.asked.mac;
  return opened;
}

// OK when both ends are there as asked; NOT_FOUND when neither is.
absl::Status Adopt(Transaction& tx, const End& a, const End& b) {
  tx.About(a.place->Shown(a.asked.name));
  auto link_a = kernel::GetLink(a.place->netlink, a.asked.name);
  auto link_b = kernel::GetLink(b.place->netlink, b.asked.name);
  if (!link_a.ok() && !link_b.ok()) return absl::NotFoundError("neither end is there");
  for (const auto& [end, link] : {std::pair{&a, &link_a}, std::pair{&b, &link_b}}) {
    if (!link->ok()) continue;
    tx.About(end->place->Shown(end->asked.name));
    if (auto s = CheckIsItsName(*end->place, **link, end->asked.name, "creating veth"); !s.ok()) return s;
  }
  tx.About(a.place->Shown(a.asked.name));
  if (!link_a.ok() || !link_b.ok()) {
    const End& missing = link_a.ok() ? b : a;
    const End& there = link_a.ok() ? a : b;
    return ExistsButDiffers(there.place->Shown(there.asked.name),
                            {absl::StrCat("there is no ", missing.place->Shown(missing.asked.name))});
  }
  auto peer = FindPeer(tx.places(), *a.place, *link_a);
  if (!peer.ok()) return peer.status();
  if (!*peer || (*peer)->place != b.place || (*peer)->link.ifindex != link_b->ifindex) {
    return ExistsButDiffers(tx.object(), {absl::StrCat("its other end is not ", b.place->Shown(b.asked.name))});
  }
  for (const End* end : {&a, &b}) {
    tx.About(end->place->Shown(end->asked.name));
    auto differences = Differences(tx, *end->place, end == &a ? *link_a : *link_b, end->asked);
    if (!differences.ok()) return differences.status();
    if (!differences->empty()) return ExistsButDiffers(tx.object(), *differences);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Apply(Transaction& tx, const v1::CreateVeth& operation) {
  auto a = OpenEnd(tx, operation.a());
  if (!a.ok()) return a.status();
  auto b = OpenEnd(tx, operation.b());
  if (!b.ok()) return b.status();
  if (operation.allow_existing()) {
    auto adopted = Adopt(tx, *a, *b);
    if (!absl::IsNotFound(adopted)) return adopted;
  }
  // The kernel's own EEXIST would not say which of the two names is taken.
  for (const End* end : {&*a, &*b}) {
    if (auto s = CheckNameFree(tx, *end->place, end->asked.name, "creating veth"); !s.ok()) return s;
  }
  tx.About(a->place->Shown(a->asked.name));
  if (a->place == b->place && a->asked.name == b->asked.name) {
    return kernel::ErrnoError(EEXIST, "creating a veth pair whose two ends have one name");
  }
  for (const End* end : {&*a, &*b}) {
    if (operation.force()) break;
    tx.About(end->place->Shown(end->asked.name));
    if (auto s = CheckNewLinkLeadsNothingAway(tx, *end->place, end->asked); !s.ok()) return s;
  }
  tx.About(a->place->Shown(a->asked.name));
  // The end that proves itself, where one does.
  const End& proof = a->asked.mac.empty() || !b->asked.mac.empty() ? *a : *b;
  Step step;
  const uint32_t group = AddMaking(*proof.place, {proof.asked.name, "veth", proof.mac, !proof.asked.mac.empty()}, step);
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;

  const auto end = [&](const End& from) {
    const uint32_t queues = from.asked.queues == 0 ? 1 : from.asked.queues;
    kernel::NewVethEnd to{&from.place->netns, from.asked.name, from.mac, from.asked.mtu, queues};
    if (&from == &proof) to.group = group;
    return to;
  };
  if (auto s = kernel::CreateVeth(a->place->netlink, end(*a), end(*b)); !s.ok()) {
    if (!MadeNothing(s)) return s;
    tx.Withdraw();
    // Somebody was faster.
    if (kernel::ErrnoOf(s) == EEXIST && operation.allow_existing()) {
      auto adopted = Adopt(tx, *a, *b);
      if (!absl::IsNotFound(adopted)) return adopted;
    }
    return s;
  }
  if (auto s = Furnish(tx, *a->place, a->asked, a->mac); !s.ok()) return s;
  return Furnish(tx, *b->place, b->asked, b->mac);
}

}  // namespace warren::executor
