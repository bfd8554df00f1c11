// What it costs to read what an operation takes with a link, and to find who holds a namespace (Google Benchmark; part
// of warren-bench).

#include <benchmark/benchmark.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/executor/facility/facilities.h"
#include "agent/kernel/bridge_port.h"
#include "agent/kernel/holders.h"
#include "agent/kernel/link.h"
#include "agent/kernel/neighbour.h"
#include "agent/kernel/netns.h"
#include "agent/kernel/nexthop.h"
#include "agent/kernel/qdisc.h"
#include "agent/kernel/route.h"
#include "agent/kernel/sysctl.h"
#include "tests/bench/checked.h"

namespace warren {
namespace {

void Sh(const std::string& command) {
  if (system(command.c_str()) == 0) return;
  fprintf(stderr, "warren-bench: %s\n", command.c_str());
  abort();
}

// A namespace "kept" with a port of a bridge, that has two addresses and nothing else.
class Kept {
 public:
  Kept() : worker(Checked(kernel::NetnsWorker::Create())) {
    Sh("ip netns add kept && ip -n kept link add br0 type bridge && ip -n kept link set br0 up &&"
       " ip -n kept link add eth0 type veth peer name eth1 && ip -n kept link set eth0 master br0 up &&"
       " ip -n kept addr add 10.0.0.1/24 dev eth0 && ip -n kept addr add 2001:db8::1/64 dev eth0");
    netns = Checked(kernel::NetnsDir("/run/netns").Open("kept"));
    netlink.emplace(Checked(worker.OpenNetlink(netns)));
    link = Checked(kernel::GetLink(*netlink, "eth0"));
  }
  ~Kept() {
    netlink.reset();
    Sh("ip netns delete kept");
  }

  kernel::NetnsWorker worker;
  kernel::Netns netns;
  std::optional<kernel::Netlink> netlink;
  kernel::Link link;
};

template <typename Reading>
void Read(benchmark::State& state, Reading reading) {
  Kept kept;
  for (auto _ : state) benchmark::DoNotOptimize(Checked(reading(*kept.netlink, kept.link)));
}
BENCHMARK_CAPTURE(Read, neighbours, [](kernel::Netlink& netlink, const kernel::Link& link) {
  return kernel::ListStaticNeighbours(netlink, link);
})->UseRealTime();
BENCHMARK_CAPTURE(Read, nexthops, [](kernel::Netlink& netlink, const kernel::Link& link) {
  return kernel::ListNexthopsOf(netlink, link.ifindex);
})->UseRealTime();
BENCHMARK_CAPTURE(Read, traffic_control, [](kernel::Netlink& netlink, const kernel::Link& link) {
  return kernel::ListTrafficControl(netlink, link.ifindex);
})->UseRealTime();
BENCHMARK_CAPTURE(Read, bridge_port, [](kernel::Netlink& netlink, const kernel::Link& link) {
  return kernel::GetBridgePort(netlink, link.ifindex);
})->UseRealTime();

void ReadSettings(benchmark::State& state) {
  Kept kept;
  size_t count = 0;
  for (auto _ : state) {
    (void)kept.worker.Within(kept.netns, [&] {
      count = Checked(kernel::ListLinkSettings("eth0", kernel::LinkSettings::kAll)).size();
      return absl::OkStatus();
    });
  }
  state.counters["settings"] = static_cast<double>(count);
}
BENCHMARK(ReadSettings)->UseRealTime();

// As an operation does: its losses are a set of executor::Losses.
void ReadAllThatIsLost(benchmark::State& state) {
  Kept kept;
  const executor::Where where{kept.worker, kept.netns, *kept.netlink, kept.link};
  for (auto _ : state) {
    benchmark::DoNotOptimize(Checked(executor::ReadAll(where, static_cast<executor::Losses>(state.range(0)))));
  }
}
BENCHMARK(ReadAllThatIsLost)
    ->ArgName("losses")
    ->Arg(executor::kGoesDown)
    ->Arg(executor::kLosesIpv6)
    ->Arg(executor::kLeaves)
    ->UseRealTime();

// Beside so many processes elsewhere, each with a socket and some descriptors.
class Crowd {
 public:
  explicit Crowd(int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const pid_t pid = fork();
      if (pid == 0) {
        (void)!socket(AF_INET, SOCK_DGRAM, 0);
        pause();
        _exit(0);
      }
      pids_.push_back(pid);
    }
  }
  ~Crowd() {
    for (const pid_t pid : pids_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

 private:
  std::vector<pid_t> pids_;
};

template <typename Finding>
void Find(benchmark::State& state, Finding finding) {
  Kept kept;
  const Crowd crowd(state.range(0));
  const std::vector<kernel::NetnsId> ids{{kept.netns.inode, Checked(kept.worker.CookieOf(kept.netns))}};
  for (auto _ : state) benchmark::DoNotOptimize(finding(kept.worker, ids));
}
BENCHMARK_CAPTURE(Find, holders,
                  [](kernel::NetnsWorker& worker, const std::vector<kernel::NetnsId>& ids) {
                    return kernel::FindHolders(worker, ids);
                  })
    ->Arg(0)
    ->Arg(100)
    ->Arg(500)
    ->UseRealTime();
BENCHMARK_CAPTURE(Find, inhabitants, kernel::FindInhabitants)->Arg(0)->Arg(100)->Arg(500)->UseRealTime();

}  // namespace
}  // namespace warren
