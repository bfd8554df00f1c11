#include "agent/executor/recover.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "agent/executor/explain.h"
#include "agent/executor/forward.h"
#include "agent/executor/mark.h"
#include "agent/executor/result.h"
#include "agent/executor/undo.h"
#include "agent/kernel/link.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

absl::StatusOr<std::vector<Step>> ParseSteps(const journal::Begun& begun) {
  std::vector<Step> steps;
  for (const std::string& body : begun.steps) {
    Step step;
    if (!step.ParseFromString(body)) {
      return absl::DataLossError(absl::StrCat("the journal's step ", steps.size(), " of intent ", begun.sequence,
                                              " cannot be read; delete the journal to start without it"));
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

absl::Status RecoverOne(journal::Journal& journal, Places& places, const kernel::SharedEvents& events,
                        const journal::Begun& begun, const ReleaseTimes& times, NamedNsids& named,
                        const Logger& logger) {
  auto steps = ParseSteps(begun);
  if (!steps.ok()) return steps.status();
  v1::IntentResult result;
  result.ParseFromString(begun.body);
  const std::string sequence = absl::StrCat(begun.sequence);
  if (begun.committed) {
    *result.mutable_release_pending() = *Release(places, events, *steps, times, named, /*stop=*/-1);
    Succeed(result);
    places.CloseAll();
    logger.Info("finished an intent that was committed", {{"sequence", sequence}, {"intent", result.intent_id()}});
    return journal.Finish(begun.sequence, result.SerializeAsString(), {});
  }
  const auto undone = [&] { (void)journal.UndoneLast(begun.sequence); };
  const std::vector<std::string> problems = UndoSteps(places, *steps, undone);
  places.CloseAll();
  if (problems.empty()) {
    logger.Info("undid an intent that was interrupted", {{"sequence", sequence}, {"intent", result.intent_id()}});
    return journal.Undone(begun.sequence);
  }
  logger.Error("an interrupted intent could not be undone wholly",
               {{"sequence", sequence}, {"intent", result.intent_id()}, {"left", absl::StrJoin(problems, "; ")}});
  v1::OperationError error = Explain(
      -1, "", "", absl::AbortedError("the agent was killed while it applied this, and could not undo all of it"));
  for (const std::string& problem : problems) error.add_not_undone(problem);
  Fail(result, std::move(error));
  return journal.Finish(begun.sequence, result.SerializeAsString(), {});
}

// What was committed has been let go by now, and what was not has its name again. A namespace that still is here could
// not be given one, as a result said, or is of a journal that was deleted: it is somebody's, and gets a name.
absl::Status NameWhatIsParked(const std::string& path, Places& places, const Logger& logger) {
  auto netns = kernel::OpenNetnsAt(path);
  if (!netns.ok()) return absl::OkStatus();  // a file is all that is left
  auto cookie = places.worker().CookieOf(*netns);
  if (!cookie.ok()) return cookie.status();
  const std::string base = absl::StrCat("parked-", std::filesystem::path(path).filename().string());
  auto name = BindUnderAnotherName(places.dir(), *netns, base, *cookie);
  if (!name.ok()) return name.status();
  logger.Warn("a namespace that had been set aside has a name again", {{"path", path}, {"name", *name}});
  return absl::OkStatus();
}

void Sweep(const std::string& folder, Places& places, const Logger& logger) {
  std::error_code ignored;  // not there: nothing to sweep
  std::vector<std::string> paths;
  for (std::filesystem::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    paths.push_back(entry->path());
  }
  for (const std::string& path : paths) {
    if (auto s = NameWhatIsParked(path, places, logger); !s.ok()) {
      logger.Error("a namespace that had been set aside cannot be given a name, and stays where it is",
                   {{"path", path}, {"reason", std::string(s.message())}});
      continue;
    }
    if (auto s = kernel::UnbindNetnsAt(path); !s.ok()) {
      logger.Warn("left behind", {{"path", path}, {"reason", std::string(s.message())}});
    }
  }
}

}  // namespace

absl::Status Recover(journal::Journal& journal, Places& places, const kernel::SharedEvents& events,
                     const std::string& run_dir, absl::Duration release_timeout, const Logger& logger) {
  auto begun = journal.LoadBegun();
  if (!begun.ok()) return begun.status();
  NamedNsids named;
  // What was let go before has had some of its time already: all of it together has so much more.
  const absl::Time let_go_until = absl::Now() + release_timeout;
  // The last first: a later one was begun on what the earlier ones had left.
  for (auto each = begun->rbegin(); each != begun->rend(); ++each) {
    const ReleaseTimes times{release_timeout, std::max(let_go_until - absl::Now(), absl::ZeroDuration())};
    if (auto s = RecoverOne(journal, places, events, *each, times, named, logger); !s.ok()) return s;
  }
  Sweep(absl::StrCat(run_dir, "/parked"), places, logger);
  return ForgetGone(journal, places, run_dir, /*links=*/true, /*watch=*/nullptr);
}

absl::Status ForgetGone(journal::Journal& journal, Places& places, const std::string& run_dir, bool links,
                        OwnershipWatch* watch) {
  if (watch != nullptr) watch->BeginComparison();
  std::set<uint64_t> parked;
  absl::Cleanup end = [&] {
    if (watch != nullptr) parked = watch->EndComparison();
  };
  // First: what is made from here on is none of it.
  journal::Ownership gone;
  gone.lost_netns = journal.OwnedNetns();
  const std::map<journal::LinkId, std::string> owned = journal.OwnedLinks();
  for (const auto& [id, mark] : owned) gone.lost_links.insert(id);
  gone.lost_links.merge(journal.NotedLinks());
  if (gone.lost_netns.empty() && gone.lost_links.empty()) return absl::OkStatus();
  const auto found = [&](Place& place) {
    gone.lost_netns.erase(place.cookie());
    if (!links) {
      const auto first = gone.lost_links.lower_bound({place.cookie(), 0});
      auto last = first;
      while (last != gone.lost_links.end() && last->first == place.cookie()) ++last;
      gone.lost_links.erase(first, last);
      return absl::OkStatus();
    }
    auto there = kernel::ListLinks(place.netlink);
    if (!there.ok()) return there.status();
    for (const kernel::Link& link : *there) {
      const journal::LinkId id{place.cookie(), link.ifindex};
      const auto mark = owned.find(id);
      if (mark == owned.end() || Fits(mark->second, link)) gone.lost_links.erase(id);
    }
    return absl::OkStatus();
  };
  const auto look = [&] {
    auto names = places.dir().List();
    if (!names.ok()) return names.status();
    names->emplace_back(kRawHost);
    for (const std::string& name : *names) {
      auto place = places.OpenRaw(name);
      if (!place.ok()) continue;
      if (auto s = found(**place); !s.ok()) return s;
      places.Close(name);
    }
    return absl::OkStatus();
  };
  if (auto s = look(); !s.ok()) return s;
  // One that is parked may get its name back: it is bound there before it loses the name, and the other way round.
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(absl::StrCat(run_dir, "/parked"), ignored), end; entry != end;
       entry.increment(ignored)) {
    auto netns = kernel::OpenNetnsAt(entry->path());
    if (!netns.ok()) continue;
    auto place = places.Adopt(entry->path(), *std::move(netns));
    if (!place.ok()) continue;
    if (auto s = found(**place); !s.ok()) return s;
    places.Close(entry->path());
  }
  if (!gone.lost_netns.empty()) {
    if (auto s = look(); !s.ok()) return s;
  }
  std::move(end).Invoke();
  for (const uint64_t cookie : parked) {
    gone.lost_netns.erase(cookie);
    std::erase_if(gone.lost_links, [&](const journal::LinkId& id) { return id.first == cookie; });
  }
  journal.Lose(gone);
  return journal.WriteLost();
}

void ForgetDeleted(journal::Journal& journal, OwnershipWatch& watch, Places& places, const std::string& run_dir,
                   const Logger& logger) {
  const OwnershipWatch::Compare wanted = watch.TakeWanted();
  const absl::Status status =
      wanted == OwnershipWatch::Compare::kNothing
          ? journal.WriteLost()
          : ForgetGone(journal, places, run_dir, wanted == OwnershipWatch::Compare::kLinks, &watch);
  // The next write tries it again.
  if (!status.ok()) logger.Warn("journal", {{"reason", std::string(status.message())}});
}

}  // namespace warren::executor
