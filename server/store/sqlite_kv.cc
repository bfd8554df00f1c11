#include "server/store/sqlite_kv.h"

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/kv_rules.h"
#include "server/store/sqlite_restore.h"
#include "server/store/storage_error.h"
#include "server/store/store_files.h"

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
  if (absl::Status status = FinishRestore(options.path); !status.ok()) return OpenError(status, options.path);
  if (absl::Status status = CheckHasItsFile(options.path); !status.ok()) return status;
  auto writer = SqliteWriter::Open(options.path);
  if (!writer.ok()) return OpenError(writer.status(), options.path);
  auto readers = ReaderPool::Open(options.path, options.readers);
  if (!readers.ok()) return OpenError(readers.status(), options.path);
  auto log_reader = SqliteReader::Open(options.path);
  if (!log_reader.ok()) return OpenError(log_reader.status(), options.path);
  return std::unique_ptr<SqliteKv>(
      new SqliteKv(options, *std::move(lock), *std::move(writer), *std::move(readers), *std::move(log_reader)));
}

SqliteKv::SqliteKv(const Options& options, FileLock lock, SqliteWriter writer, std::unique_ptr<ReaderPool> readers,
                   std::unique_ptr<SqliteReader> log_reader)
    : options_(options),
      lock_(std::move(lock)),
      writer_(std::move(writer)),
      readers_(std::move(readers)),
      log_reader_(std::move(log_reader)),
      queue_(options.queue),
      revision_(writer_.revision()),
      compacted_(writer_.compacted()),
      sweeping_(writer_.NeedsSweep()),
      hub_(writer_.revision(), options.watch_window_bytes,
           [this](int64_t from_revision) -> absl::StatusOr<WatchHub::LogChunk> {
             auto chunk = log_reader_->ReadLog(from_revision);
             if (!chunk.ok()) return ReadError(chunk.status());
             return chunk;
           }),
      thread_([this] { Run(); }) {}

SqliteKv::~SqliteKv() {
  queue_.Close();
  thread_.join();
}

absl::Status SqliteKv::Commit(Transaction transaction, CommitDone done) {
  return queue_.Push(std::move(transaction), std::move(done));
}

absl::StatusOr<RangeResult> SqliteKv::Range(const RangeRequest& request) {
  auto result = readers_->Range(request);
  if (!result.ok()) return ReadError(result.status());
  return result;
}

absl::StatusOr<int64_t> SqliteKv::Replay(std::string_view prefix,
                                         absl::FunctionRef<absl::Status(Event& change)> change) {
  absl::Status stopped;
  auto revision = readers_->Replay(prefix, [&](Event& event) {
    stopped = change(event);
    return stopped;
  });
  if (!revision.ok()) return stopped.ok() ? ReadError(revision.status()) : stopped;
  return revision;
}

absl::Status SqliteKv::ReadError(const absl::Status& status) {
  absl::Status error = StorageError(status, options_.path);
  if (absl::IsDataLoss(error)) {
    SetHealth(error);
    queue_.Nudge();
  }
  return error;
}

absl::StatusOr<std::unique_ptr<WatchHandle>> SqliteKv::Watch(std::string_view prefix, int64_t from_revision,
                                                             WatchCallback callback) {
  if (from_revision != 0) {
    if (absl::Status s = CheckWatchable(from_revision, compacted_.load(std::memory_order_acquire)); !s.ok()) return s;
  }
  return hub_.Add(prefix, from_revision != 0 ? from_revision : Revision() + 1, std::move(callback));
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
    const absl::Status health = Health();
    const bool probing = !health.ok() && !absl::IsDataLoss(health);
    if (probing) {
      timeout = kProbeInterval;
    } else if (health.ok() && writer_.NeedsSweep()) {
      timeout = std::chrono::milliseconds(0);
    }
    std::vector<CommitQueue::Entry> group = queue_.Pop(timeout);
    if (!group.empty()) {
      WriteGroup(std::move(group));
    } else if (probing) {
      SetHealth(StorageError(writer_.Probe(), options_.path));
    }
    if (writer_.NeedsSweep() && Health().ok()) {
      SetHealth(StorageError(writer_.Sweep(), options_.path));
      sweeping_.store(writer_.NeedsSweep(), std::memory_order_release);
    }
    TellHealth();
  }
}

void SqliteKv::WriteGroup(std::vector<CommitQueue::Entry> group) {
  const auto start = std::chrono::steady_clock::now();
  KvObserver::Batch batch;
  batch.transactions = group.size();
  std::vector<SqliteWriter::Outcome> outcomes(group.size());
  // A damaged database is left as it is.
  absl::Status status = Health();
  if (!absl::IsDataLoss(status)) status = writer_.Begin();
  for (size_t i = 0; status.ok() && i < group.size(); ++i) {
    batch.mutations += group[i].transaction.mutations.size();
    status = Apply(group[i], outcomes[i]);
    if (!outcomes[i].refused.ok()) ++batch.refused;
  }
  if (status.ok()) status = writer_.Commit();
  if (!status.ok()) {
    status = StorageError(status, options_.path);
    writer_.Rollback();
    // A refusal may rest on what was rolled back: all get the storage's error.
    for (auto& outcome : outcomes) outcome = {.refused = status, .revision = 0, .events = {}};
    batch.refused = 0;
  }
  batch.status = status;
  batch.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  SetHealth(status);
  TellHealth();
  sweeping_.store(writer_.NeedsSweep(), std::memory_order_release);
  compacted_.store(writer_.compacted(), std::memory_order_release);
  revision_.store(writer_.revision(), std::memory_order_release);
  for (size_t i = 0; i < group.size(); ++i) {
    CommitDone done = std::move(group[i].done);
    if (!outcomes[i].refused.ok()) {
      done(std::move(outcomes[i].refused));
    } else {
      done(CommitResult{outcomes[i].revision});
    }
  }
  for (auto& outcome : outcomes) {
    if (!outcome.events.empty()) hub_.Publish(outcome.revision, std::move(outcome.events));
  }
  for (KvObserver* observer : options_.observers) observer->OnBatch(batch);
}

absl::Status SqliteKv::Apply(CommitQueue::Entry& entry, SqliteWriter::Outcome& outcome) {
  if (entry.compact_to == 0) return writer_.Apply(entry.transaction, outcome);
  return writer_.Compact(entry.compact_to, outcome);
}

void SqliteKv::SetHealth(const absl::Status& health) {
  MutexLock lock(&health_mutex_);
  if (!absl::IsDataLoss(health_)) health_ = health;
}

void SqliteKv::TellHealth() {
  const absl::Status health = Health();
  if (health.code() == told_) return;
  told_ = health.code();
  for (KvObserver* observer : options_.observers) observer->OnHealth(health);
}

}  // namespace warren::store
