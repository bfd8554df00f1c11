#ifndef WARREN_AGENT_EXECUTOR_LISTENER_H_
#define WARREN_AGENT_EXECUTOR_LISTENER_H_

// What the executor tells: whoever reports and counts implements it.

#include <cstdint>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "warren/v1/agents.pb.h"

namespace warren::executor {

// An intent is over.
struct Finished {
  v1::IntentResult result;
  // Names, as the API has them, of all namespaces that the intent changed, made or deleted, or may have: those to look
  // at again.
  std::set<std::string> touched;
  bool again = false;  // it was told before, and is told once more because it was delivered once more
};

// Threading: called from the executor's own thread (OnFinished also from that of Submit and Cancel), one call at a time
// for each intent, never under a lock. Must not block; may call the executor, but not Stop.
class Listener {
 public:
  virtual ~Listener() = default;

  virtual void OnStarted(int64_t sequence) = 0;
  virtual void OnFinished(Finished finished) = 0;

  // One operation has been applied or refused. `kind` is the field of v1::Operation, "create_veth"; `errno_name` is
  // empty unless the kernel refused.
  virtual void OnOperation(const std::string& kind, absl::Duration took, const std::string& errno_name) = 0;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_LISTENER_H_
