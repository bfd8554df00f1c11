#ifndef WARREN_SERVER_INTENTS_HOST_H_
#define WARREN_SERVER_INTENTS_HOST_H_

// What the queue keeps of one host. Guarded by the mutex of the Intents that it belongs to.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/intents/history.h"
#include "server/intents/host_directory.h"
#include "server/intents/intents.h"
#include "server/intents/lane.h"
#include "server/intents/uuid.h"

namespace warren::intents {

// An intent on its way to disk for the first time.
struct PendingAccept {
  Uuid id;
  std::shared_ptr<const v1::Intent> body;  // as it is stored
  size_t bytes = 0;
  bool direct = false;  // what Lane::BeginAccept said
  IntentDone done;
  // Who came with the same id meanwhile.
  struct Repeat {
    Operations operations;
    IntentDone done;
  };
  std::vector<Repeat> repeats;
};

struct Host {
  Host(std::string host_name, size_t window) : name(std::move(host_name)), lane(window) {}

  const std::string name;
  Lane lane;        // accepted and not finished
  History history;  // all that was accepted
  absl::flat_hash_map<Uuid, std::shared_ptr<PendingAccept>> accepting;
  bool pump_scheduled = false;
  absl::Duration cursor_backoff;  // zero: the last try to move the cursor did not fail
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_HOST_H_
