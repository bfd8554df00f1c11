#include "server/hosts/host_records.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"

namespace warren::hosts {
namespace {

// Rows of one commit of SaveNow: 10,000 hosts take ten.
constexpr size_t kAtOnce = 1000;

std::string HostOf(const v1::Host& record) { return record.name().substr(record.name().find('/') + 1); }

}  // namespace

std::string RecordKey(std::string_view host) {
  std::string key = kHostPrefix;
  key += host;
  return key;
}

absl::StatusOr<v1::Host> ParseRecord(const store::KeyValue& row) {
  v1::Host record;
  if (!record.ParseFromString(row.value)) {
    return absl::DataLossError(absl::StrCat("the store's row \"", row.key, "\" is not a host record"));
  }
  // Rows of earlier versions have the agent's instance id, which is told to nobody any more.
  record.GetReflection()->MutableUnknownFields(&record)->Clear();
  return record;
}

struct HostRecords::State {
  State(store::Kv& kv, Logger logger) : kv(&kv), logger(std::move(logger)) {}

  struct Entry {
    uint64_t id = 0;  // another one of the same host has another
    std::string value;
    bool writing = false;
    bool changed = false;  // since that write began
  };
  // Null: it was dropped.
  Entry* Find(const std::string& host, uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto found = unsaved.find(host);
    return found == unsaved.end() || found->second.id != id ? nullptr : &found->second;
  }
  // Puts it among those to be written.
  Entry& Put(const std::string& host, std::string value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Entry& entry = unsaved[host];
    if (entry.id == 0) entry.id = ++last_id;
    entry.value = std::move(value);
    entry.changed = true;
    return entry;
  }

  void NotSaved(const std::string& host, const absl::Status& status) const {
    logger.Warn("host record not saved", {{"host", host}, {"reason", std::string(status.message())}});
  }

  Mutex mutex;
  store::Kv* const kv;  // outlives its own callbacks
  const Logger logger;
  std::map<std::string, Entry> unsaved ABSL_GUARDED_BY(mutex);
  uint64_t last_id ABSL_GUARDED_BY(mutex) = 0;
};

HostRecords::HostRecords(store::Kv& kv, Logger logger) : state_(std::make_shared<State>(kv, std::move(logger))) {}

HostRecords::~HostRecords() = default;

absl::StatusOr<std::vector<v1::Host>> HostRecords::Load(store::Kv& kv) {
  auto rows = kv.Range(store::RangeRequest::Prefix(kHostPrefix));
  if (!rows.ok()) return rows.status();
  std::vector<v1::Host> records;
  records.reserve(rows->kvs.size());
  for (const store::KeyValue& row : rows->kvs) {
    if (row.key == kHostPrefix) continue;
    auto record = ParseRecord(row);
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  return records;
}

void HostRecords::Save(const std::string& host, const v1::Host& record) {
  std::string value = record.SerializeAsString();
  {
    MutexLock lock(&state_->mutex);
    State::Entry& entry = state_->Put(host, std::move(value));
    if (entry.writing) return;
    entry.writing = true;
  }
  Write(state_, host);
}

void HostRecords::SaveNow(const std::vector<v1::Host>& records) {
  for (size_t begin = 0; begin < records.size(); begin += kAtOnce) {
    const size_t end = std::min(records.size(), begin + kAtOnce);
    store::Transaction transaction;
    for (size_t i = begin; i < end; ++i) {
      transaction.mutations.push_back(
          store::Mutation::Put(RecordKey(HostOf(records[i])), records[i].SerializeAsString()));
    }
    const auto committed = state_->kv->CommitAndWait(std::move(transaction));
    if (committed.ok()) continue;
    state_->logger.Warn("host records not saved", {{"hosts", std::to_string(end - begin)},
                                                   {"reason", std::string(committed.status().message())}});
    MutexLock lock(&state_->mutex);
    for (size_t i = begin; i < end; ++i) state_->Put(HostOf(records[i]), records[i].SerializeAsString());
  }
}

void HostRecords::Retry() {
  std::vector<std::string> hosts;
  {
    MutexLock lock(&state_->mutex);
    for (auto& [host, entry] : state_->unsaved) {
      if (entry.writing) continue;
      entry.writing = true;
      hosts.push_back(host);
    }
  }
  for (const std::string& host : hosts) Write(state_, host);
}

void HostRecords::Drop(const std::string& host) {
  MutexLock lock(&state_->mutex);
  state_->unsaved.erase(host);
}

// The entry is marked as being written, if it is still there. Committed under the lock, so that nothing is queued any
// more once Drop has returned.
void HostRecords::Write(const std::shared_ptr<State>& state, const std::string& host) {
  absl::Status queued;
  {
    MutexLock lock(&state->mutex);
    const auto found = state->unsaved.find(host);
    if (found == state->unsaved.end()) return;
    State::Entry& entry = found->second;
    entry.changed = false;
    store::Transaction transaction;
    transaction.mutations.push_back(store::Mutation::Put(RecordKey(host), entry.value));
    queued = state->kv->Commit(std::move(transaction),
                               [state, host, id = entry.id](const absl::StatusOr<store::CommitResult>& result) {
                                 Written(state, host, id, result.status());
                               });
    if (!queued.ok()) entry.writing = false;
  }
  if (!queued.ok()) state->NotSaved(host, queued);
}

void HostRecords::Written(const std::shared_ptr<State>& state, const std::string& host, uint64_t id,
                          const absl::Status& status) {
  {
    MutexLock lock(&state->mutex);
    State::Entry* entry = state->Find(host, id);
    if (!status.ok()) {
      if (entry != nullptr) entry->writing = false;
    } else if (entry == nullptr) {
      return;
    } else if (!entry->changed) {
      state->unsaved.erase(host);
      return;
    }
  }
  if (status.ok()) {
    Write(state, host);
  } else {
    state->NotSaved(host, status);
  }
}

}  // namespace warren::hosts
