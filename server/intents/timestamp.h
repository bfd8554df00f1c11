#ifndef WARREN_SERVER_INTENTS_TIMESTAMP_H_
#define WARREN_SERVER_INTENTS_TIMESTAMP_H_

// Between absl::Time and what the API says it in. Pure; thread-safe.

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace warren::intents {

google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_TIMESTAMP_H_
