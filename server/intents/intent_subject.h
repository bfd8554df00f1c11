#ifndef WARREN_SERVER_INTENTS_INTENT_SUBJECT_H_
#define WARREN_SERVER_INTENTS_INTENT_SUBJECT_H_

// An intent as filters see it. Never changes; thread-safe.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "server/filter/filter.h"
#include "server/intents/host_directory.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

// "state", "host", "name" (its last segment, the id), "create_time", "sequence", "labels" (of the host).
const filter::Schema& IntentSchema();

// What is the same in every state.
struct IntentFacts {
  std::string host;
  std::string id;
  absl::Time create_time;
  int64_t sequence = 0;
  std::shared_ptr<const Labels> labels;
};

class IntentSubject : public filter::Subject {
 public:
  // The facts outlive it.
  IntentSubject(const IntentFacts& facts, v1::Intent::State state) : facts_(facts), state_(state) {}

  filter::Value Get(size_t field, std::string_view key) const override;

 private:
  const IntentFacts& facts_;
  const v1::Intent::State state_;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_INTENT_SUBJECT_H_
