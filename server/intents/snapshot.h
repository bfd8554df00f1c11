#ifndef WARREN_SERVER_INTENTS_SNAPSHOT_H_
#define WARREN_SERVER_INTENTS_SNAPSHOT_H_

// One intent as it was at one instant under the queue's mutex, for what is done about it without.

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/intents/intents.h"
#include "server/intents/lane.h"
#include "server/intents/uuid.h"

namespace warren::intents {

struct Intents::Snapshot {
  std::string host;
  Uuid id;
  int64_t sequence = 0;
  v1::Intent::State state = v1::Intent::QUEUED;
  Body body;             // of an unfinished one; null: it is in the store
  int64_t revision = 0;  // of the store's row to read; 0: the newest

  bool finished() const { return body == nullptr; }
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_SNAPSHOT_H_
