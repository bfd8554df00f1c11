#ifndef WARREN_AGENT_METRICS_EXEC_METRICS_H_
#define WARREN_AGENT_METRICS_EXEC_METRICS_H_

// Counts commands run for callers of Exec, as Prometheus metrics:
//   warren_agent_exec_sessions                     commands that run
//   warren_agent_exec_sessions_total{result}       sessions that are over: "ok", or the reason of the error
//   warren_agent_exec_bytes_total{direction}       moved to ("in") and from ("out") commands, counted at their end
// Labels are bounded by the API's reasons and codes. Thread-safe; a call costs less than a microsecond.

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

#include "agent/exec/commands.h"

namespace warren::metrics {

class ExecMetrics : public exec::Observer {
 public:
  explicit ExecMetrics(prometheus::Registry& registry);

  void OnStarted() override { sessions_.Increment(); }
  void OnEnded(bool started, const std::string& reason, int64_t bytes_in, int64_t bytes_out) override;

 private:
  prometheus::Gauge& sessions_;
  prometheus::Family<prometheus::Counter>& results_;
  prometheus::Counter* in_;
  prometheus::Counter* out_;
};

}  // namespace warren::metrics

#endif  // WARREN_AGENT_METRICS_EXEC_METRICS_H_
