#include "tests/fakes/memory_kv.h"

#include <algorithm>
#include <utility>

#include "server/store/kv_rules.h"
#include "tests/support/unshared.h"

namespace warren::store {

MemoryKv::MemoryKv(const Options& options)
    : queue_(options.queue),
      hub_(0, options.watch_window_bytes, [this](int64_t from_revision) { return ReadLog(from_revision); }),
      thread_([this] { Run(); }) {}

MemoryKv::~MemoryKv() {
  Release();
  queue_.Close();
  thread_.join();
}

void MemoryKv::Hold() {
  MutexLock lock(&mutex_);
  held_ = true;
}

void MemoryKv::Release() {
  MutexLock lock(&mutex_);
  held_ = false;
  changed_.SignalAll();
}

void MemoryKv::FailWith(absl::Status status) {
  MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

absl::Status MemoryKv::Commit(Transaction transaction, CommitDone done) {
  return queue_.Push(std::move(transaction), std::move(done));
}

absl::Status MemoryKv::Compact(int64_t revision) {
  return AwaitCommit([&](CommitDone done) { return queue_.PushCompaction(revision, std::move(done)); }).status();
}

void MemoryKv::Run() {
  while (!queue_.Drained()) {
    for (CommitQueue::Entry& entry : queue_.Pop(std::nullopt)) Answer(std::move(entry));
  }
}

void MemoryKv::Answer(CommitQueue::Entry entry) {
  WatchHub::Events events;
  absl::StatusOr<CommitResult> result;
  {
    MutexLock lock(&mutex_);
    while (held_) changed_.Wait(&mutex_);
    result = failure_.ok() ? Apply(entry, events) : Unshared(failure_);
  }
  const int64_t revision = events.empty() ? 0 : result->revision;
  entry.done(std::move(result));
  if (!events.empty()) hub_.Publish(revision, std::move(events));
}

absl::StatusOr<CommitResult> MemoryKv::Apply(CommitQueue::Entry& entry, WatchHub::Events& events) {
  if (entry.compact_to != 0) return ApplyCompaction(entry.compact_to);
  for (const Compare& compare : entry.transaction.compares) {
    const Version* found = Find(compare.key, revision_);
    const int64_t mod_revision = found != nullptr ? found->mod_revision : 0;
    if (!Holds(compare, mod_revision)) return RefusedStatus(compare, mod_revision);
  }
  const int64_t revision = revision_ + 1;
  for (Mutation& mutation : entry.transaction.mutations) {
    if (mutation.kind == Mutation::Kind::kPut) {
      Write(mutation.key, std::move(mutation.value), revision, events);
      continue;
    }
    const bool prefix = mutation.kind == Mutation::Kind::kDeletePrefix;
    for (auto at = keys_.lower_bound(mutation.key); at != keys_.end(); ++at) {
      if (prefix ? !at->first.starts_with(mutation.key) : at->first != mutation.key) break;
      if (Find(at->first, revision_) != nullptr) Write(at->first, std::nullopt, revision, events);
    }
  }
  if (!events.empty()) {
    revision_ = revision;
    log_[revision] = events;
  }
  return CommitResult{revision_};
}

void MemoryKv::Write(const std::string& key, std::optional<std::string> value, int64_t revision,
                     WatchHub::Events& events) {
  Version version;
  version.mod_revision = revision;
  if (value.has_value()) {
    const Version* before = Find(key, revision - 1);
    version.create_revision = before != nullptr ? before->create_revision : revision;
  }
  auto event = std::make_shared<Event>();
  event->type = value.has_value() ? Event::Type::kPut : Event::Type::kDelete;
  event->kv = {key, value.value_or(""), version.create_revision, revision};
  events.push_back(std::move(event));
  version.value = std::move(value);
  keys_[key].push_back(std::move(version));
}

absl::StatusOr<CommitResult> MemoryKv::ApplyCompaction(int64_t revision) {
  if (absl::Status s = CheckCompactable(revision, revision_); !s.ok()) return s;
  if (revision <= compacted_) return CommitResult{revision_};
  compacted_ = revision;
  log_.erase(log_.begin(), log_.upper_bound(revision));
  for (auto at = keys_.begin(); at != keys_.end();) {
    std::vector<Version>& versions = at->second;
    auto keep = std::find_if(versions.rbegin(), versions.rend(), [&](const Version& v) {
                  return v.mod_revision <= revision;
                }).base();  // just after what was current at the revision
    if (keep != versions.begin() && std::prev(keep)->value.has_value()) --keep;
    versions.erase(versions.begin(), keep);
    at = versions.empty() ? keys_.erase(at) : std::next(at);
  }
  return CommitResult{revision_};
}

const MemoryKv::Version* MemoryKv::Find(const std::string& key, int64_t at_revision) const {
  const auto at = keys_.find(key);
  if (at == keys_.end()) return nullptr;
  for (auto version = at->second.rbegin(); version != at->second.rend(); ++version) {
    if (version->mod_revision <= at_revision) return version->value.has_value() ? &*version : nullptr;
  }
  return nullptr;
}

absl::StatusOr<RangeResult> MemoryKv::Range(const RangeRequest& request) {
  MutexLock lock(&mutex_);
  RangeResult result;
  result.revision = request.at_revision == 0 ? revision_ : request.at_revision;
  if (absl::Status s = CheckReadable(result.revision, revision_, compacted_); !s.ok()) return s;
  std::vector<std::string> names;
  for (auto at = keys_.lower_bound(request.start); at != keys_.end(); ++at) {
    if (!request.end.empty() && at->first >= request.end) break;
    names.push_back(at->first);
  }
  if (request.descending) std::reverse(names.begin(), names.end());
  for (const std::string& name : names) {
    const Version* found = Find(name, result.revision);
    if (found == nullptr) continue;
    if (request.limit != 0 && result.kvs.size() == request.limit) {
      result.more = true;
      break;
    }
    result.kvs.push_back({name, request.keys_only ? "" : *found->value, found->create_revision, found->mod_revision});
  }
  return result;
}

absl::StatusOr<int64_t> MemoryKv::Replay(std::string_view prefix,
                                         absl::FunctionRef<absl::Status(Event& change)> change) {
  std::vector<Event> events;
  int64_t revision = 0;
  {
    MutexLock lock(&mutex_);
    revision = revision_;
    for (const auto& [key, versions] : keys_) {
      if (!key.starts_with(prefix)) continue;
      for (const Version& version : versions) {
        Event& event = events.emplace_back();
        event.type = version.value.has_value() ? Event::Type::kPut : Event::Type::kDelete;
        event.kv = {key, version.value.value_or(""), version.create_revision, version.mod_revision};
      }
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.kv.mod_revision < b.kv.mod_revision; });
  for (Event& event : events) {
    if (absl::Status s = change(event); !s.ok()) return s;
  }
  return revision;
}

absl::StatusOr<WatchHub::LogChunk> MemoryKv::ReadLog(int64_t from_revision) {
  MutexLock lock(&mutex_);
  if (absl::Status s = CheckWatchable(from_revision, compacted_); !s.ok()) return s;
  WatchHub::LogChunk chunk;
  for (auto at = log_.lower_bound(from_revision); at != log_.end(); ++at) {
    chunk.events.insert(chunk.events.end(), at->second.begin(), at->second.end());
  }
  chunk.through = std::max(from_revision, revision_);
  return chunk;
}

absl::StatusOr<std::unique_ptr<WatchHandle>> MemoryKv::Watch(std::string_view prefix, int64_t from_revision,
                                                             WatchCallback callback) {
  if (from_revision != 0) {
    MutexLock lock(&mutex_);
    if (absl::Status s = CheckWatchable(from_revision, compacted_); !s.ok()) return s;
  }
  return hub_.Add(prefix, from_revision != 0 ? from_revision : Revision() + 1, std::move(callback));
}

int64_t MemoryKv::Revision() const {
  MutexLock lock(&mutex_);
  return revision_;
}

absl::Status MemoryKv::Health() const {
  MutexLock lock(&mutex_);
  return Unshared(failure_);
}

KvStats MemoryKv::Stats() const {
  KvStats stats;
  stats.queued_transactions = queue_.transactions();
  stats.queued_bytes = queue_.bytes();
  stats.watches = hub_.watches();
  MutexLock lock(&mutex_);
  stats.revision = revision_;
  stats.compacted_revision = compacted_;
  return stats;
}

}  // namespace warren::store
