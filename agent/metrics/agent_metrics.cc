#include "agent/metrics/agent_metrics.h"

#include "warren/v1/operations.pb.h"

namespace warren::metrics {
namespace {

const prometheus::Histogram::BucketBoundaries kOperationBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                                   0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
const prometheus::Histogram::BucketBoundaries kInventoryBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                   0.1,   0.25,   0.5,   1,    2.5,   10};

// "EEXIST", or "errno 4711" for one without a name, of which there may be many.
bool IsName(const std::string& errno_name) { return errno_name.front() == 'E'; }

}  // namespace

AgentMetrics::AgentMetrics(prometheus::Registry& registry)
    : kernel_errors_(prometheus::BuildCounter()
                         .Name("warren_agent_kernel_errors_total")
                         .Help("Operations that the kernel refused, by errno")
                         .Register(registry)),
      connected_(prometheus::BuildGauge()
                     .Name("warren_agent_connected")
                     .Help("Whether a session with the server lives")
                     .Register(registry)
                     .Add({})),
      reconnects_(prometheus::BuildCounter()
                      .Name("warren_agent_reconnects_total")
                      .Help("Times the server was dialled, other than the first")
                      .Register(registry)
                      .Add({})),
      namespaces_(prometheus::BuildGauge()
                      .Name("warren_agent_namespaces")
                      .Help("Named network namespaces of this host, whoever made them, at the last look at all")
                      .Register(registry)
                      .Add({})),
      links_(prometheus::BuildGauge()
                 .Name("warren_agent_links")
                 .Help("Links of this host and its named network namespaces, at the last look at all")
                 .Register(registry)
                 .Add({})),
      routes_(prometheus::BuildGauge()
                  .Name("warren_agent_routes")
                  .Help("Routes of this host and its named network namespaces, at the last look at all")
                  .Register(registry)
                  .Add({})),
      inventory_(prometheus::BuildHistogram()
                     .Name("warren_agent_inventory_seconds")
                     .Help("Time it took to look at every namespace of this host")
                     .Register(registry)
                     .Add({}, kInventoryBuckets)),
      unheard_(prometheus::BuildCounter()
                   .Name("warren_agent_inventory_unheard_total")
                   .Help("Namespaces that a slow look at all found changed, though the kernel had told no such thing")
                   .Register(registry)
                   .Add({})) {
  auto& intents = prometheus::BuildCounter()
                      .Name("warren_agent_intents_total")
                      .Help("Intents finished, by the state they ended in")
                      .Register(registry);
  for (const auto state : {v1::Intent::SUCCEEDED, v1::Intent::FAILED, v1::Intent::CANCELLED, v1::Intent::EXPIRED}) {
    intents_[state] = &intents.Add({{"state", v1::Intent::State_Name(state)}});
  }
  auto& operations = prometheus::BuildHistogram()
                         .Name("warren_agent_operation_seconds")
                         .Help("Time to apply one operation, by its kind")
                         .Register(registry);
  const google::protobuf::OneofDescriptor* kinds = v1::Operation::descriptor()->oneof_decl(0);
  for (int i = 0; i < kinds->field_count(); ++i) {
    const std::string& kind = kinds->field(i)->name();
    operations_[kind] = &operations.Add({{"kind", kind}}, kOperationBuckets);
  }
}

void AgentMetrics::OnIntent(v1::Intent::State state) {
  if (const auto found = intents_.find(state); found != intents_.end()) found->second->Increment();
}

void AgentMetrics::OnOperation(const std::string& kind, absl::Duration took, const std::string& errno_name) {
  if (const auto found = operations_.find(kind); found != operations_.end()) {
    found->second->Observe(absl::ToDoubleSeconds(took));
  }
  if (errno_name.empty()) return;
  kernel_errors_.Add({{"errno", IsName(errno_name) ? errno_name : "other"}}).Increment();
}

void AgentMetrics::OnInventory(absl::Duration took, const inventory::Counts& counts) {
  inventory_.Observe(absl::ToDoubleSeconds(took));
  namespaces_.Set(static_cast<double>(counts.namespaces));
  links_.Set(static_cast<double>(counts.links));
  routes_.Set(static_cast<double>(counts.routes));
}

}  // namespace warren::metrics
