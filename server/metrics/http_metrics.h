#ifndef WARREN_SERVER_METRICS_HTTP_METRICS_H_
#define WARREN_SERVER_METRICS_HTTP_METRICS_H_

// What the HTTP gateway tells. The calls that requests become are counted as gRPC calls as well (rpc_metrics.h), with
// their times. Thread-safe; a call costs well under a microsecond.
//
//   warren_http_requests_total{code}     answered, by HTTP status; refusals are, and streams when they begin
//   warren_http_connections              open
//   warren_http_in_flight                requests being answered by a call, watches among them
//   warren_http_slow_readers_total       connections cut because their client took nothing of an answer for too long

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>

#include "server/gateway/observer.h"

namespace warren::metrics {

class HttpMetrics : public gateway::HttpObserver {
 public:
  // The registry outlives it.
  explicit HttpMetrics(prometheus::Registry& registry);

  void OnConnections(int change) override { connections_.Increment(change); }
  void OnAnswer(int status) override;
  void OnInFlight(int change) override { in_flight_.Increment(change); }
  void OnSlowReader() override { slow_readers_.Increment(); }

 private:
  static constexpr int kFirst = 100, kLast = 599;

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& in_flight_;
  prometheus::Counter& slow_readers_;
  std::array<std::atomic<prometheus::Counter*>, kLast - kFirst + 1> by_status_{};  // null: none yet
};

}  // namespace warren::metrics

#endif  // WARREN_SERVER_METRICS_HTTP_METRICS_H_
