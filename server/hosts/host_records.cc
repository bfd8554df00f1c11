#include "server/hosts/host_records.h"

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"

namespace warren::hosts {

struct HostRecords::State {
  State(store::Kv& kv, Logger logger) : kv(&kv), logger(std::move(logger)) {}

  struct Entry {
    std::string value;
    bool writing = false;
    bool changed = false;  // since that write began
  };

  Mutex mutex;
  store::Kv* const kv;  // outlives its own callbacks
  const Logger logger;
  std::map<std::string, Entry> unsaved ABSL_GUARDED_BY(mutex);
};

HostRecords::HostRecords(store::Kv& kv, Logger logger) : state_(std::make_shared<State>(kv, std::move(logger))) {}

HostRecords::~HostRecords() = default;

absl::StatusOr<std::vector<v1::Host>> HostRecords::Load(store::Kv& kv) {
  auto rows = kv.Range(store::RangeRequest::Prefix(kHostPrefix));
  if (!rows.ok()) return rows.status();
  std::vector<v1::Host> records;
  records.reserve(rows->kvs.size());
  for (const store::KeyValue& row : rows->kvs) {
    v1::Host record;
    if (!record.ParseFromString(row.value)) {
      return absl::DataLossError(absl::StrCat("the store's row \"", row.key, "\" is not a host record"));
    }
    records.push_back(std::move(record));
  }
  return records;
}

void HostRecords::Save(const std::string& host, const v1::Host& record) {
  std::string value = record.SerializeAsString();
  {
    MutexLock lock(&state_->mutex);
    State::Entry& entry = state_->unsaved[host];
    entry.value = std::move(value);
    entry.changed = true;
    if (entry.writing) return;
    entry.writing = true;
  }
  Write(state_, host);
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

// The entry exists and is marked as being written.
void HostRecords::Write(const std::shared_ptr<State>& state, const std::string& host) {
  store::Transaction transaction;
  {
    MutexLock lock(&state->mutex);
    State::Entry& entry = state->unsaved[host];
    entry.changed = false;
    transaction.mutations.push_back(store::Mutation::Put(kHostPrefix + host, entry.value));
  }
  const auto failed = [state, host](const absl::Status& status) {
    {
      MutexLock lock(&state->mutex);
      state->unsaved[host].writing = false;
    }
    state->logger.Warn("host record not saved", {{"host", host}, {"reason", std::string(status.message())}});
  };
  const absl::Status queued =
      state->kv->Commit(std::move(transaction), [state, host, failed](absl::StatusOr<store::CommitResult> result) {
        if (!result.ok()) return failed(result.status());
        {
          MutexLock lock(&state->mutex);
          const auto entry = state->unsaved.find(host);
          if (!entry->second.changed) {
            state->unsaved.erase(entry);
            return;
          }
        }
        Write(state, host);
      });
  if (!queued.ok()) failed(queued);
}

}  // namespace warren::hosts
