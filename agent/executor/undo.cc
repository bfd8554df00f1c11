#include "agent/executor/undo.h"

#include <errno.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/executor/proof.h"
#include "agent/executor/replay.h"
#include "agent/executor/restore_kept.h"
#include "agent/executor/routes_before.h"
#include "agent/executor/snapshot.h"
#include "agent/kernel/address.h"
#include "agent/kernel/error.h"
#include "agent/kernel/netns_name.h"
#include "agent/kernel/route.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

using Problems = std::vector<Problem>;

void Note(Problems& problems, std::string text) { problems.push_back({std::move(text), {}, {}, {}}); }

std::string Netns(const std::string& name) { return absl::StrCat("namespace ", ShowNamespace(name), ": "); }

// Gone with its namespace, or never there.
bool IsGone(const absl::Status& status) {
  const int error = kernel::ErrnoOf(status);
  return error == ENOENT || error == ENODEV || error == ESRCH || error == EADDRNOTAVAIL;
}

// The name stands for the namespace that is bound at the path: nothing else may be unnamed.
bool NamesTheSame(Places& places, const std::string& name, const std::string& path) {
  auto named = places.dir().Open(name);
  auto built = kernel::OpenNetnsAt(path);
  return named.ok() && built.ok() && named->inode == built->inode;
}

void Run(Places& places, const UnmakeNetns& undo, Problems& problems) {
  // Open under a name that it may never have got; it may have got another than that.
  places.Close(undo.netns().name());
  auto place = places.Open(undo.netns());
  const bool named = place.ok();
  const std::string name = named ? (*place)->name : undo.netns().name();
  places.Close(name);
  const auto marker = places.dir().Marker(name);
  if (!named && !(marker.ok() && *marker == MarkerOf(undo.netns().cookie()))) return;
  if (auto s = places.dir().Unbind(name); !s.ok()) Note(problems, absl::StrCat(Netns(name), s.message()));
}

void Run(Places& places, const UnparkNetns& undo, Problems& problems) {
  places.Close(undo.name());
  auto parked = kernel::OpenNetnsAt(undo.path());
  if (parked.ok() && !NamesTheSame(places, undo.name(), undo.path())) {
    // What is left of the name when it was unmounted and not yet removed.
    if (places.dir().Marker(undo.name()).ok()) (void)places.dir().Unbind(undo.name());
    if (auto s = places.dir().Bind(*parked, undo.name(), MarkerOf(undo.cookie())); !s.ok()) {
      auto other = BindUnderAnotherName(places.dir(), *parked, undo.name(), undo.cookie());
      if (!other.ok()) {
        // Nothing takes it away there: at the next start there is another attempt (NameWhatIsParked).
        Note(problems, absl::StrCat(Netns(undo.name()), s.message(), "; it is still bound at ", undo.path()));
        return;
      }
      Note(problems,
           absl::StrCat(Netns(undo.name()), s.message(), "; it is kept, under the name ", EscapeName(*other)));
    }
  }
  if (auto s = kernel::UnbindNetnsAt(undo.path()); !s.ok()) {
    Note(problems, absl::StrCat(Netns(undo.name()), s.message()));
  }
}

void Run(Places& places, const UnmakeLink& undo, Problems& problems) {
  auto place = places.Open(undo.netns());
  if (!place.ok()) return;  // gone, and the link with it
  auto link = FindMade(**place, undo);
  if (!link.ok()) {
    if (!IsGone(link.status())) Note(problems, absl::StrCat(Netns((*place)->name), link.status().message()));
    return;
  }
  if (auto s = kernel::DeleteLink((*place)->netlink, link->ifindex); !s.ok() && !IsGone(s)) {
    Note(problems, absl::StrCat("link ", (*place)->Shown(undo.name()), ": ", s.message()));
  }
}

void Run(Places& places, const RestoreLink& undo, Problems& problems) { Restore(places, undo, problems); }

void Run(Places& places, const RestoreKept& undo, Problems& problems) { RestoreOf(places, undo, problems); }

// These are there again, and expire when they would have.
void PutRoutesBack(Place& place, const google::protobuf::RepeatedPtrField<std::string>& bodies, Problems& problems) {
  std::vector<kernel::Route> routes;
  for (const std::string& body : bodies) routes.push_back(kernel::RouteFromBody(body));
  ReplayExpiries(place, routes);
  ReplayRoutes(place, routes, {}, problems);
}

