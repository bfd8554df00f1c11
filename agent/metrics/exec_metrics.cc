#include "agent/metrics/exec_metrics.h"

namespace warren::metrics {

ExecMetrics::ExecMetrics(prometheus::Registry& registry)
    : sessions_(prometheus::BuildGauge()
                    .Name("warren_agent_exec_sessions")
                    .Help("Commands that run in namespaces")
                    .Register(registry)
                    .Add({})),
      results_(prometheus::BuildCounter()
                   .Name("warren_agent_exec_sessions_total")
                   .Help("Sessions of commands that are over, by how")
                   .Register(registry)) {
  auto& bytes = prometheus::BuildCounter()
                    .Name("warren_agent_exec_bytes_total")
                    .Help("Bytes moved to and from commands that are over")
                    .Register(registry);
  in_ = &bytes.Add({{"direction", "in"}});
  out_ = &bytes.Add({{"direction", "out"}});
  results_.Add({{"result", "ok"}});
}

void ExecMetrics::OnEnded(bool started, const std::string& reason, int64_t bytes_in, int64_t bytes_out) {
  if (started) sessions_.Decrement();
  results_.Add({{"result", reason}}).Increment();
  in_->Increment(static_cast<double>(bytes_in));
  out_->Increment(static_cast<double>(bytes_out));
}

}  // namespace warren::metrics
