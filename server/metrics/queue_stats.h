#ifndef WARREN_SERVER_METRICS_QUEUE_STATS_H_
#define WARREN_SERVER_METRICS_QUEUE_STATS_H_

// How the queue and the watches stand, looked up at each scrape. Thread-safe.
//
//   warren_intent_queue_oldest_seconds        age of the oldest intent that is not finished; 0: there is none
//   warren_intent_queue_bytes                 bodies of the intents that are not finished
//   warren_intents_kept                       finished intents
//   warren_intent_calls_waiting               waits and cancels
//   warren_watches{resource}                  watches open, of "hosts", "intents", "namespaces"
//   warren_watch_buffer_events{resource}      recent events kept for them
//   warren_watch_buffer_bytes{resource}
//   warren_watches_cut_total{resource}        watches that were too slow

#include <prometheus/collectable.h>

#include <string>
#include <utility>
#include <vector>

#include "server/feed/feed.h"
#include "server/intents/intents.h"

namespace warren::metrics {

class QueueStats : public prometheus::Collectable {
 public:
  using Feeds = std::vector<std::pair<std::string, const feed::Feed*>>;  // by resource

  // All outlive it.
  QueueStats(const intents::Intents& intents, Feeds feeds) : intents_(intents), feeds_(std::move(feeds)) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const intents::Intents& intents_;
  const Feeds feeds_;
};

}  // namespace warren::metrics

#endif  // WARREN_SERVER_METRICS_QUEUE_STATS_H_