void Run(Places& places, const RemoveAddress& undo, Problems& problems) {
  auto place = places.Open(undo.netns());
  if (!place.ok()) return;
  const int family = undo.ip().size() == 4 ? AF_INET : AF_INET6;
  const kernel::IpPrefix local{{family, undo.ip()}, undo.length()};
  const kernel::Ip peer = undo.peer().empty() ? kernel::Ip{} : kernel::Ip{family, undo.peer()};
  auto have = kernel::ListAddresses((*place)->netlink, undo.ifindex());
  if (!have.ok()) return;
  // The kernel would take another one with this address for it.
  const auto it =
      std::find_if(have->begin(), have->end(), [&](const auto& a) { return a.local == local && a.peer == peer; });
  if (it != have->end()) {
    auto s = kernel::DeleteAddress((*place)->netlink, *it);
    // Where it was there before, it is put back.
    if (s.ok()) s = kernel::DeletePrefixRoute((*place)->netlink, *it);
    if (!s.ok() && !IsGone(s)) Note(problems, absl::StrCat(Netns((*place)->name), s.message()));
  }
  PutRoutesBack(**place, undo.routes(), problems);
}

void Run(Places& places, const ChangeAddressBack& undo, Problems& problems) {
  auto place = places.Open(undo.netns());
  if (!place.ok()) return;
  const kernel::Address was = kernel::AddressFromBody(undo.body());
  auto have = kernel::ListAddresses((*place)->netlink, was.ifindex);
  if (!have.ok()) return;
  const auto it = std::find_if(have->begin(), have->end(), [&](const auto& a) { return a.SameAs(was); });
  if (it == have->end()) return;  // taken away by others
  const auto now = kernel::After(was, PassedSince(undo.read_at()));
  const absl::Status status = now ? kernel::ChangeAddressBack((*place)->netlink, *now)
                                  : kernel::DeleteAddress((*place)->netlink, *it);  // its time would be over
  if (!status.ok() && !IsGone(status)) Note(problems, absl::StrCat(Netns((*place)->name), status.message()));
  PutRoutesBack(**place, undo.routes(), problems);
}

void Run(Places& places, const RestoreRoutes& undo, Problems& problems) {
  auto place = places.Open(undo.netns());
  if (!place.ok()) return;
  kernel::RouteFilter filter;
  filter.family = undo.family();
  filter.table = undo.table();
  auto have = kernel::ListRoutes((*place)->netlink, filter);
  if (!have.ok()) {
    Note(problems, absl::StrCat(Netns((*place)->name), have.status().message()));
    return;
  }
  const kernel::IpPrefix destination{{undo.family(), undo.destination()}, undo.length()};
  for (const kernel::Route& route : *have) {
    if (route.destination != destination) continue;
    if (WasBefore(undo, route)) continue;
    if (auto s = kernel::DeleteExactly((*place)->netlink, route); !s.ok() && !IsGone(s)) {
      Note(problems, absl::StrCat(Netns((*place)->name), s.message()));
    }
  }
  if (undo.only_remove()) return;
  std::vector<kernel::Route> before;
  for (const std::string& body : undo.before()) before.push_back(kernel::RouteFromBody(body));
  ReplayRoutes(**place, before, {}, problems);
}

void Run(Places& places, const RenameBack& undo, Problems& problems) {
  if (!places.dir().Has(undo.aside())) return;
  if (auto s = kernel::RenameInDir(places.dir(), undo.aside(), undo.name()); !s.ok()) {
    Note(problems, absl::StrCat(Netns(undo.name()), s.message(), "; what had that name is now ",
                                places.dir().PathOf(undo.aside())));
  }
}

// Whether the earlier steps say that it came with the intent, and so is not to be there in the end.
bool CameWith(const Problem& problem, const std::vector<Step>& earlier) {
  for (const Step& step : earlier) {
    for (const Undo& undo : step.undo()) {
      if (problem.route && undo.has_restore_routes()) {
        const RestoreRoutes& routes = undo.restore_routes();
        if (routes.netns().cookie() == problem.netns.cookie() && routes.table() == problem.route->table &&
            routes.destination() == problem.route->destination.ip.bytes &&
            routes.length() == problem.route->destination.length && !WasBefore(routes, *problem.route)) {
          return true;
        }
      }
      if (problem.address && undo.has_remove_address()) {
        const RemoveAddress& address = undo.remove_address();
        if (address.netns().cookie() == problem.netns.cookie() && address.ifindex() == problem.address->ifindex &&
            address.ip() == problem.address->local.ip.bytes && address.length() == problem.address->local.length) {
          return true;
        }
      }
    }
  }
  return false;
}

bool Has(const KeptList& list, const Kept& kept) {
  return std::any_of(list.begin(), list.end(), [&](const Kept& other) {
    return other.facility() == kept.facility() && other.key() == kept.key();
  });
}

