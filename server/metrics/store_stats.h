#ifndef WARREN_SERVER_METRICS_STORE_STATS_H_
#define WARREN_SERVER_METRICS_STORE_STATS_H_

// How the store stands, looked up at each scrape (some 3 µs). Thread-safe.
//
//   warren_store_healthy                1 while it takes commits, 0 while it refuses them
//   warren_store_size_bytes             on disk, write-ahead log included
//   warren_store_revision               the last durable one
//   warren_store_compacted_revision     history begins after this one
//   warren_store_queued_transactions    waiting to be written
//   warren_store_queued_bytes
//   warren_store_watches                open within the server
//   warren_store_compaction_running     1 while rows of compacted revisions are being removed

#include <prometheus/collectable.h>

#include <vector>

#include "server/store/kv.h"

namespace warren::metrics {

class StoreStats : public prometheus::Collectable {
 public:
  // The store outlives it.
  explicit StoreStats(const store::Kv& kv) : kv_(kv) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const store::Kv& kv_;
};

}  // namespace warren::metrics

#endif  // WARREN_SERVER_METRICS_STORE_STATS_H_
