#ifndef WARREN_SERVER_INTENTS_FINISHING_H_
#define WARREN_SERVER_INTENTS_FINISHING_H_

// An intent whose end is known and not yet on disk.

#include <cstdint>

#include "absl/time/time.h"
#include "server/intents/intents.h"
#include "server/intents/lane.h"
#include "server/intents/timestamp.h"
#include "server/intents/uuid.h"

namespace warren::intents {

struct Intents::Finishing {
  Host* host = nullptr;
  int64_t sequence = 0;
  Uuid id;
  v1::Intent::State from = v1::Intent::QUEUED;
  Body body;
  bool acknowledge = false;  // it is the agent's result
  // Filled in without the lock.
  v1::Intent intent;  // as it is stored
  absl::Duration backoff;

  // It ends at the server, without having begun.
  void EndHere(v1::Intent::State state, absl::Time now) {
    intent = ParseBody(body);
    intent.set_state(state);
    *intent.mutable_finish_time() = ToTimestamp(now);
  }
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_FINISHING_H_
