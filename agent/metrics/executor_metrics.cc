#include "agent/metrics/executor_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_type.h>

namespace warren::metrics {
namespace {

prometheus::MetricFamily Gauge(const char* name, const char* help, double value) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  family.metric.push_back(metric);
  return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> ExecutorMetrics::Collect() const {
  const executor::Stats stats = stats_();
  return {Gauge("warren_agent_queued_intents", "Intents held that have not begun", static_cast<double>(stats.queued)),
          Gauge("warren_agent_unacknowledged_results", "Results that the server has not confirmed",
                static_cast<double>(stats.unacknowledged)),
          Gauge("warren_agent_journal_bytes", "Size of the journal's file and its write-ahead log",
                static_cast<double>(stats.journal_bytes)),
          Gauge("warren_agent_journal_rows",
                "What the journal holds: intents begun, their steps, results, and what is Warren's own",
                static_cast<double>(stats.journal_rows))};
}

}  // namespace warren::metrics
