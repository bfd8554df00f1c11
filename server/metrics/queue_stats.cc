#include "server/metrics/queue_stats.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include "proto/common/metrics.h"

namespace warren::metrics {

std::vector<prometheus::MetricFamily> QueueStats::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  const auto gauge = [&](const char* name, const char* help, double value) {
    families.push_back(GaugeFamily(name, help, value));
  };
  const intents::Intents::Stats queue = intents_.stats();
  gauge("warren_intent_queue_oldest_seconds", "Age of the oldest intent that is not finished",
        absl::ToDoubleSeconds(queue.oldest));
  gauge("warren_intent_queue_bytes", "Size of the intents that are not finished",
        static_cast<double>(queue.queued_bytes));
  gauge("warren_intents_kept", "Finished intents that have not been retired", static_cast<double>(queue.finished));
  gauge("warren_intent_calls_waiting", "Calls that wait for intents, or for their cancellation",
        static_cast<double>(queue.open_calls));

  std::vector<std::pair<std::string, feed::Stats>> feeds;
  for (const auto& [resource, feed] : feeds_) feeds.emplace_back(resource, feed->stats());
  const auto each = [&](const char* name, const char* help, prometheus::MetricType type, auto value) {
    prometheus::MetricFamily family{name, help, type, {}};
    for (const auto& [resource, stats] : feeds) {
      prometheus::ClientMetric metric;
      metric.label.push_back({"resource", resource});
      const auto number = static_cast<double>(value(stats));
      type == prometheus::MetricType::Counter ? metric.counter.value = number : metric.gauge.value = number;
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  };
  const auto kGauge = prometheus::MetricType::Gauge;
  each("warren_watches", "Watches open", kGauge, [](const feed::Stats& stats) { return stats.watches; });
  each("warren_watch_buffer_events", "Recent events kept for watches", kGauge,
       [](const feed::Stats& stats) { return stats.events; });
  each("warren_watch_buffer_bytes", "Size of the recent events kept for watches", kGauge,
       [](const feed::Stats& stats) { return stats.bytes; });
  each("warren_watches_cut_total", "Watches that were too slow and were ended", prometheus::MetricType::Counter,
       [](const feed::Stats& stats) { return stats.cut; });
  return families;
}

}  // namespace warren::metrics
