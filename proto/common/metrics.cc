#include "proto/common/metrics.h"

#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>

#include <iterator>
#include <utility>

#include "proto/common/version.h"

namespace warren {

prometheus::MetricFamily GaugeFamily(const char* name, const char* help, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return {name, help, prometheus::MetricType::Gauge, {metric}};
}

prometheus::MetricFamily CounterFamily(const char* name, const char* help, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  return {name, help, prometheus::MetricType::Counter, {metric}};
}

Metrics::Metrics() {
  prometheus::BuildGauge()
      .Name("warren_build_info")
      .Help("Always 1; its label tells the version running")
      .Register(registry_)
      .Add({{"version", kVersion}})
      .Set(1);
}

void Metrics::Add(std::shared_ptr<const prometheus::Collectable> collectable) {
  MutexLock lock(&mutex_);
  collectables_.push_back(std::move(collectable));
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  std::vector<std::shared_ptr<const prometheus::Collectable>> collectables;
  {
    MutexLock lock(&mutex_);
    collectables = collectables_;
  }
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (const auto& collectable : collectables) {
    std::vector<prometheus::MetricFamily> more = collectable->Collect();
    families.insert(families.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return families;
}

}  // namespace warren
