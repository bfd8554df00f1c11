#ifndef WARREN_PROTO_COMMON_METRICS_H_
#define WARREN_PROTO_COMMON_METRICS_H_

// The registry of a process's Prometheus metrics and the listener that serves them at /metrics (civetweb, two threads
// of its own). Exports warren_build_info{version}. Thread-safe.

#include <prometheus/registry.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace prometheus {
class Exposer;
}

namespace warren {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  prometheus::Registry& registry() { return *registry_; }

  // Serves on "HOST:PORT" (port 0: a free one) until this object dies; returns the address in use. INVALID_ARGUMENT for
  // a unix socket, which the listener cannot do; UNAVAILABLE when the address cannot be bound.
  absl::StatusOr<std::string> Serve(const std::string& address);
  // Ends that; civetweb takes up to 2 s for it. The registry stays.
  void StopServing();

 private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_METRICS_H_
