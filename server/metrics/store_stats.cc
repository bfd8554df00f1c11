#include "server/metrics/store_stats.h"

#include "proto/common/metrics.h"

namespace warren::metrics {

std::vector<prometheus::MetricFamily> StoreStats::Collect() const {
  const store::KvStats stats = kv_.Stats();
  std::vector<prometheus::MetricFamily> families;
  const auto gauge = [&](const char* name, const char* help, auto value) {
    families.push_back(GaugeFamily(name, help, static_cast<double>(value)));
  };
  gauge("warren_store_healthy", "1 while the store takes commits, 0 while it refuses them", kv_.Health().ok());
  gauge("warren_store_size_bytes", "Size of the store on disk, write-ahead log included", stats.size_bytes);
  gauge("warren_store_revision", "The last durable revision", stats.revision);
  gauge("warren_store_compacted_revision", "The revision after which history begins", stats.compacted_revision);
  gauge("warren_store_queued_transactions", "Transactions waiting to be written", stats.queued_transactions);
  gauge("warren_store_queued_bytes", "Size of the transactions waiting to be written", stats.queued_bytes);
  gauge("warren_store_watches", "Watches of the store within the server", stats.watches);
  gauge("warren_store_compaction_running", "1 while rows of compacted revisions are being removed",
        stats.compaction_running);
  return families;
}

}  // namespace warren::metrics
