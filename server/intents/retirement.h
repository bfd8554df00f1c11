#ifndef WARREN_SERVER_INTENTS_RETIREMENT_H_
#define WARREN_SERVER_INTENTS_RETIREMENT_H_

#include <cstdint>

#include "server/intents/intents.h"
#include "server/intents/uuid.h"

namespace warren::intents {

// A finished intent that is to be deleted.
struct Intents::Retirement {
  Host* host = nullptr;
  Uuid id;
  int64_t sequence = 0;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_RETIREMENT_H_
