#ifndef WARREN_SERVER_INTENTS_DISPATCHER_H_
#define WARREN_SERVER_INTENTS_DISPATCHER_H_

// What the queue needs of whoever talks to the agents.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

// One intent on its way to its host.
struct Delivery {
  int64_t sequence = 0;
  std::string intent_id;
  std::shared_ptr<const v1::Intent> intent;         // operations is what the agent needs
  absl::Time expire_time = absl::InfiniteFuture();  // not to be begun later
};

// Threading: called from one thread of the queue, one call at a time, in the order in which the agent must see them,
// and never under a lock of the queue. Calls must not block; they may call back into the queue.
//
// A session is the number that HostConnected was given. A call for a session that is over is dropped in silence: the
// queue hands everything out again to the next one. Splitting deliveries into messages of a sane size is the
// implementer's; keeping their order too.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  // Hands intents out, in order. The send cursor covers them already.
  virtual void Deliver(const std::string& host, uint64_t session, std::vector<Delivery> deliveries) = 0;

  // Asks the agent not to begin an intent delivered before in this session; answered by Intents::CancelAnswered.
  virtual void AskCancel(const std::string& host, uint64_t session, int64_t sequence) = 0;

  // The results of these are durable (or of no use): the agent may forget them.
  virtual void AcknowledgeResults(const std::string& host, uint64_t session, std::vector<int64_t> sequences) = 0;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_DISPATCHER_H_
