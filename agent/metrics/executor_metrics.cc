#include "agent/metrics/executor_metrics.h"

#include "proto/common/metrics.h"

namespace warren::metrics {

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
                  static_cast<double>(stats.journal_rows))};
}

}  // namespace warren::metrics
