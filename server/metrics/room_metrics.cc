#include "server/metrics/room_metrics.h"

#include <string>

#include "server/metrics/families.h"

namespace warren::metrics {
namespace {

using prometheus::Histogram;

// From a tenth of a millisecond (an idle host) to five minutes (a host that is away).
Histogram::BucketBoundaries QueueBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
}

Histogram::BucketBoundaries CommitBuckets() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
}

Histogram::BucketBoundaries BatchBuckets() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}; }

}  // namespace

QueueMetrics::QueueMetrics(prometheus::Registry& registry)
    : by_state_(v1::Intent::State_ARRAYSIZE, nullptr),
      depth_(Gauge(registry, "warren_intent_queue_depth", "Intents accepted and not finished").Add({})) {
  auto& states = Counter(registry, "warren_intents_total",
                         "Intents that reached a state; those that reached QUEUED were accepted");
  for (int state = v1::Intent::QUEUED; state < v1::Intent::State_ARRAYSIZE; ++state) {
    by_state_[state] = &states.Add({{"state", v1::Intent::State_Name(static_cast<v1::Intent::State>(state))}});
  }
  auto& waited = HistogramFamily(registry, "warren_intent_queue_seconds",
                                 "Time since an intent was accepted, until it was started or finished");
  until_started_ = &waited.Add({{"until", "started"}}, QueueBuckets());
  until_finished_ = &waited.Add({{"until", "finished"}}, QueueBuckets());
}

void QueueMetrics::OnTransition(const intents::Transition& transition) {
  by_state_[transition.to]->Increment();
  if (transition.to == v1::Intent::QUEUED) return;
  auto* waited = transition.to == v1::Intent::RUNNING ? until_started_ : until_finished_;
  waited->Observe(absl::ToDoubleSeconds(transition.since_accepted));
}

void QueueMetrics::OnQueueDepth(size_t unfinished) { depth_.Set(static_cast<double>(unfinished)); }

HostMetrics::HostMetrics(prometheus::Registry& registry)
    : connected_(Gauge(registry, "warren_connected_agents", "Agents with a live session").Add({})),
      sessions_(Counter(registry, "warren_agent_sessions_total", "Agent sessions begun").Add({})),
      reboots_(Counter(registry, "warren_host_reboots_total", "Hosts that came back with another boot id").Add({})) {}

StoreMetrics::StoreMetrics(prometheus::Registry& registry)
    : seconds_(HistogramFamily(registry, "warren_store_commit_seconds",
                               "Time of a group commit, from its beginning to durable")
                   .Add({}, CommitBuckets())),
      batch_size_(HistogramFamily(registry, "warren_store_commit_batch_size", "Transactions in a group commit")
                      .Add({}, BatchBuckets())),
      failures_(Counter(registry, "warren_store_commit_failures_total", "Group commits that failed").Add({})),
      compaction_seconds_(HistogramFamily(registry, "warren_store_compaction_seconds",
                                          "Time until a compaction is durable; rows are removed after that")
                              .Add({}, CommitBuckets())) {
  auto& compactions = Counter(registry, "warren_store_compactions_total", "Compactions, by how they ended");
  compacted_ = &compactions.Add({{"result", "ok"}});
  not_compacted_ = &compactions.Add({{"result", "failed"}});
}

void StoreMetrics::OnCompaction(absl::Duration took, const absl::Status& status) {
  (status.ok() ? compacted_ : not_compacted_)->Increment();
  compaction_seconds_.Observe(absl::ToDoubleSeconds(took));
}

void StoreMetrics::OnBatch(const Batch& batch) {
  if (!batch.status.ok()) failures_.Increment();
  seconds_.Observe(batch.seconds);
  batch_size_.Observe(static_cast<double>(batch.transactions));
}

}  // namespace warren::metrics
