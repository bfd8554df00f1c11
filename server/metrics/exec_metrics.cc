#include "server/metrics/exec_metrics.h"

#include "server/metrics/families.h"

namespace warren::metrics {

ExecMetrics::ExecMetrics(prometheus::Registry& registry)
    : sessions_(Gauge(registry, "warren_exec_sessions", "Sessions of Exec that are open").Add({})) {
  auto& ended = Counter(registry, "warren_exec_sessions_total", "Calls of Exec that ended, by how");
  const auto result = [&](const char* name) { return &ended.Add({{"result", name}}); };
  ok_ = result("ok");
  refused_ = result("refused");
  cancelled_ = result("cancelled");
  ended_ = result("ended");
  unavailable_ = result("unavailable");
  auto& bytes = Counter(registry, "warren_exec_bytes_total", "Bytes of messages passed to commands, and from them");
  in_ = &bytes.Add({{"direction", "in"}});
  out_ = &bytes.Add({{"direction", "out"}});
}

void ExecMetrics::OnEnded(absl::StatusCode how) {
  switch (how) {
    case absl::StatusCode::kOk:
      return ok_->Increment();
    case absl::StatusCode::kCancelled:
      return cancelled_->Increment();
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
      return ended_->Increment();
    case absl::StatusCode::kUnavailable:
      return unavailable_->Increment();
    default:
      return refused_->Increment();
  }
}

}  // namespace warren::metrics
