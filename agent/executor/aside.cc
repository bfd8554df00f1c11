#include "agent/executor/aside.h"

#include "agent/executor/snapshot.h"

namespace warren::executor {

absl::StatusOr<Aside> PlanAside(Place& place, const kernel::Link& link, Step& step) {
  auto states = CaptureWithUppers(place, link, Reach::kSources, kGoesDown);
  if (!states.ok()) return states.status();
  for (LinkState& state : *states) *step.add_undo()->mutable_restore_link()->mutable_state() = std::move(state);
  return Aside{&place, link, Transaction::AsideName()};
}

absl::Status SetAside(Transaction& tx, const Aside& aside) {
  tx.Touch(aside.place->name);
  // Two messages: kernels before 6.2 do not rename a link that is up.
  kernel::LinkChange down, rename;
  down.up = false;
  rename.name = aside.name;
  if (auto s = kernel::SetLink(aside.place->netlink, aside.link.ifindex, down); !s.ok()) return s;
  if (auto s = kernel::SetLink(aside.place->netlink, aside.link.ifindex, rename); !s.ok()) return s;
  tx.NoteAside(*aside.place, aside.link.ifindex);
  tx.LostLink(*aside.place, aside.link.ifindex);
  return absl::OkStatus();
}

}  // namespace warren::executor
