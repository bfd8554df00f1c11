#ifndef WARREN_AGENT_EXECUTOR_APPLY_H_
#define WARREN_AGENT_EXECUTOR_APPLY_H_

// Applies one intent from beginning to end: begin, operations, commit or undo, what is left to do, result. Belongs to
// the executor's thread.

#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "agent/executor/listener.h"
#include "agent/executor/places.h"
#include "agent/executor/transaction.h"
#include "agent/journal/journal.h"

namespace warren::executor {

class Applier {
 public:
  struct Config {
    std::string run_dir;
    std::string boot_id;
    absl::Duration release_timeout;
    int stop = -1;  // a descriptor; readable: the agent is stopping
  };
  Applier(journal::Journal& journal, Places& places, Config config, Listener& listener)
      : journal_(journal), places_(places), config_(std::move(config)), listener_(listener) {}

  // The result is in the journal, unless that cannot be written: then it is FAILED, and nothing else is applied until
  // it can be again. Nothing: it is committed, and the agent was told to stop before the kernel had let go; the next
  // start goes on with it.
  std::optional<Finished> Apply(const v1::IntentDelivery& intent, const kernel::Ip& server);

 private:
  // Index and error of the operation that failed; nothing: all were applied.
  std::optional<v1::OperationError> ApplyOperations(Transaction& tx, const v1::IntentDelivery& intent);
  std::optional<v1::OperationError> CheckDoomed(Transaction& tx, const v1::IntentDelivery& intent);
  // `*stopped`: it is committed, but has no result yet.
  absl::Status Commit(Transaction& tx, v1::IntentResult& result, bool* stopped);
  void Undo(Transaction& tx, v1::IntentResult& result, v1::OperationError error);
  absl::Status FinishPending();

  journal::Journal& journal_;
  Places& places_;
  const Config config_;
  Listener& listener_;
  // A result whose steps are still in the journal: running them again after a crash would undo what came later, so
  // nothing comes later until they are gone.
  std::optional<v1::IntentResult> pending_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_APPLY_H_
