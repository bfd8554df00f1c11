#ifndef WARREN_AGENT_METRICS_AGENT_METRICS_H_
#define WARREN_AGENT_METRICS_AGENT_METRICS_H_

// Counts what the session and the executor tell, as Prometheus metrics:
//   warren_agent_intents_total{state}          intents finished, by how
//   warren_agent_operation_seconds{kind}       time one operation took, by its kind in v1::Operation
//   warren_agent_kernel_errors_total{errno}    operations the kernel refused
//   warren_agent_connected                     1 while a session with the server lives
//   warren_agent_reconnects_total              times the server was dialled again
//   warren_agent_namespaces                    named namespaces at the last pass over the inventory
//   warren_agent_links                         links in all of them and the host's own
//   warren_agent_routes                        routes likewise
//   warren_agent_inventory_seconds             time such a pass took
//   warren_agent_inventory_unheard_total       namespaces that had changed without an event
// Labels are bounded by the API's words and the kernel's errnos. Thread-safe; a call costs less than a microsecond.

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

#include "absl/container/flat_hash_map.h"
#include "agent/session/observer.h"

namespace warren::metrics {

class AgentMetrics : public session::Observer {
 public:
  explicit AgentMetrics(prometheus::Registry& registry);

  void OnConnected() override { connected_.Set(1); }
  void OnDisconnected() override { connected_.Set(0); }
  void OnReconnect() override { reconnects_.Increment(); }
  void OnIntent(v1::Intent::State state) override;
  void OnOperation(const std::string& kind, absl::Duration took, const std::string& errno_name) override;
  void OnInventory(absl::Duration took, const inventory::Counts& counts) override;
  void OnUnheard(size_t namespaces) override { unheard_.Increment(static_cast<double>(namespaces)); }

 private:
  prometheus::Family<prometheus::Counter>& kernel_errors_;
  prometheus::Gauge& connected_;
  prometheus::Counter& reconnects_;
  prometheus::Gauge& namespaces_;
  prometheus::Gauge& links_;
  prometheus::Gauge& routes_;
  prometheus::Histogram& inventory_;
  prometheus::Counter& unheard_;
  // Every series that is known beforehand is there from the start; never changed afterwards.
  absl::flat_hash_map<int, prometheus::Counter*> intents_;
  absl::flat_hash_map<std::string, prometheus::Histogram*> operations_;
};

}  // namespace warren::metrics

#endif  // WARREN_AGENT_METRICS_AGENT_METRICS_H_
