// What the executor makes of routers without a server, a report or anybody who waits for each: submitted all at once,
// measured until the last is finished (Google Benchmark; part of warren-bench).

#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/executor/executor.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"

namespace warren {
namespace {

constexpr int64_t kMany = 1000;
constexpr int64_t kWarm = 64;

class Finishes : public executor::Listener {
 public:
  void OnStarted(int64_t) override {}
  void OnOperation(const std::string&, absl::Duration, const std::string&) override {}
  void OnFinished(executor::Finished finished) override {
    if (finished.result.state() != v1::Intent::SUCCEEDED) {
      fprintf(stderr, "warren-bench: %s\n", finished.result.ShortDebugString().c_str());
      abort();
    }
    MutexLock lock(&mutex_);
    ++finished_;
    changed_.SignalAll();
  }
  void Await(int64_t count) {
    MutexLock lock(&mutex_);
    while (finished_ < count) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int64_t finished_ ABSL_GUARDED_BY(mutex_) = 0;
};

class Bench {
 public:
  Bench() {
    std::string directory = std::filesystem::temp_directory_path() / "warren-bench-XXXXXX";
    if (mkdtemp(directory.data()) == nullptr) abort();
    directory_ = directory;
    executor::Options options;
    options.state_dir = directory_ / "state";
    options.run_dir = directory_ / "run";
    options.warm_namespaces = kWarm;
    options.events = kernel::EventSocket::Open();
    auto opened = executor::Executor::Open(std::move(options), finishes_);
    if (!opened.ok()) {
      fprintf(stderr, "warren-bench: %s\n", opened.status().ToString().c_str());
      abort();
    }
    executor_ = *std::move(opened);
  }
  ~Bench() {
    executor_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // All are wanted when it returns; the results are kept.
  void Create(int64_t count) {
    Run(count, [](int64_t i, v1::IntentDelivery& intent) {
      const std::string name = absl::StrCat("bench-", i);
      intent.add_operations()->mutable_create_namespace()->set_namespace_(name);
      v1::CreateVeth* veth = intent.add_operations()->mutable_create_veth();
      veth->mutable_a()->set_namespace_(name);
      veth->mutable_a()->set_name("eth0");
      veth->mutable_a()->set_up(true);
      veth->mutable_a()->add_addresses(absl::StrCat("10.", i / 256, ".", i % 256, ".1/24"));
      veth->mutable_b()->set_namespace_("@host");
      veth->mutable_b()->set_name(absl::StrCat("be", i));
    });
  }
  void Delete(int64_t count) {
    Run(count, [](int64_t i, v1::IntentDelivery& intent) {
      intent.add_operations()->mutable_delete_namespace()->set_namespace_(absl::StrCat("bench-", i));
    });
  }
  // As a server does it; from then on the executor is at rest, and refills what is warm.
  void Acknowledge() {
    std::vector<int64_t> all;
    for (const v1::IntentResult& result : executor_->UnacknowledgedResults()) all.push_back(result.sequence());
    executor_->Acknowledge(all);
    // Nothing tells of it: who asks for a namespace takes what there is.
    while (executor_->stats().warm < static_cast<size_t>(kWarm)) usleep(1000);
  }

 private:
  template <typename Fill>
  void Run(int64_t count, const Fill& fill) {
    std::vector<v1::IntentDelivery> intents;
    for (int64_t i = 0; i < count; ++i) {
      v1::IntentDelivery intent;
      intent.set_sequence(++sequence_);
      intent.set_intent_id(absl::StrCat("bench-", sequence_));
      fill(i, intent);
      intents.push_back(std::move(intent));
    }
    executor_->Submit(std::move(intents));
    finishes_.Await(sequence_);
  }

  std::filesystem::path directory_;
  Finishes finishes_;
  std::unique_ptr<executor::Executor> executor_;
  int64_t sequence_ = 0;
};

void ExecutorCreates(benchmark::State& state) {
  Bench bench;
  bench.Acknowledge();
  for (auto _ : state) {
    bench.Create(state.range(0));
    state.PauseTiming();
    bench.Delete(state.range(0));
    bench.Acknowledge();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ExecutorCreates)->Arg(kMany)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
// A burst within the warm pool.
BENCHMARK(ExecutorCreates)->Arg(kWarm)->Iterations(10)->UseRealTime()->Unit(benchmark::kMillisecond);

void ExecutorDeletes(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) {
    state.PauseTiming();
    bench.Acknowledge();
    bench.Create(state.range(0));
    bench.Acknowledge();
    state.ResumeTiming();
    bench.Delete(state.range(0));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ExecutorDeletes)->Arg(kMany)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace warren
