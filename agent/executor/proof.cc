#include "agent/executor/proof.h"

#include <errno.h>

#include <functional>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"

namespace warren::executor {
namespace {

// By its name where it has kept that, otherwise among all there are.
absl::StatusOr<kernel::Link> Find(Place& place, const std::string& name,
                                  const std::function<bool(const kernel::Link&)>& is_it) {
  auto named = kernel::GetLink(place.netlink, name);
  if (named.ok() && is_it(*named)) return named;
  auto all = kernel::ListLinks(place.netlink);
  if (!all.ok()) return all.status();
  std::optional<kernel::Link> found;
  for (kernel::Link& link : *all) {
    if (!is_it(link)) continue;
    // What proves something is there once.
    if (found) return kernel::ErrnoError(ENODEV, "looking for the link that was made");
    found = std::move(link);
  }
  if (!found) return kernel::ErrnoError(ENODEV, "looking for the link that was made");
  return *std::move(found);
}

// Where an intent's links may be by now, besides where they were made.
std::vector<NetnsRef> MovedTo(const std::vector<Step>& steps) {
  std::vector<NetnsRef> refs;
  for (const Step& step : steps) {
    for (const Undo& undo : step.undo()) {
      if (undo.has_restore_link() && undo.restore_link().has_moved_to()) refs.push_back(undo.restore_link().moved_to());
    }
  }
  return refs;
}

}  // namespace

uint32_t AddMaking(const Place& place, const NewLinkIdentity& link, Step& step) {
  auto* undo = step.add_undo()->mutable_unmake_link();
  *undo->mutable_netns() = place.Ref();
  undo->set_name(link.name);
  undo->set_mac(link.mac);
  undo->set_kind(link.kind);
  if (!link.mac_given) return 0;
  undo->set_group(kernel::RandomGroup());
  auto* leave = step.add_forward()->mutable_leave_group();
  *leave->mutable_netns() = place.Ref();
  leave->set_name(link.name);
  leave->set_group(undo->group());
  return undo->group();
}

bool MadeNothing(const absl::Status& creation) {
  switch (kernel::ErrnoOf(creation)) {
    case 0:
    // With these it can be the answer that was not read.
    case ENOBUFS:
    case ENOMEM:
    case EMSGSIZE:
      return false;
    default:
      return true;
  }
}

absl::StatusOr<kernel::Link> FindMade(Place& place, const UnmakeLink& made) {
  return Find(place, made.name(), [&](const kernel::Link& link) {
    return link.kind == made.kind() && (made.group() != 0 ? link.group == made.group() : link.mac == made.mac());
  });
}

bool HasGroups(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    for (const Forward& forward : step.forward()) {
      if (forward.has_leave_group()) return true;
    }
  }
  return false;
}

std::vector<std::string> LeaveGroups(Places& places, const std::vector<Step>& steps) {
  std::vector<std::string> left;
  const std::vector<NetnsRef> moved_to = MovedTo(steps);
  const auto leave = [&](const NetnsRef& where, const LeaveGroup& of) {
    auto place = places.Open(where);
    if (!place.ok()) return false;  // gone, and the link with it
    auto link = Find(**place, of.name(), [&](const kernel::Link& each) { return each.group == of.group(); });
    if (!link.ok()) return false;
    kernel::LinkChange change;
    change.group = 0;
    auto status = kernel::SetLink((*place)->netlink, link->ifindex, change);
    if (!status.ok() && kernel::ErrnoOf(status) != ENODEV) {
      left.push_back(absl::StrCat("link ", (*place)->Shown(link->name), " is still in group ", of.group(), ": ",
                                  status.message()));
    }
    return true;
  };
  for (const Step& step : steps) {
    for (const Forward& forward : step.forward()) {
      if (!forward.has_leave_group()) continue;
      bool done = leave(forward.leave_group().netns(), forward.leave_group());
      for (size_t i = 0; !done && i < moved_to.size(); ++i) done = leave(moved_to[i], forward.leave_group());
    }
  }
  return left;
}

}  // namespace warren::executor
