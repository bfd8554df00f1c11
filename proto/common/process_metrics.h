#ifndef WARREN_PROTO_COMMON_PROCESS_METRICS_H_
#define WARREN_PROTO_COMMON_PROCESS_METRICS_H_

// What every Prometheus client library tells of its process, read from /proc when asked for (some 50 µs, and 1 µs for
// each open descriptor). Thread-safe.
//
//   process_cpu_seconds_total        user and system time
//   process_resident_memory_bytes
//   process_virtual_memory_bytes
//   process_open_fds
//   process_max_fds                  the soft limit
//   process_start_time_seconds       since the epoch
//   process_threads
//
// What cannot be read is left out.

#include <prometheus/collectable.h>

#include <vector>

namespace warren {

class ProcessMetrics : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_PROCESS_METRICS_H_
