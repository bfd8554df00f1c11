#include "agent/executor/apply.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/executor/explain.h"
#include "agent/executor/forward.h"
#include "agent/executor/operations.h"
#include "agent/executor/refuse.h"
#include "agent/executor/result.h"
#include "agent/executor/undo.h"
#include "agent/kernel/error.h"
#include "proto/common/names.h"

namespace warren::executor {

std::optional<Finished> Applier::Apply(const v1::IntentDelivery& intent, const kernel::Ip& server) {
  Finished finished;
  v1::IntentResult& result = finished.result;
  result = BeginResult(intent, config_.boot_id);
  absl::Status begun = FinishPending();
  if (begun.ok()) begun = journal_.Begin(intent.sequence(), result.SerializeAsString());
  if (!begun.ok()) {
    Fail(result,
         Explain(-1, "", "",
                 absl::Status(begun.code(), absl::StrCat("the agent's journal cannot be written: ", begun.message()))));
    return finished;
  }
  const Transaction::Environment environment{&journal_, config_.run_dir, server};
  Transaction tx(intent.sequence(), places_, environment);
  auto error = ApplyOperations(tx, intent);
  if (!error) error = CheckDoomed(tx, intent);
  bool stopped = false;
  if (!error) {
    if (auto s = Commit(tx, result, &stopped); !s.ok()) {
      error = Explain(-1, "", "", absl::Status(s.code(), absl::StrCat("committing: ", s.message())));
    }
  }
  if (error) Undo(tx, result, *std::move(error));
  places_.CloseAll();
  if (stopped) return std::nullopt;
  finished.touched = tx.touched();
  return finished;
}

std::optional<v1::OperationError> Applier::ApplyOperations(Transaction& tx, const v1::IntentDelivery& intent) {
  for (int i = 0; i < intent.operations_size(); ++i) {
    const v1::Operation& operation = intent.operations(i);
    const std::string kind = KindOf(operation);
    tx.BeginOperation(i);
    tx.About("");
    const absl::Time begin = absl::Now();
    const absl::Status status = executor::Apply(tx, operation);
    const int error = kernel::ErrnoOf(status);
    listener_.OnOperation(kind, absl::Now() - begin, error == 0 ? "" : kernel::ErrnoName(error));
    if (!status.ok()) return Explain(i, kind, tx.object(), status);
  }
  return std::nullopt;
}

std::optional<v1::OperationError> Applier::CheckDoomed(Transaction& tx, const v1::IntentDelivery& intent) {
  // Once more: a process may have come in after its namespace was parked.
  for (const Transaction::Doomed& doomed : tx.doomed()) {
    if (doomed.force) continue;
    const std::string shown = EscapeName(doomed.name);
    if (auto s = CheckNobodyIn(shown, doomed.inode); !s.ok()) {
      return Explain(doomed.operation, KindOf(intent.operations(doomed.operation)), shown, s);
    }
  }
  return std::nullopt;
}

absl::Status Applier::Commit(Transaction& tx, v1::IntentResult& result, bool* stopped) {
  if (!Deletes(tx.steps())) {
    v1::IntentResult done = result;
    Succeed(done);
    if (auto s = journal_.Finish(done.sequence(), done.SerializeAsString(), tx.ownership()); !s.ok()) return s;
    KeepBuilt(tx.steps());
    result = std::move(done);
    return absl::OkStatus();
  }
  if (auto s = journal_.Commit(result.sequence(), tx.ownership()); !s.ok()) return s;
  // From here there is only forward.
  auto pending = Release(places_, tx.steps(), config_.release_timeout, config_.stop);
  *stopped = !pending;
  if (*stopped) return absl::OkStatus();
  *result.mutable_release_pending() = *std::move(pending);
  Succeed(result);
  pending_ = result;
  // What cannot be written now is before the next intent, or after a crash.
  (void)FinishPending();
  return absl::OkStatus();
}

void Applier::Undo(Transaction& tx, v1::IntentResult& result, v1::OperationError error) {
  // A step that cannot be forgotten is undone once more after a crash.
  const auto undone = [&] { (void)journal_.UndoneLast(result.sequence()); };
  for (const std::string& problem : UndoSteps(places_, tx.steps(), undone)) error.add_not_undone(problem);
  Fail(result, std::move(error));
  pending_ = result;
  (void)FinishPending();
}

absl::Status Applier::FinishPending() {
  if (!pending_) return absl::OkStatus();
  if (auto s = journal_.Finish(pending_->sequence(), pending_->SerializeAsString(), {}); !s.ok()) return s;
  pending_.reset();
  return absl::OkStatus();
}

}  // namespace warren::executor
