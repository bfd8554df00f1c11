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

#include "absl/status/statusor.h"
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

namespace warren {
namespace {

// A benchmark that fails measures nothing.
template <typename T>
T Checked(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  fprintf(stderr, "warren-bench: %s\n", value.status().ToString().c_str());
  abort();
}

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

void ReadNeighbours(benchmark::State& state) {
  Kept kept;
  for (auto _ : state) benchmark::DoNotOptimize(Checked(kernel::ListStaticNeighbours(*kept.netlink, kept.link)));
}
BENCHMARK(ReadNeighbours)->UseRealTime();

void ReadNexthops(benchmark::State& state) {
  Kept kept;
  for (auto _ : state) benchmark::DoNotOptimize(Checked(kernel::ListNexthopsOf(*kept.netlink, kept.link.ifindex)));
}
BENCHMARK(ReadNexthops)->UseRealTime();

void ReadTrafficControl(benchmark::State& state) {
  Kept kept;
  for (auto _ : state) benchmark::DoNotOptimize(Checked(kernel::ListTrafficControl(*kept.netlink, kept.link.ifindex)));
}
BENCHMARK(ReadTrafficControl)->UseRealTime();

void ReadBridgePort(benchmark::State& state) {
  Kept kept;
  for (auto _ : state) benchmark::DoNotOptimize(Checked(kernel::GetBridgePort(*kept.netlink, kept.link.ifindex)));
}
BENCHMARK(ReadBridgePort)->UseRealTime();

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

void FindHolders(benchmark::State& state) {
  Kept kept;
  const Crowd crowd(state.range(0));
  const kernel::NetnsId id{kept.netns.inode, Checked(kept.worker.CookieOf(kept.netns))};
  for (auto _ : state) benchmark::DoNotOptimize(kernel::FindHolders(kept.worker, {id}));
}
BENCHMARK(FindHolders)->Arg(0)->Arg(100)->Arg(500)->UseRealTime();

void FindInhabitants(benchmark::State& state) {
  Kept kept;
  const Crowd crowd(state.range(0));
  const kernel::NetnsId id{kept.netns.inode, Checked(kept.worker.CookieOf(kept.netns))};
  for (auto _ : state) benchmark::DoNotOptimize(kernel::FindInhabitants(kept.worker, {id}));
}
BENCHMARK(FindInhabitants)->Arg(0)->Arg(100)->Arg(500)->UseRealTime();

}  // namespace
}  // namespace warren
