#ifndef WARREN_PROTO_COMMON_METRICS_H_
#define WARREN_PROTO_COMMON_METRICS_H_

// The Prometheus metrics of a process: a registry for what is counted as it happens, and collectables for what is
// looked up when it is asked for. proto/common/pages.h serves them. Exports warren_build_info{version}. Thread-safe.

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <memory>
#include <vector>

#include "proto/common/mutex.h"

namespace warren {

// One value, as a collectable gives it.
prometheus::MetricFamily GaugeFamily(const char* name, const char* help, double value);
prometheus::MetricFamily CounterFamily(const char* name, const char* help, double value);

class Metrics : public prometheus::Collectable {
 public:
  Metrics();

  prometheus::Registry& registry() { return registry_; }

  // Asked by every Collect from now on, on its thread.
  void Add(std::shared_ptr<const prometheus::Collectable> collectable);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  prometheus::Registry registry_;
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<const prometheus::Collectable>> collectables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_METRICS_H_
