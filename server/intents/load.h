#ifndef WARREN_SERVER_INTENTS_LOAD_H_
#define WARREN_SERVER_INTENTS_LOAD_H_

// Reads back what the queue has written, in one pass over the store's log. Needs memory for the unfinished intents'
// bodies and 110 bytes for each other one; finished ones are not parsed. Figures: docs/performance.md.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "server/intents/host.h"
#include "server/store/kv.h"

namespace warren::intents {

struct Loaded {
  std::map<std::string, std::unique_ptr<Host>, std::less<>> hosts;
  int64_t revision = 0;  // that it is all of
  size_t unfinished = 0;
  size_t finished = 0;
  size_t unfinished_bytes = 0;
};

// `told` hears of every change of an intent that the log still has, in order. DATA_LOSS naming the key of a row that
// cannot be understood; otherwise as Kv::Replay.
absl::StatusOr<Loaded> Load(store::Kv& kv, size_t window, absl::FunctionRef<void(const store::Event& change)> told);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_LOAD_H_
