#ifndef WARREN_SERVER_INTENTS_HOST_H_
#define WARREN_SERVER_INTENTS_HOST_H_

// What the queue keeps of one host. Guarded by the mutex of the Intents that it belongs to.

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/intents/history.h"
#include "server/intents/lane.h"
#include "server/intents/uuid.h"

namespace warren::intents {

struct Host {
  Host(std::string host_name, size_t window) : name(std::move(host_name)), lane(window) {}

  const std::string name;
  Lane lane;        // accepted and not finished
  History history;  // all that was accepted and not retired
  // What is on its way to disk for the first time, and what to do when it is there, or is not.
  absl::flat_hash_map<Uuid, std::vector<std::function<void()>>> accepting;
  bool pump_scheduled = false;
  bool forgetting = false;        // nothing is accepted for it
  absl::Duration cursor_backoff;  // zero: the last try to move the cursor did not fail
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_HOST_H_
