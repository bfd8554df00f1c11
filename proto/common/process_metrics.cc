#include "proto/common/process_metrics.h"

#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "proto/common/metrics.h"

namespace warren {
namespace {

using prometheus::MetricFamily;

std::string Read(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Since the epoch, in seconds; 0: not known.
double BootTime() {
  for (const auto line : absl::StrSplit(Read("/proc/stat"), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    double seconds = 0;
    if (words.size() == 2 && words[0] == "btime" && absl::SimpleAtod(words[1], &seconds)) return seconds;
  }
  return 0;
}

// proc(5), /proc/PID/stat, counted from the field after the command (the third, "state").
enum StatField { kUserTime = 11, kSystemTime = 12, kThreads = 17, kStartTime = 19, kVirtualBytes = 20, kPages = 21 };

}  // namespace

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  std::vector<MetricFamily> families;
  const std::string stat = Read("/proc/self/stat");
  // The command may hold anything, spaces and parentheses included; nothing after it does.
  const size_t command_end = stat.rfind(") ");
  const std::vector<std::string> fields =
      command_end == std::string::npos ? std::vector<std::string>() : absl::StrSplit(stat.substr(command_end + 2), ' ');
  if (fields.size() > kPages) {
    const auto number = [&](StatField field) {
      double value = 0;
      return absl::SimpleAtod(fields[field], &value) ? value : 0;
    };
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    families.push_back(CounterFamily("process_cpu_seconds_total", "User and system time spent, in seconds",
                                     (number(kUserTime) + number(kSystemTime)) / ticks));
    families.push_back(GaugeFamily("process_resident_memory_bytes", "Memory that is resident",
                                   number(kPages) * static_cast<double>(sysconf(_SC_PAGESIZE))));
    families.push_back(GaugeFamily("process_virtual_memory_bytes", "Address space in use", number(kVirtualBytes)));
    families.push_back(GaugeFamily("process_threads", "Threads", number(kThreads)));
    if (const double boot = BootTime(); boot > 0) {
      families.push_back(GaugeFamily("process_start_time_seconds", "When the process was started, since the epoch",
                                     boot + number(kStartTime) / ticks));
    }
  }
  int64_t descriptors = -1;  // the one that reads the directory
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
    ++descriptors;
  }
  if (!error) {
    families.push_back(GaugeFamily("process_open_fds", "Descriptors open", static_cast<double>(descriptors)));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(
        GaugeFamily("process_max_fds", "Descriptors that may be open", static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace warren
