#ifndef WARREN_SERVER_METRICS_EXEC_METRICS_H_
#define WARREN_SERVER_METRICS_EXEC_METRICS_H_

// What sessions of Exec tell. Thread-safe; a call costs well under a microsecond.
//
//   warren_exec_sessions                  open, those that wait for their agent included
//   warren_exec_sessions_total{result}    calls that ended, both of Exec:
//                                           ok           the command was over, whatever it returned
//                                           refused      it was never run
//                                           cancelled    the caller went away, or its time was over
//                                           ended        by the agent: too long, too silent, its namespace deleted
//                                           unavailable  the host is away or went away, or the server stops
//   warren_exec_bytes_total{direction}    of messages passed on: in (to commands), out (from them)

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "server/exec/observer.h"

namespace warren::metrics {

class ExecMetrics : public exec::ExecObserver {
 public:
  // The registry outlives it.
  explicit ExecMetrics(prometheus::Registry& registry);

  void OnSessions(int change) override { sessions_.Increment(change); }
  void OnEnded(absl::StatusCode how) override;
  void OnIn(size_t bytes) override { in_->Increment(static_cast<double>(bytes)); }
  void OnOut(size_t bytes) override { out_->Increment(static_cast<double>(bytes)); }

 private:
  prometheus::Gauge& sessions_;
  prometheus::Counter* ok_;
  prometheus::Counter* refused_;
  prometheus::Counter* cancelled_;
  prometheus::Counter* ended_;
  prometheus::Counter* unavailable_;
  prometheus::Counter* in_;
  prometheus::Counter* out_;
};

}  // namespace warren::metrics

#endif  // WARREN_SERVER_METRICS_EXEC_METRICS_H_
