#include "agent/executor/apply.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/executor/explain.h"
#include "agent/executor/forward.h"
#include "agent/executor/mark.h"
#include "agent/executor/operations.h"
#include "agent/executor/proof.h"
#include "agent/executor/refuse.h"
#include "agent/executor/result.h"
#include "agent/executor/undo.h"
#include "agent/kernel/error.h"
#include "proto/common/names.h"

namespace warren::executor {

void Applier::Apply(const Task& task, Outcome& outcome) {
  const v1::IntentDelivery& intent = task.intent;
  v1::IntentResult result = BeginResult(intent, work_.boot_id);
  if (auto s = work_.book->Begin(result); !s.ok()) {
    Fail(result, Explain(-1, "", "",
                         absl::Status(s.code(), absl::StrCat("the agent's journal cannot be written: ", s.message()))));
    outcome.finished.push_back({std::move(result), {}, false});
    return;
  }
  const Transaction::Environment environment{work_.journal, work_.run_dir, task.server, work_.warm, work_.watch};
  Transaction tx(intent.sequence(), places_, environment);
  auto error = ApplyOperations(tx, intent);
  if (!error) error = CheckDoomed(tx, intent);
  if (!error) {
    if (auto s = Commit(tx, result); !s.ok()) {
      error = Explain(-1, "", "", absl::Status(s.code(), absl::StrCat("committing: ", s.message())));
    }
  }
  if (error) {
    Undo(tx, task, std::move(result), *std::move(error), outcome);
  } else if (result.state() == v1::Intent::SUCCEEDED) {
    outcome.finished.push_back({std::move(result), tx.touched(), false});
  } else {
    outcome.committed.push_back({std::move(result), tx.touched(), {tx.steps(), {}, nullptr}});
  }
  // Our own descriptors would keep alive what is to be let go.
  places_.CloseAll();
}

std::optional<v1::OperationError> Applier::ApplyOperations(Transaction& tx, const v1::IntentDelivery& intent) {
  for (int i = 0; i < intent.operations_size(); ++i) {
    const v1::Operation& operation = intent.operations(i);
    const std::string kind = KindOf(operation);
    tx.BeginOperation(i, intent.operations());
    tx.About("");
    const absl::Time begin = absl::Now();
    const absl::Status status = executor::Apply(tx, operation);
    const int error = kernel::ErrnoOf(status);
    work_.listener->OnOperation(kind, absl::Now() - begin, error == 0 ? "" : kernel::ErrnoName(error));
    if (!status.ok()) return Explain(i, kind, tx.object(), status, SaidIn(operation));
  }
  return std::nullopt;
}

std::optional<v1::OperationError> Applier::CheckDoomed(Transaction& tx, const v1::IntentDelivery& intent) {
  // Once more: a process may have come in after its namespace was parked.
  for (const Transaction::Doomed& doomed : tx.doomed()) {
    if (doomed.force) continue;
    const std::string shown = EscapeName(doomed.name);
    if (auto s = CheckNobodyIn(places_.worker(), shown, doomed.netns); !s.ok()) {
      return Explain(doomed.operation, KindOf(intent.operations(doomed.operation)), shown, s);
    }
  }
  return std::nullopt;
}

// It is finished then, unless something is to be let go: from there, there is only forward.
absl::Status Applier::Commit(Transaction& tx, v1::IntentResult& result) {
  CatchUp(tx);
  const bool deletes = Deletes(tx.steps());
  const bool groups = HasGroups(tx.steps());
  if (deletes || groups) {
    if (auto s = work_.journal->Commit(result.sequence(), tx.ownership()); !s.ok()) return s;
    for (const std::string& left : LeaveGroups(places_, tx.steps())) {
      result.mutable_release_pending()->add_objects(left);
    }
    if (deletes) return absl::OkStatus();
    Succeed(result);
    work_.book->Close({result});
    return absl::OkStatus();
  }
  v1::IntentResult done = result;
  Succeed(done);
  if (auto s = work_.journal->Finish(done.sequence(), done.SerializeAsString(), tx.ownership()); !s.ok()) return s;
  result = std::move(done);
  return absl::OkStatus();
}

// What went until now is not what this intent has made under the same index.
void Applier::CatchUp(Transaction& tx) {
  for (Place* place : places_.AllOpen()) {
    const auto made = tx.ownership().made_links.lower_bound({place->cookie(), 0});
    if (made == tx.ownership().made_links.end() || made->first.first != place->cookie()) continue;
    work_.watch->CatchUp(places_, *place);
  }
}

// A link that was moved and came back has gone, as far as events tell.
void Applier::Regain(Transaction& tx) {
  for (const Transaction::Moved& moved : tx.moved()) {
    auto place = places_.Open(moved.from);
    if (!place.ok()) continue;
    work_.watch->CatchUp(places_, **place);
    auto link = kernel::GetLink((*place)->netlink, moved.name);
    if (!link.ok() || !Fits(moved.mark, *link)) continue;
    work_.journal->Regain({(*place)->cookie(), link->ifindex}, moved.mark);
  }
}

void Applier::Undo(Transaction& tx, const Task& task, v1::IntentResult result, v1::OperationError error,
                   Outcome& outcome) {
  // A step that cannot be forgotten is undone once more after a crash.
  const auto undone = [&] { (void)work_.journal->UndoneLast(result.sequence()); };
  for (const std::string& problem : UndoSteps(places_, tx.steps(), undone)) error.add_not_undone(problem);
  Regain(tx);
  if (task.early && error.not_undone().empty() && work_.journal->Undone(result.sequence()).ok()) {
    outcome.again.push_back(task);
    return;
  }
  Fail(result, std::move(error));
  work_.book->Close({result});
  outcome.finished.push_back({std::move(result), tx.touched(), false});
}

}  // namespace warren::executor
