// What the store does: puts a second in transactions of several sizes, reads beside them, and how long opening takes,
// empty and with a million rows. Prints a table.
//
//   store_bench DIR [ROWS]       DIR: on the disk to be measured; ROWS: to begin the second half with [1000000]

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/store/sqlite_kv.h"

namespace warren::store {
namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

// The processor's, of all threads: what a noisy machine changes least.
double ProcessorSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Rate {
  double per_second = 0;
  double processor_us = 0;  // for each
};

void Check(const absl::Status& status) {
  if (status.ok()) return;
  fprintf(stderr, "store_bench: %s\n", status.ToString().c_str());
  exit(1);
}

class Bench {
 public:
  explicit Bench(std::string path) : path_(std::move(path)) { Reopen(); }

  double Reopen() {
    kv_.reset();
    const auto begun = Clock::now();
    SqliteKv::Options options;
    options.path = path_;
    auto kv = SqliteKv::Open(options);
    Check(kv.status());
    kv_ = *std::move(kv);
    return Since(begun);
  }

  // As many puts as fit into `seconds` (or `rows` of them), `size` to a transaction, several transactions under way.
  Rate Put(size_t size, double seconds, size_t rows) {
    const size_t under_way = std::max<size_t>(4, 256 / size);
    std::counting_semaphore<> slots(static_cast<ptrdiff_t>(under_way));
    const auto begun = Clock::now();
    const double processor = ProcessorSeconds();
    size_t put = 0;
    while (rows > 0 ? put < rows : Since(begun) < seconds) {
      Transaction transaction;
      transaction.mutations.reserve(size);
      for (size_t i = 0; i < size; ++i) {
        keys_.push_back(NewKey());
        transaction.compares.push_back(Compare::Missing(keys_.back()));
        transaction.mutations.push_back(Mutation::Put(keys_.back(), value_));
      }
      put += size;
      slots.acquire();
      Check(kv_->Commit(std::move(transaction), [&](absl::StatusOr<CommitResult> result) {
        Check(result.status());
        slots.release();
      }));
    }
    for (size_t i = 0; i < under_way; ++i) slots.acquire();
    return {static_cast<double>(put) / Since(begun), (ProcessorSeconds() - processor) * 1e6 / static_cast<double>(put)};
  }

  // Puts what is there once more, as an intent that finishes does.
  Rate PutAgain(size_t size, double seconds) {
    const auto begun = Clock::now();
    const double processor = ProcessorSeconds();
    size_t put = 0;
    while (Since(begun) < seconds) {
      Transaction transaction;
      const size_t first = Random(keys_.size() - size);
      for (size_t i = 0; i < size; ++i) transaction.mutations.push_back(Mutation::Put(keys_[first + i], value_));
      put += size;
      Check(kv_->CommitAndWait(std::move(transaction)).status());
    }
    return {static_cast<double>(put) / Since(begun), (ProcessorSeconds() - processor) * 1e6 / static_cast<double>(put)};
  }

  static void Print(const std::string& what, const Rate& rate) {
    printf("  %-42s %10.0f a second, %6.1f us of processor each\n", what.c_str(), rate.per_second, rate.processor_us);
  }

  void Times(const char* what, int count, const std::function<absl::Status()>& act) {
    std::vector<double> seconds;
    for (int i = 0; i < count; ++i) {
      const auto begun = Clock::now();
      Check(act());
      seconds.push_back(Since(begun));
    }
    std::sort(seconds.begin(), seconds.end());
    printf("  %-42s p50 %8.3f ms   p99 %8.3f ms   max %8.3f ms\n", what, seconds[seconds.size() / 2] * 1e3,
           seconds[seconds.size() * 99 / 100] * 1e3, seconds.back() * 1e3);
  }

  void Everything() {
    printf("%zu rows\n", keys_.size());
    if (keys_.empty()) Put(100, 0, 20'000);
    for (const size_t size : {1, 16, 128, 1000}) {
      Print(absl::StrFormat("puts of new keys, %d a transaction", size), Put(size, 3, 0));
    }
    Print("puts of known keys, 128 a transaction", PutAgain(128, 3));
    Times("get", 2000, [this] { return kv_->Get(keys_[Random(keys_.size())]).status(); });
    Times("range of 100, of one host", 500, [this] { return Range(absl::StrFormat("i/host%02u/", Random(64))); });
    Times("range of 100 in the middle", 500, [this] { return Range(keys_[Random(keys_.size())].substr(0, 11)); });
    Times("commit of 1 put, alone", 500, [this] { return PutOne(); });
    Times("commit of 1 put while a compaction sweeps", 500, [this] {
      if (!kv_->Stats().compaction_running) {
        if (absl::Status status = kv_->Compact(kv_->Revision()); !status.ok()) return status;
      }
      return PutOne();
    });
    const double seconds = Reopen();
    printf("  open                                        %10.3f ms\n", seconds * 1e3);
    printf("  size on disk                                %10.1f MB\n",
           static_cast<double>(kv_->Stats().size_bytes) / 1e6);
  }

 private:
  size_t Random(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  std::string NewKey() {
    const uint64_t high = random_(), low = random_();
    return absl::StrFormat("i/host%02u/%08x-%04x-4%03x-8%03x-%012x", Random(64), high >> 32, (high >> 16) & 0xffff,
                           high & 0xfff, low >> 52, low & 0xffffffffffff);
  }
  absl::Status PutOne() {
    keys_.push_back(NewKey());
    return kv_->CommitAndWait({{Compare::Missing(keys_.back())}, {Mutation::Put(keys_.back(), value_)}}).status();
  }
  absl::Status Range(std::string_view prefix) {
    RangeRequest request = RangeRequest::Prefix(prefix);
    request.limit = 100;
    return kv_->Range(request).status();
  }

  const std::string path_;
  const std::string value_ = std::string(150, 'v');
  std::mt19937_64 random_{1};
  std::vector<std::string> keys_;
  std::unique_ptr<SqliteKv> kv_;
};

int Main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc < 2) {
    fprintf(stderr, "usage: store_bench DIR [ROWS]\n");
    return 2;
  }
  const size_t rows = argc > 2 ? strtoull(argv[2], nullptr, 10) : 1'000'000;
  const std::string directory = std::string(argv[1]) + "/store-bench";
  std::filesystem::remove_all(directory);  // of a run that was cut short
  std::filesystem::create_directories(directory);
  {
    Bench bench(directory + "/bench.db");
    bench.Everything();
  }
  std::filesystem::remove_all(directory);
  if (rows > 0) {
    std::filesystem::create_directories(directory);
    Bench bench(directory + "/bench.db");
    Bench::Print("filling, 1000 a transaction", bench.Put(1000, 0, rows));
    bench.Everything();
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace warren::store

int main(int argc, char** argv) { return warren::store::Main(argc, argv); }
