#include "agent/executor/creator.h"

#include <errno.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/executor/diversion.h"
#include "agent/executor/explain.h"
#include "agent/executor/mark.h"
#include "agent/executor/new_netns.h"
#include "agent/executor/operations.h"
#include "agent/executor/proof.h"
#include "agent/executor/result.h"
#include "agent/executor/snapshot.h"
#include "agent/executor/undo.h"
#include "agent/kernel/error.h"

namespace warren::executor {

namespace {

absl::Status Taken(const std::string& what) { return kernel::ErrnoError(EEXIST, absl::StrCat("making ", what)); }

}  // namespace

bool MakesNamespaces(const v1::IntentDelivery& intent) {
  return std::any_of(intent.operations().begin(), intent.operations().end(),
                     [](const v1::Operation& operation) { return operation.has_create_namespace(); });
}

struct Creator::Making {
  const Task* task = nullptr;
  Plan plan;
  v1::IntentResult result;
  std::vector<Place*> places;                             // as the plan's
  std::vector<int> ifindexes;                             // as the plan's links; 0: not known yet
  std::map<std::pair<size_t, std::string>, int> bridges;  // those that were there, by place and name
  std::vector<uint32_t> groups;                           // as the plan's links; 0: the default one
  Step step;
  size_t tried = 0;  // creations that the kernel has not refused
  journal::Ownership ownership;
  std::set<std::string> touched;
  std::set<uint64_t> lots;           // of the warm namespaces among the new ones
  std::vector<absl::Duration> took;  // by operation
};

absl::StatusOr<int> Creator::FirstFree(Place& place) {
  if (first_free_ != 0) return first_free_;
  auto links = kernel::ListLinks(place.netlink);
  if (!links.ok()) return links.status();
  first_free_ = kernel::kLoopback + 1;
  for (const kernel::Link& link : *links) first_free_ = std::max(first_free_, link.ifindex + 1);
  return first_free_;
}

absl::Status Creator::Prepare(Making& run) {
  for (const Plan::Place& planned : run.plan.places) {
    const absl::Time begin = absl::Now();
    run.touched.insert(planned.name);
    if (!planned.is_new) {
      auto place = places_.Open(planned.name);
      if (!place.ok()) return place.status();
      run.places.push_back(*place);
      continue;
    }
    if (places_.dir().Has(planned.name)) return Taken(planned.name);
    auto taken = TakeNetns(work_.warm, places_.worker());
    if (!taken.ok()) return taken.status();
    if (taken->lot) run.lots.insert(*taken->lot);
    run.places.push_back(places_.Adopt(planned.name, std::move(taken->made.netns), std::move(taken->made.netlink)));
    run.took[static_cast<size_t>(planned.operation)] += absl::Now() - begin;
  }
  // Before anything is written: what has the name already is none of ours. In a new namespace nothing has.
  const auto is_taken = [&](size_t place, const std::string& name) {
    return !run.plan.places[place].is_new && kernel::IsNameTaken(run.places[place]->netlink.fd(), name);
  };
  for (const Plan::Passing& passing : run.plan.passing) {
    if (is_taken(passing.place, passing.name)) return Taken(passing.name);
  }
  for (const Plan::Link& link : run.plan.links) {
    if (is_taken(link.place, link.name)) return Taken(link.name);
  }
  // The order of creation, taken back.
  for (auto creation = run.plan.creations.rbegin(); creation != run.plan.creations.rend(); ++creation) {
    const auto* veth = std::get_if<Plan::Veth>(&creation->what);
    size_t end = veth != nullptr ? veth->b : std::get<Plan::Bridge>(creation->what).link;
    if (veth != nullptr && run.plan.links[veth->b].mac_given) {
      const Plan::Link& a = run.plan.links[veth->a];
      // The end that proves itself, unless it may go with a new namespace, later than this is undone.
      if (!a.mac_given && !run.plan.places[a.place].is_new) end = veth->a;
    }
    const Plan::Link& link = run.plan.links[end];
    run.groups[end] = AddMaking(*run.places[link.place],
                                {link.name, veth != nullptr ? "veth" : "bridge", link.mac, link.mac_given}, run.step);
  }
  for (size_t i = 0; i < run.places.size(); ++i) {
    if (!run.plan.places[i].is_new) continue;
    *run.step.add_undo()->mutable_unmake_netns()->mutable_netns() = run.places[i]->Ref();
  }
  for (size_t i = 0; i < run.places.size(); ++i) {
    if (!run.places[i]->is_host() ||
        PlanLeadsNothingAway(*run.places[i], run.task->server, run.plan, i, run.task->intent)) {
      continue;
    }
    return absl::FailedPreconditionError("to be looked at closer");
  }
  return FindBridges(run);
}

absl::Status Creator::FindBridges(Making& run) {
  for (const Plan::Change& change : run.plan.changes) {
    const auto* attach = std::get_if<Plan::Attach>(&change.what);
    if (attach == nullptr || attach->bridge) continue;
    Place& place = *run.places[change.place];
    auto bridge = kernel::GetLink(place.netlink, attach->bridge_name);
    if (!bridge.ok()) return bridge.status();
    if (bridge->kind != "bridge") return absl::FailedPreconditionError("not a bridge");
    if (!run.bridges.emplace(std::pair(change.place, attach->bridge_name), bridge->ifindex).second) continue;
    // Its MTU may change with its ports. Of its addresses and routes none goes: no link of a plan has less than IPv6's.
    auto* state = run.step.add_undo()->mutable_restore_link()->mutable_state();
    *state = AttributesOf(place, *bridge);
  }
  return absl::OkStatus();
}

absl::Status Creator::Create(Making& run, const Plan::Creation& creation) {
  const auto place = [&](size_t link) -> Place& { return *run.places[run.plan.links[link].place]; };
  if (const auto* bridge = std::get_if<Plan::Bridge>(&creation.what)) {
    const Plan::Link& link = run.plan.links[bridge->link];
    return kernel::CreateBridge(place(bridge->link).netlink, link.name, link.mac, link.mtu, run.ifindexes[bridge->link],
                                run.groups[bridge->link]);
  }
  const auto& veth = std::get<Plan::Veth>(creation.what);
  const auto end = [&](size_t index) {
    const Plan::Link& link = run.plan.links[index];
    return kernel::NewVethEnd{&place(index).netns,  link.name,    link.mac,         link.mtu, link.queues,
                              run.ifindexes[index], link.born_up, run.groups[index]};
  };
  return kernel::CreateVeth(place(veth.a).netlink, end(veth.a), end(veth.b));
}

absl::Status Creator::FindIndices(Making& run) {
  for (size_t i = 0; i < run.plan.links.size(); ++i) {
    const Plan::Link& link = run.plan.links[i];
    if (link.loopback) continue;
    Place& place = *run.places[link.place];
    if (run.ifindexes[i] == 0) {
      auto found = kernel::IndexOfLink(place.netlink.fd(), link.name);
      if (!found.ok()) return found.status();
      run.ifindexes[i] = *found;
    }
  }
  const auto made = [&](size_t link, const char* kind, int peer) {
    const journal::LinkId id{run.places[run.plan.links[link].place]->cookie(), run.ifindexes[link]};
    run.ownership.made_links[id] = MarkOf(kind, run.plan.links[link].mac, peer);
  };
  for (const Plan::Creation& creation : run.plan.creations) {
    if (const auto* veth = std::get_if<Plan::Veth>(&creation.what)) {
      made(veth->a, "veth", run.ifindexes[veth->b]);
      made(veth->b, "veth", run.ifindexes[veth->a]);
    } else {
      made(std::get<Plan::Bridge>(creation.what).link, "bridge", 0);
    }
  }
  return absl::OkStatus();
}

absl::Status Creator::Change(Making& run) {
  // In the order of the operations within each namespace.
  std::map<size_t, std::pair<std::vector<kernel::Message>, std::vector<int>>> by_place;
  for (const Plan::Change& change : run.plan.changes) {
    std::optional<kernel::Message> message;
    if (const auto* up = std::get_if<Plan::SetUp>(&change.what)) {
      kernel::LinkChange to;
      to.up = true;
      message = kernel::SetLinkMessage(run.ifindexes[up->link], to);
    } else if (const auto* address = std::get_if<Plan::AddAddress>(&change.what)) {
      kernel::NewAddress with_link = address->address;
      with_link.ifindex = run.ifindexes[address->link];
      message = kernel::AddAddressMessage(with_link);
    } else if (const auto* route = std::get_if<Plan::AddRoute>(&change.what)) {
      kernel::NewRoute with_link = route->route;
      if (route->link) with_link.ifindex = run.ifindexes[*route->link];
      message = kernel::AddRouteMessage(with_link);
    } else {
      const auto& attach = std::get<Plan::Attach>(change.what);
      kernel::LinkChange to;
      to.master = attach.bridge ? run.ifindexes[*attach.bridge] : run.bridges.at({change.place, attach.bridge_name});
      message = kernel::SetLinkMessage(run.ifindexes[attach.link], to);
    }
    auto& [messages, operations] = by_place[change.place];
    messages.push_back(*std::move(message));
    operations.push_back(change.operation);
  }
  for (auto& [place, parts] : by_place) {
    auto& [messages, operations] = parts;
    const absl::Time begin = absl::Now();
    for (const absl::Status& status : run.places[place]->netlink.DoAll(messages, "furnishing")) {
      if (!status.ok()) return status;
    }
    const absl::Duration each = (absl::Now() - begin) / static_cast<double>(messages.size());
    for (const int operation : operations) run.took[static_cast<size_t>(operation)] += each;
  }
  return absl::OkStatus();
}

absl::Status Creator::Make(Making& run) {
  run.result = BeginResult(run.task->intent, work_.boot_id);  // those before it took their time
  std::map<size_t, int> next;                                 // index by new place
  for (size_t i = 0; i < run.places.size(); ++i) {
    const Plan::Place& planned = run.plan.places[i];
    if (!planned.is_new) continue;
    Place& place = *run.places[i];
    const absl::Time begin = absl::Now();
    if (auto s = places_.dir().Bind(place.netns, place.name, MarkerOf(place.cookie())); !s.ok()) return s;
    run.took[static_cast<size_t>(planned.operation)] += absl::Now() - begin;
    auto first = FirstFree(place);
    if (!first.ok()) return first.status();
    next[i] = *first;
    run.ownership.made_netns.emplace(place.cookie(), place.name);
  }
  for (size_t i = 0; i < run.plan.links.size(); ++i) {
    if (run.plan.links[i].loopback) run.ifindexes[i] = kernel::kLoopback;
  }
  for (const Plan::Creation& creation : run.plan.creations) {
    // Only the message's main end can be told its index; the other's is found.
    const auto* veth = std::get_if<Plan::Veth>(&creation.what);
    const size_t main = veth != nullptr ? veth->a : std::get<Plan::Bridge>(creation.what).link;
    const auto at = next.find(run.plan.links[main].place);
    if (at != next.end()) run.ifindexes[main] = at->second++;
    const absl::Time begin = absl::Now();
    if (auto s = Create(run, creation); !s.ok()) {
      if (!MadeNothing(s)) ++run.tried;
      return s;
    }
    ++run.tried;
    run.took[static_cast<size_t>(creation.operation)] += absl::Now() - begin;
    const auto other = veth != nullptr ? next.find(run.plan.links[veth->b].place) : next.end();
    if (other == next.end()) continue;
    // The next one to be told must not be the one that the kernel chose.
    auto found = kernel::IndexOfLink(run.places[other->first]->netlink.fd(), run.plan.links[veth->b].name);
    if (!found.ok()) return found.status();
    run.ifindexes[veth->b] = *found;
    other->second = std::max(other->second, *found + 1);
  }
  if (auto s = FindIndices(run); !s.ok()) return s;
  return Change(run);
}

bool Creator::Confirm(const Making& run) {
  return std::all_of(run.lots.begin(), run.lots.end(),
                     [&](uint64_t lot) { return work_.warm->Confirm(lot, run.task->asked); });
}

// In a namespace that was there, what had the index of a new link may have gone just before. In the host's own the
// kernel chooses, and no index twice.
void Creator::CatchUp(const Making& run) {
  for (const Plan::Link& link : run.plan.links) {
    Place& place = *run.places[link.place];
    if (!run.plan.places[link.place].is_new && !place.is_host()) work_.watch->CatchUp(places_, place);
  }
}

void Creator::Report(const Making& run) {
  for (int i = 0; i < run.task->intent.operations_size(); ++i) {
    work_.listener->OnOperation(KindOf(run.task->intent.operations(i)), run.took[static_cast<size_t>(i)], "");
  }
}

void Creator::Settle(Making& run, v1::IntentResult done, Outcome& outcome) {
  for (const std::string& left : LeaveGroups(places_, {run.step})) done.mutable_release_pending()->add_objects(left);
  Report(run);
  work_.book->Close({done});
  outcome.finished.push_back({std::move(done), std::move(run.touched), false});
}

bool Creator::Undo(Making& run, Outcome& outcome) {
  // A step that cannot be forgotten is undone once more after a crash.
  const auto undone = [&] { (void)work_.journal->UndoneLast(run.result.sequence()); };
  Step step = run.step;
  // Those of creations come first, the last creation's before the others'. What was refused, or not tried, has made
  // nothing.
  const int creations = static_cast<int>(run.plan.creations.size());
  step.mutable_undo()->DeleteSubrange(0, creations - static_cast<int>(run.tried));
  const std::vector<std::string> problems = UndoSteps(places_, {step}, undone);
  if (problems.empty()) return true;
  v1::OperationError error = Explain(-1, "", "", absl::AbortedError("it failed, and not all of it could be undone"));
  for (const std::string& problem : problems) error.add_not_undone(problem);
  Fail(run.result, std::move(error));
  work_.book->Close({run.result});
  outcome.finished.push_back({std::move(run.result), std::move(run.touched), false});
  return false;
}

std::vector<const Task*> Creator::Run(std::vector<Job> jobs, Outcome& outcome) {
  std::vector<const Task*> others;
  std::vector<Making> runs;
  std::vector<journal::Opening> openings;
  for (Job& job : jobs) {
    Making run;
    run.task = job.task;
    run.plan = std::move(job.plan);
    run.result = BeginResult(job.task->intent, work_.boot_id);
    run.took.resize(static_cast<size_t>(job.task->intent.operations_size()));
    run.ifindexes.resize(run.plan.links.size());
    run.groups.resize(run.plan.links.size());
    if (!Prepare(run).ok()) {
      others.push_back(job.task);
      continue;
    }
    run.step.set_operation(0);
    openings.push_back(
        {run.result.sequence(), run.result.SerializeAsString(), {run.step.SerializeAsString()}, std::nullopt});
    runs.push_back(std::move(run));
  }
  // What cannot be written is said by the one that fails with it.
  if (!openings.empty() && !work_.book->Begin(openings).ok()) {
    for (const Making& run : runs) others.push_back(run.task);
    places_.CloseAll();
    return others;
  }
  std::vector<journal::Closing> closings;
  std::vector<Making> made;
  for (Making& run : runs) {
    // Last, when somebody else has looked meanwhile.
    if (!Make(run).ok() || !Confirm(run)) {
      first_free_ = 0;  // it may have been due to that
      if (Undo(run, outcome)) others.push_back(run.task);
      continue;
    }
    CatchUp(run);
    v1::IntentResult done = run.result;
    Succeed(done);
    // Links that are still in the group that proves them leave it when nothing can be undone any more.
    if (HasGroups({run.step})) {
      if (!work_.journal->Commit(done.sequence(), run.ownership).ok()) {
        if (Undo(run, outcome)) others.push_back(run.task);
        continue;
      }
      Settle(run, done, outcome);
      continue;
    }
    closings.push_back({{done.sequence(), done.SerializeAsString()}, run.ownership});
    run.result = std::move(done);
    made.push_back(std::move(run));
  }
  const bool written = closings.empty() || work_.journal->FinishAll(closings).ok();
  for (Making& run : made) {
    if (written) {
      Report(run);
      outcome.finished.push_back({std::move(run.result), std::move(run.touched), false});
    } else {
      if (Undo(run, outcome)) others.push_back(run.task);
    }
  }
  places_.CloseAll();
  return others;
}

}  // namespace warren::executor
