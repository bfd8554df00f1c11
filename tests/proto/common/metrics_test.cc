#include "proto/common/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <memory>
#include <sstream>

namespace warren {
namespace {

using ::testing::HasSubstr;

std::string Text(const Metrics& metrics) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, metrics.Collect());
  return text.str();
}

class LookedUp : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::ClientMetric metric;
    metric.gauge.value = ++asked_;
    return {{"warren_asked", "Times asked", prometheus::MetricType::Gauge, {metric}}};
  }

 private:
  mutable int asked_ = 0;
};

TEST(MetricsTest, TellTheVersion) {
  EXPECT_THAT(Text(Metrics()), ::testing::ContainsRegex("warren_build_info\\{version=\"[0-9.]+\"\\} 1"));
}

TEST(MetricsTest, WhatIsCountedAndWhatIsLookedUpAreCollectedTogether) {
  Metrics metrics;
  auto& counter = prometheus::BuildCounter().Name("warren_things_total").Help("Things").Register(metrics.registry());
  counter.Add({}).Increment(3);
  metrics.Add(std::make_shared<LookedUp>());
  EXPECT_THAT(Text(metrics), AllOf(HasSubstr("warren_things_total 3"), HasSubstr("warren_asked 1")));
  EXPECT_THAT(Text(metrics), HasSubstr("warren_asked 2")) << "looked up each time";
}

}  // namespace
}  // namespace warren
