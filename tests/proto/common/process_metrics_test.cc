#include "proto/common/process_metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <time.h>

#include <latch>
#include <map>
#include <string>
#include <thread>

#include "proto/common/unique_fd.h"

namespace warren {
namespace {

std::map<std::string, double> Values() {
  std::map<std::string, double> values;
  for (const auto& family : ProcessMetrics().Collect()) {
    EXPECT_FALSE(family.help.empty());
    EXPECT_EQ(family.metric.size(), 1u);
    values[family.name] =
        family.type == prometheus::MetricType::Counter ? family.metric[0].counter.value : family.metric[0].gauge.value;
  }
  return values;
}

TEST(ProcessMetricsTest, EverythingIsThere) {
  const auto values = Values();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_open_fds", "process_max_fds", "process_start_time_seconds", "process_threads"}) {
    EXPECT_TRUE(values.contains(name)) << name;
  }
}

TEST(ProcessMetricsTest, DescriptorsAndThreadsAreCounted) {
  const auto before = Values();
  const UniqueFd one(open("/dev/null", O_RDONLY | O_CLOEXEC)), two(open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::latch done(1);
  const std::jthread thread([&] { done.wait(); });
  const auto after = Values();
  done.count_down();
  EXPECT_EQ(after.at("process_open_fds"), before.at("process_open_fds") + 2);
  EXPECT_EQ(after.at("process_threads"), before.at("process_threads") + 1);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(after.at("process_max_fds"), static_cast<double>(limit.rlim_cur));
}

TEST(ProcessMetricsTest, TimeIsSpentAndMemoryUsed) {
  const auto before = Values();
  timespec spent{};
  const auto processor_seconds = [&] {
    EXPECT_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent), 0);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
  };
  const double begun = processor_seconds();
  while (processor_seconds() < begun + 0.05) {
  }
  const auto after = Values();
  EXPECT_GT(after.at("process_cpu_seconds_total"), before.at("process_cpu_seconds_total"));
  EXPECT_GT(after.at("process_resident_memory_bytes"), 0);
  EXPECT_GT(after.at("process_virtual_memory_bytes"), after.at("process_resident_memory_bytes"));
}

TEST(ProcessMetricsTest, TheStartLiesBetweenTheBootAndNow) {
  const double start = Values().at("process_start_time_seconds");
  const double now = static_cast<double>(time(nullptr));
  timespec since_boot{};
  ASSERT_EQ(clock_gettime(CLOCK_BOOTTIME, &since_boot), 0);
  EXPECT_LE(start, now + 1);
  EXPECT_GE(start, now - static_cast<double>(since_boot.tv_sec) - 2);
}

}  // namespace
}  // namespace warren
