#ifndef WARREN_AGENT_METRICS_EXECUTOR_METRICS_H_
#define WARREN_AGENT_METRICS_EXECUTOR_METRICS_H_

// What the executor holds, looked up when it is asked for. Thread-safe.
//
//   warren_agent_queued_intents            intents held that have not begun
//   warren_agent_unacknowledged_results    results that the server has not confirmed
//   warren_agent_journal_bytes             the journal's file and its write-ahead log
//   warren_agent_journal_rows              what was begun, its steps, results, and what is Warren's own
//   warren_agent_warm_namespaces           pristine namespaces at hand
//   warren_agent_warm_claims_total{result} new namespaces: "hit", one that was at hand; "miss", it had to be made

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <utility>
#include <vector>

#include "agent/executor/executor.h"

namespace warren::metrics {

class ExecutorMetrics : public prometheus::Collectable {
 public:
  // What `stats` uses outlives the last Collect.
  explicit ExecutorMetrics(std::function<executor::Stats()> stats) : stats_(std::move(stats)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<executor::Stats()> stats_;
};

}  // namespace warren::metrics

#endif  // WARREN_AGENT_METRICS_EXECUTOR_METRICS_H_
