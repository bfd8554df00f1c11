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

class IntentSubject : public filter::Subject {
 public:
  IntentSubject(std::string host, std::string id, v1::Intent::State state, absl::Time create_time, int64_t sequence,
                std::shared_ptr<const Labels> labels)
      : host_(std::move(host)),
        id_(std::move(id)),
        state_(state),
        create_time_(create_time),
        sequence_(sequence),
        labels_(std::move(labels)) {}

  filter::Value Get(size_t field, std::string_view key) const override;

 private:
  const std::string host_;
  const std::string id_;
  const v1::Intent::State state_;
  const absl::Time create_time_;
  const int64_t sequence_;
  const std::shared_ptr<const Labels> labels_;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_INTENT_SUBJECT_H_
