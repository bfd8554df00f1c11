#ifndef WARREN_AGENT_EXECUTOR_APPLY_H_
#define WARREN_AGENT_EXECUTOR_APPLY_H_

// Applies one intent, its operations one by one: begin, operations, commit or undo. Belongs to a worker's thread.

#include <optional>
#include <string>
#include <vector>

#include "agent/executor/book.h"
#include "agent/executor/outcome.h"
#include "agent/executor/places.h"
#include "agent/executor/transaction.h"
#include "agent/executor/work.h"
#include "agent/journal/journal.h"

namespace warren::executor {

class Applier {
 public:
  Applier(const Work& work, Places& places) : work_(work), places_(places) {}

  // Adds to `outcome` what became of it. A result is in the journal, unless that cannot be written: then it is FAILED,
  // and nothing else begins until it can be again.
  void Apply(const Task& task, Outcome& outcome);

 private:
  // Index and error of the operation that failed; nothing: all were applied.
  std::optional<v1::OperationError> ApplyOperations(Transaction& tx, const v1::IntentDelivery& intent);
  std::optional<v1::OperationError> CheckDoomed(Transaction& tx, const v1::IntentDelivery& intent);
  absl::Status Commit(Transaction& tx, v1::IntentResult& result);
  void CatchUp(Transaction& tx);
  void Regain(Transaction& tx);
  void Undo(Transaction& tx, const Task& task, v1::IntentResult result, v1::OperationError error, Outcome& outcome);

  const Work& work_;
  Places& places_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_APPLY_H_
