#ifndef WARREN_SERVER_METRICS_ROOM_METRICS_H_
#define WARREN_SERVER_METRICS_ROOM_METRICS_H_

// Counts what the rooms tell: each observer turns plain calls into Prometheus metrics. Thread-safe; a call costs well
// under a microsecond.
//
//   warren_intents_total{state}           intents that reached a state; QUEUED: accepted
//   warren_intent_queue_depth             intents accepted and not finished
//   warren_intent_queue_seconds{until}    from accepted to started, and to finished
//   warren_connected_agents               live agent sessions
//   warren_agent_sessions_total           agent sessions begun
//   warren_host_reboots_total             hosts that came back with another boot id
//   warren_store_commit_seconds           time of a group commit, from its beginning to durable
//   warren_store_commit_batch_size        transactions in a group commit
//   warren_store_commit_failures_total    group commits that failed
//   warren_store_compactions_total{result}  compactions asked for: ok, failed
//   warren_store_compaction_seconds       time until one is durable; rows are removed in the background after that

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/hosts/host_listener.h"
#include "server/intents/observer.h"
#include "server/store/kv.h"

namespace warren::metrics {

// The registry outlives each.
class QueueMetrics : public intents::IntentsObserver {
 public:
  explicit QueueMetrics(prometheus::Registry& registry);
  void OnTransition(const intents::Transition& transition) override;
  void OnQueueDepth(size_t unfinished) override;

 private:
  std::vector<prometheus::Counter*> by_state_;  // null: not a state
  prometheus::Gauge& depth_;
  prometheus::Histogram* until_started_;
  prometheus::Histogram* until_finished_;
};

class HostMetrics : public hosts::HostsObserver {
 public:
  explicit HostMetrics(prometheus::Registry& registry);
  void OnSession() override { sessions_.Increment(); }
  void OnConnected(int change) override { connected_.Increment(change); }
  void OnReboot() override { reboots_.Increment(); }

 private:
  prometheus::Gauge& connected_;
  prometheus::Counter& sessions_;
  prometheus::Counter& reboots_;
};

class StoreMetrics : public store::KvObserver {
 public:
  explicit StoreMetrics(prometheus::Registry& registry);
  void OnBatch(const Batch& batch) override;
  void OnCompaction(absl::Duration took, const absl::Status& status);
  void OnHealth(const absl::Status&) override {}  // looked up at a scrape

 private:
  prometheus::Histogram& seconds_;
  prometheus::Histogram& batch_size_;
  prometheus::Counter& failures_;
  prometheus::Histogram& compaction_seconds_;
  prometheus::Counter* compacted_;
  prometheus::Counter* not_compacted_;
};

}  // namespace warren::metrics

#endif  // WARREN_SERVER_METRICS_ROOM_METRICS_H_
