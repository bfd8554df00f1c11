#include "agent/metrics/executor_metrics.h"

#include "proto/common/metrics.h"

namespace warren::metrics {
namespace {

prometheus::MetricFamily WarmClaims(const executor::Stats& stats) {
  prometheus::MetricFamily family =
      CounterFamily("warren_agent_warm_claims_total",
                    "New namespaces, by whether one made ahead of need was at hand (hit) or had to be made (miss)",
                    static_cast<double>(stats.warm_hits));
  family.metric.push_back(family.metric.front());
  family.metric[0].label = {{"result", "hit"}};
  family.metric[1].label = {{"result", "miss"}};
  family.metric[1].counter.value = static_cast<double>(stats.warm_misses);
  return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> ExecutorMetrics::Collect() const {
  const executor::Stats stats = stats_();
  return {
      GaugeFamily("warren_agent_queued_intents", "Intents held that have not begun", static_cast<double>(stats.queued)),
      GaugeFamily("warren_agent_unacknowledged_results", "Results that the server has not confirmed",
                  static_cast<double>(stats.unacknowledged)),
      GaugeFamily("warren_agent_journal_bytes", "Size of the journal's file and its write-ahead log",
                  static_cast<double>(stats.journal_bytes)),
      GaugeFamily("warren_agent_journal_rows",
                  "What the journal holds: intents begun, their steps, results, and what is Warren's own",
                  static_cast<double>(stats.journal_rows)),
      GaugeFamily("warren_agent_warm_namespaces", "Pristine namespaces made ahead of need that are at hand",
                  static_cast<double>(stats.warm)),
      WarmClaims(stats)};
}

}  // namespace warren::metrics
