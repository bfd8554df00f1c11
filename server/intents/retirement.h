#ifndef WARREN_SERVER_INTENTS_RETIREMENT_H_
#define WARREN_SERVER_INTENTS_RETIREMENT_H_

#include <cstddef>
#include <cstdint>

#include "server/intents/intents.h"
#include "server/intents/uuid.h"

namespace warren::intents {

// A finished intent that is to be deleted.
struct Intents::Retirement {
  // In one commit: small enough to hold nobody up.
  static constexpr size_t kAtOnce = 500;

  Host* host = nullptr;
  Uuid id;
  int64_t sequence = 0;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_RETIREMENT_H_
