#include "server/store/sqlite_kv.h"

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/kv_rules.h"

namespace warren::store {
namespace {

constexpr std::chrono::milliseconds kProbeInterval{1000};

int64_t FileSize(const std::string& path) {
  struct stat st = {};
  return stat(path.c_str(), &st) == 0 ? st.st_size : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteKv>> SqliteKv::Open(const Options& options) {
  auto lock = FileLock::Acquire(absl::StrCat(options.path, ".lock"));
  if (!lock.ok()) return lock.status();
  auto writer = SqliteWriter::Open(options.path);
  if (!writer.ok()) return writer.status();
  auto readers = ReaderPool::Open(options.path, options.readers);
  if (!readers.ok()) return readers.status();
  auto log_reader = SqliteReader::Open(options.path);
  if (!log_reader.ok()) return log_reader.status();
  return std::unique_ptr<SqliteKv>(
      new SqliteKv(options, *std::move(lock), *std::move(writer), *std::move(readers), *std::move(log_reader)));
}

SqliteKv::SqliteKv(const Options& options, FileLock lock, SqliteWriter writer, std::unique_ptr<ReaderPool> readers,
                   std::unique_ptr<SqliteReader> log_reader)
    : options_(options),
      lock_(std::move(lock)),
      readers_(std::move(readers)),
      log_reader_(std::move(log_reader)),
      writer_(std::move(writer)),
      queue_(options.queue),
      revision_(writer_.revision()),
      compacted_(writer_.compacted()),
      sweeping_(writer_.NeedsSweep()),
      hub_(writer_.revision(), options.watch_window_bytes,
           [this](int64_t from_revision) { return log_reader_->ReadLog(from_revision); }),
      thread_([this] { Run(); }) {}

SqliteKv::~SqliteKv() {
  queue_.Close();
  thread_.join();
}

absl::Status SqliteKv::Commit(Transaction transaction, CommitDone done) {
  return queue_.Push(std::move(transaction), std::move(done));
}

absl::StatusOr<RangeResult> SqliteKv::Range(const RangeRequest& request) { return readers_->Range(request); }

absl::StatusOr<std::unique_ptr<WatchHandle>> SqliteKv::Watch(std::string_view prefix, int64_t from_revision,
                                                             WatchCallback callback) {
  if (from_revision != 0) {
    if (absl::Status s = CheckWatchable(from_revision, compacted_.load(std::memory_order_acquire)); !s.ok()) return s;
  }
  return hub_.Add(prefix, from_revision, std::move(callback));
}

absl::Status SqliteKv::Compact(int64_t revision) {
  return AwaitCommit([&](CommitDone done) { return queue_.PushCompaction(revision, std::move(done)); }).status();
}

absl::Status SqliteKv::Health() const {
  MutexLock lock(&health_mutex_);
  return health_;
}

KvStats SqliteKv::Stats() const {
  KvStats stats;
  stats.revision = Revision();
  stats.compacted_revision = compacted_.load(std::memory_order_acquire);
  stats.queued_transactions = queue_.transactions();
  stats.queued_bytes = queue_.bytes();
  stats.watches = hub_.watches();
  stats.size_bytes = FileSize(options_.path) + FileSize(absl::StrCat(options_.path, "-wal"));
  stats.compaction_running = sweeping_.load(std::memory_order_acquire);
  return stats;
}

void SqliteKv::Run() {
  while (!queue_.Drained()) {
    std::optional<std::chrono::milliseconds> timeout;
    const bool healthy = Health().ok();
    if (!healthy) {
      timeout = kProbeInterval;
    } else if (writer_.NeedsSweep()) {
      timeout = std::chrono::milliseconds(0);
    }
    std::vector<CommitQueue::Entry> group = queue_.Pop(timeout);
    if (!group.empty()) {
      WriteGroup(std::move(group));
    } else if (!healthy) {
      SetHealth(writer_.Probe());
    }
    if (writer_.NeedsSweep() && Health().ok()) {
      SetHealth(writer_.Sweep());
      sweeping_.store(writer_.NeedsSweep(), std::memory_order_release);
    }
  }
}

void SqliteKv::WriteGroup(std::vector<CommitQueue::Entry> group) {
  const auto start = std::chrono::steady_clock::now();
  KvObserver::Batch batch;
  batch.transactions = group.size();
  std::vector<SqliteWriter::Outcome> outcomes(group.size());
  absl::Status status = writer_.Begin();
  for (size_t i = 0; status.ok() && i < group.size(); ++i) {
    batch.mutations += group[i].transaction.mutations.size();
    status = Apply(group[i], outcomes[i]);
    if (!outcomes[i].refused.ok()) ++batch.refused;
  }
  if (status.ok()) status = writer_.Commit();
  if (!status.ok()) {
    writer_.Rollback();
    // A refusal may rest on what was rolled back: all get the storage's error.
    for (auto& outcome : outcomes) outcome = {.refused = status, .revision = 0, .events = {}};
    batch.refused = 0;
  }
  batch.status = status;
  batch.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  SetHealth(status);
  sweeping_.store(writer_.NeedsSweep(), std::memory_order_release);
  compacted_.store(writer_.compacted(), std::memory_order_release);
  revision_.store(writer_.revision(), std::memory_order_release);
  for (auto& outcome : outcomes) {
    if (!outcome.events.empty()) hub_.Publish(outcome.revision, std::move(outcome.events));
  }
  for (size_t i = 0; i < group.size(); ++i) {
    CommitDone done = std::move(group[i].done);
    if (!outcomes[i].refused.ok()) {
      done(std::move(outcomes[i].refused));
    } else {
      done(CommitResult{outcomes[i].revision});
    }
  }
  if (options_.observer != nullptr) options_.observer->OnBatch(batch);
}

absl::Status SqliteKv::Apply(CommitQueue::Entry& entry, SqliteWriter::Outcome& outcome) {
  if (entry.compact_to == 0) return writer_.Apply(entry.transaction, outcome);
  return writer_.Compact(entry.compact_to, outcome);
}

void SqliteKv::SetHealth(const absl::Status& health) {
  MutexLock lock(&health_mutex_);
  health_ = health;
}

}  // namespace warren::store
