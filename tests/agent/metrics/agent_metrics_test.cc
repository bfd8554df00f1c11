#include "agent/metrics/agent_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "agent/metrics/executor_metrics.h"

namespace warren::metrics {
namespace {

// Gauges and counters by name and label value: "warren_agent_intents_total EXPIRED".
std::map<std::string, double> Values(const prometheus::Collectable& collectable) {
  std::map<std::string, double> values;
  for (const auto& family : collectable.Collect()) {
    for (const auto& metric : family.metric) {
      std::string name = family.name;
      for (const auto& label : metric.label) name += " " + label.value;
      values[name] = family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
    }
  }
  return values;
}

TEST(AgentMetrics, EveryStateAnIntentCanEndInIsCountedFromTheStart) {
  prometheus::Registry registry;
  AgentMetrics metrics(registry);
  for (const char* state : {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}) {
    EXPECT_EQ(Values(registry).count(std::string("warren_agent_intents_total ") + state), 1u) << state;
  }
  metrics.OnIntent(v1::Intent::EXPIRED);
  EXPECT_EQ(Values(registry)["warren_agent_intents_total EXPIRED"], 1);
}

TEST(AgentMetrics, ThePassOverTheInventoryTellsItsSize) {
  prometheus::Registry registry;
  AgentMetrics metrics(registry);
  metrics.OnInventory(absl::Seconds(1), {3, 7, 11});
  auto values = Values(registry);
  EXPECT_EQ(values["warren_agent_namespaces"], 3);
  EXPECT_EQ(values["warren_agent_links"], 7);
  EXPECT_EQ(values["warren_agent_routes"], 11);
}

TEST(ExecutorMetrics, TellsWhatTheExecutorHoldsWhenAsked) {
  executor::Stats stats;
  const ExecutorMetrics metrics([&] { return stats; });
  EXPECT_EQ(Values(metrics)["warren_agent_queued_intents"], 0);
  EXPECT_EQ(Values(metrics).count("warren_agent_warm_claims_total miss"), 1u) << "there before the first";
  stats = {4, 2, 8192, 9, 61, 300, 7};
  auto values = Values(metrics);
  EXPECT_EQ(values["warren_agent_queued_intents"], 4);
  EXPECT_EQ(values["warren_agent_unacknowledged_results"], 2);
  EXPECT_EQ(values["warren_agent_journal_bytes"], 8192);
  EXPECT_EQ(values["warren_agent_journal_rows"], 9);
  EXPECT_EQ(values["warren_agent_warm_namespaces"], 61);
  EXPECT_EQ(values["warren_agent_warm_claims_total hit"], 300);
  EXPECT_EQ(values["warren_agent_warm_claims_total miss"], 7);
}

}  // namespace
}  // namespace warren::metrics