// Whether the earlier steps say how it was before, so that the undo of those decides what is there in the end.
bool IsDecidedEarlier(const RestoreKept& record, const std::vector<Step>& steps, size_t earlier) {
  const auto of_link = [&](const NetnsRef& netns, int ifindex) {
    return netns.cookie() == record.netns().cookie() && ifindex == record.ifindex();
  };
  for (size_t i = 0; i < earlier; ++i) {
    for (const Undo& undo : steps[i].undo()) {
      const LinkState& state = undo.restore_link().state();
      if (of_link(state.netns(), state.ifindex()) && Has(state.kept(), record.kept(0))) return true;
      const RestoreKept& other = undo.restore_kept();
      if (of_link(other.netns(), other.ifindex()) && Has(other.kept(), record.kept(0))) return true;
    }
  }
  return false;
}

// Later undos, those of the earlier steps, may have put it back.
bool Remains(Places& places, const Problem& problem, const std::vector<Step>& earlier) {
  if (!problem.address && !problem.route) return true;
  auto place = places.Open(problem.netns);
  if (!place.ok() || CameWith(problem, earlier)) return false;
  kernel::Netlink& netlink = (*place)->netlink;
  if (problem.address) {
    // Where the link is gone it was made by the intent, or is told to be missing.
    if (!kernel::GetLink(netlink, problem.address->ifindex).ok()) return false;
    auto have = kernel::ListAddresses(netlink, problem.address->ifindex);
    return !have.ok() ||
           std::none_of(have->begin(), have->end(), [&](const auto& a) { return a.SameAs(*problem.address); });
  }
  const kernel::Route& route = *problem.route;
  if (route.ifindex != 0 && !kernel::GetLink(netlink, route.ifindex).ok()) return false;
  for (const kernel::NextHop& hop : route.next_hops) {
    if (!kernel::GetLink(netlink, hop.ifindex).ok()) return false;
  }
  auto have = kernel::ListRoutes(netlink);
  return !have.ok() || std::none_of(have->begin(), have->end(), [&](const auto& r) { return r.body == route.body; });
}

// When all steps are taken back, what needed a carrier or a route that was still missing has it; then the routes that
// needed that.
void OnceMore(Places& places, const std::vector<Step>& steps, std::vector<std::pair<Problem, size_t>>& all) {
  Problems kept;
  for (const auto& [problem, earlier] : all) {
    if (problem.kept && !IsDecidedEarlier(*problem.kept, steps, earlier)) kept.push_back(problem);
  }
  std::erase_if(all, [](const auto& each) { return each.first.kept.has_value(); });
  // The last first: what the first has is how it was.
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    Problems told_already;
    for (const Undo& undo : step->undo()) PutBackAfterCarrier(places, undo.restore_link().state(), told_already);
  }
  if (kept.empty()) return;
  SecondChance(places, kept);
  for (const auto& [problem, earlier] : all) {
    if (!problem.route || !Remains(places, problem, {steps.begin(), steps.begin() + static_cast<ptrdiff_t>(earlier)})) {
      continue;
    }
    Problems told_already;
    if (auto place = places.Open(problem.netns); place.ok()) ReplayRoutes(**place, {*problem.route}, {}, told_already);
  }
  for (Problem& problem : kept) all.emplace_back(std::move(problem), 0);
}

}  // namespace

std::vector<std::string> UndoSteps(Places& places, const std::vector<Step>& steps,
                                   const std::function<void()>& undone) {
  std::vector<std::string> left;
  std::vector<std::pair<Problem, size_t>> all;  // with the number of steps before it
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    Problems problems;
    for (const Undo& undo : step->undo()) {
      switch (undo.kind_case()) {
        case Undo::kUnmakeNetns:
          Run(places, undo.unmake_netns(), problems);
          break;
        case Undo::kUnparkNetns:
          Run(places, undo.unpark_netns(), problems);
          break;
        case Undo::kUnmakeLink:
          Run(places, undo.unmake_link(), problems);
          break;
        case Undo::kRestoreLink:
          Run(places, undo.restore_link(), problems);
          break;
        case Undo::kRemoveAddress:
          Run(places, undo.remove_address(), problems);
          break;
        case Undo::kChangeAddressBack:
          Run(places, undo.change_address_back(), problems);
          break;
        case Undo::kRestoreRoutes:
          Run(places, undo.restore_routes(), problems);
          break;
        case Undo::kRenameBack:
          Run(places, undo.rename_back(), problems);
          break;
        case Undo::kRestoreKept:
          Run(places, undo.restore_kept(), problems);
          break;
        case Undo::KIND_NOT_SET:
          break;
      }
    }
    const size_t earlier = static_cast<size_t>(steps.rend() - step) - 1;
    for (Problem& problem : problems) all.emplace_back(std::move(problem), earlier);
    if (all.empty()) undone();
  }
  OnceMore(places, steps, all);
  for (const auto& [problem, earlier] : all) {
    if (!Remains(places, problem, {steps.begin(), steps.begin() + static_cast<ptrdiff_t>(earlier)})) continue;
    if (std::find(left.begin(), left.end(), problem.text) == left.end()) left.push_back(problem.text);
  }
  return left;
}

}  // namespace warren::executor
