// What the parts of the agent's way to the kernel cost, each alone (Google Benchmark). As root, in a sandbox:
//
//   sudo tests/sandbox build/bench/warren-bench [--benchmark_filter=REGEX]
//
// tests/bench/compare.sh measures the whole.

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agent/executor/plan.h"
#include "agent/inventory/kernel_inventory.h"
#include "agent/journal/journal.h"
#include "agent/kernel/address.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"
#include "tests/bench/checked.h"
#include "warren/v1/agents.pb.h"

namespace warren {
namespace {

constexpr char kNetnsDir[] = "/run/netns";
constexpr int kInner = 2;
// Of what the kernel frees in the background: enough to tell, few enough not to pile up.
constexpr int kFew = 200;

class JournalFile {
 public:
  JournalFile() {
    std::string directory = std::filesystem::temp_directory_path() / "warren-bench-XXXXXX";
    if (mkdtemp(directory.data()) == nullptr) Check(absl::ErrnoToStatus(errno, "a directory for the journal"));
    directory_ = directory;
    journal_ = Checked(journal::Journal::Open(directory_ / "journal.db", "this boot"));
  }
  ~JournalFile() {
    journal_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  journal::Journal& operator*() { return *journal_; }
  journal::Journal* operator->() { return journal_.get(); }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<journal::Journal> journal_;
};

// One write before one change.
void JournalStep(benchmark::State& state) {
  JournalFile journal;
  const std::string step(120, 's');
  Check(journal->Begin(1, step));
  for (auto _ : state) Check(journal->Add(1, step));
}
BENCHMARK(JournalStep)->Iterations(5000);

// All that is written of an intent that only makes new things, of so many at once.
void JournalIntents(benchmark::State& state) {
  JournalFile journal;
  const auto count = static_cast<int64_t>(state.range(0));
  const std::string step(120, 's');
  int64_t sequence = 0;
  for (auto _ : state) {
    std::vector<journal::Opening> openings;
    std::vector<journal::Closing> closings;
    std::vector<int64_t> sequences;
    for (int64_t i = 0; i < count; ++i) {
      ++sequence;
      openings.push_back({sequence, step, {step}, std::nullopt});
      journal::Ownership ownership;
      ownership.made_netns = {{static_cast<uint64_t>(sequence), "red"}};
      closings.push_back({{sequence, step}, std::move(ownership)});
      sequences.push_back(sequence);
    }
    Check(journal->BeginAll(openings));
    Check(journal->FinishAll(closings));
    Check(journal->ForgetResults(sequences));
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(JournalIntents)->Arg(1)->Arg(8)->Arg(64)->Iterations(500);

// Of a router's intent.
void Plan(benchmark::State& state) {
  v1::IntentDelivery intent;
  intent.add_operations()->mutable_create_namespace()->set_namespace_("red");
  v1::CreateVeth* veth = intent.add_operations()->mutable_create_veth();
  veth->mutable_a()->set_namespace_("red");
  veth->mutable_a()->set_name("eth0");
  veth->mutable_a()->set_up(true);
  veth->mutable_a()->add_addresses("10.0.0.1/24");
  veth->mutable_b()->set_namespace_("@host");
  veth->mutable_b()->set_name("red0");
  for (auto _ : state) {
    const auto plan = executor::PlanOf(intent);
    if (!plan) Check(absl::InternalError("no plan"));
    benchmark::DoNotOptimize(plan->links.data());
  }
}
BENCHMARK(Plan);

// A host of one namespace, "red", and what it takes to work there. The namespace goes with it.
class Host {
 public:
  Host() : worker(Checked(kernel::NetnsWorker::Create())), netlink(Checked(kernel::Netlink::Open())), dir(kNetnsDir) {
    Check(dir.Prepare());
    red.emplace(Checked(worker.NewNetns()));
    Check(dir.Bind(red->netns, "red", ""));
  }
  // Returns when the kernel has freed every veth, which it does in the background.
  ~Host() {
    Check(dir.Unbind("red"));
    red.reset();
    const auto left = [this] {
      const auto links = Checked(kernel::ListLinks(netlink));
      return std::any_of(links.begin(), links.end(),
                         [](const kernel::Link& link) { return link.name.compare(0, 5, "bench") == 0; });
    };
    while (left()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  // The inner end in `netns`, up.
  void CreateVeth(const kernel::Netns& netns, int number, uint32_t queues) {
    kernel::NewVethEnd inner;
    inner.netns = &netns;
    inner.name = "eth0";
    inner.mac = std::string("\x02\0\0\0\0\1", 6);
    inner.queues = queues;
    inner.ifindex = kInner;
    inner.up = true;
    kernel::NewVethEnd outer;
    outer.netns = &worker.host();
    outer.name = absl::StrCat("bench", number);
    outer.mac = std::string("\x02\0\0\0\0\2", 6);
    outer.queues = queues;
    Check(kernel::CreateVeth(netlink, inner, outer));
  }

  kernel::NetnsWorker worker;
  kernel::Netlink netlink;
  kernel::NetnsDir dir;
  std::optional<kernel::NetnsWorker::Made> red;
};

void NewNamespace(benchmark::State& state) {
  Host host;
  std::vector<kernel::NetnsWorker::Made> made;
  for (auto _ : state) made.push_back(Checked(host.worker.NewNetns()));
}
BENCHMARK(NewNamespace)->Iterations(kFew)->UseRealTime();

void BindAName(benchmark::State& state) {
  Host host;
  int number = 0;
  for (auto _ : state) Check(host.dir.Bind(host.red->netns, absl::StrCat("bench", number++), "marker"));
  while (number > 0) Check(host.dir.Unbind(absl::StrCat("bench", --number)));
}
BENCHMARK(BindAName)->Iterations(kFew)->UseRealTime();

void OpenANamespaceWithASocket(benchmark::State& state) {
  Host host;
  for (auto _ : state) {
    const kernel::Netns netns = Checked(host.dir.Open("red"));
    benchmark::DoNotOptimize(Checked(host.worker.OpenNetlink(netns)));
  }
}
BENCHMARK(OpenANamespaceWithASocket)->UseRealTime();

// Of so many queues.
void CreateAVeth(benchmark::State& state) {
  Host host;
  std::vector<kernel::NetnsWorker::Made> made;
  for (int i = 0; i < kFew; ++i) made.push_back(Checked(host.worker.NewNetns()));
  int number = 0;
  for (auto _ : state) {
    host.CreateVeth(made[static_cast<size_t>(number)].netns, number, static_cast<uint32_t>(state.range(0)));
    ++number;
  }
}
BENCHMARK(CreateAVeth)->Arg(1)->Arg(2)->Arg(16)->Iterations(kFew)->UseRealTime();

// Loopback up and an address, in one send.
void SetUpInside(benchmark::State& state) {
  Host host;
  std::vector<kernel::NetnsWorker::Made> made;
  for (int i = 0; i < kFew; ++i) {
    made.push_back(Checked(host.worker.NewNetns()));
    host.CreateVeth(made.back().netns, i, 1);
  }
  kernel::NewAddress address;
  address.ifindex = kInner;
  address.local = kernel::ParsePrefix("10.0.0.1/24").value();
  kernel::LinkChange up;
  up.up = true;
  size_t number = 0;
  for (auto _ : state) {
    std::vector<kernel::Message> messages;
    messages.push_back(kernel::SetLinkMessage(1, up));
    messages.push_back(kernel::AddAddressMessage(address));
    for (const absl::Status& status : made[number].netlink.DoAll(messages, "setting up")) Check(status);
    ++number;
  }
}
BENCHMARK(SetUpInside)->Iterations(kFew)->UseRealTime();

// At a namespace with a veth and an address, in which nothing has changed.
void LookAtANamespace(benchmark::State& state) {
  Host host;
  host.CreateVeth(host.red->netns, 0, 1);
  inventory::Options options;
  options.host = "h1";
  options.netns_dir = kNetnsDir;
  options.events = kernel::EventSocket::Open();
  options.ownership.owns_netns = [](uint64_t, const std::string&) { return true; };
  options.ownership.owns_link = [](uint64_t, int) { return true; };
  auto inventory = Checked(inventory::KernelInventory::Create(std::move(options)));
  const std::set<std::string> names{"red"};
  for (auto _ : state) benchmark::DoNotOptimize(inventory->Refresh(names));
}
BENCHMARK(LookAtANamespace)->UseRealTime();

}  // namespace
}  // namespace warren

BENCHMARK_MAIN();
