#include "server/intents/load.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "server/intents/stored.h"

namespace warren::intents {
namespace {

// The intents of one host as the log tells of them.
class Rows {
 public:
  absl::Status Put(const store::KeyValue& row, const Uuid& id) {
    const auto head = PeekIntent(row.value);
    if (!head) return NotAnIntent(row);
    const auto [at, fresh] = index_.try_emplace(id, rows_.size());
    if (fresh) rows_.emplace_back();
    History::Row& known = rows_[at->second];
    known.id = id;
    known.sequence = SequenceOf(row.create_revision, head->position);
    known.create_time = absl::ToUnixMicros(head->create_time);
    known.state = head->state;
    if (known.finished()) {
      known.finish_time = absl::ToUnixMicros(head->finish_time);
      known.finish_revision = row.mod_revision;
      queued_.erase(id);
    } else {
      queued_[id] = {head->expire_time, std::make_shared<const std::string>(row.value)};
    }
    return absl::OkStatus();
  }

  void Delete(const Uuid& id) {
    const auto known = index_.find(id);
    if (known == index_.end()) return;
    rows_[known->second].state = v1::Intent::STATE_UNSPECIFIED;
    index_.erase(known);
    queued_.erase(id);
  }

  // DATA_LOSS: one that is to be handed out cannot be parsed.
  absl::Status MoveTo(Host& host, Loaded& loaded) {
    std::erase_if(rows_, [](const History::Row& row) { return row.removed(); });
    std::sort(rows_.begin(), rows_.end(), [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
    for (const History::Row& row : rows_) {
      host.history.Append(row);
      if (row.finished()) {
        ++loaded.finished;
        continue;
      }
      Queued& queued = queued_[row.id];
      if (v1::Intent whole; !whole.ParseFromString(*queued.body)) {
        return NotAnIntent({IntentKey(host.name, row.id), *queued.body, RevisionOf(row.sequence), 0});
      }
      Entry entry;
      entry.sequence = row.sequence;
      entry.id = row.id;
      entry.expire_time = queued.expire_time;
      entry.body = std::move(queued.body);
      ++loaded.unfinished;
      loaded.unfinished_bytes += entry.body->size();
      host.lane.Append(std::move(entry));
    }
    return absl::OkStatus();
  }

 private:
  struct Queued {
    absl::Time expire_time;
    Body body;
  };

  std::vector<History::Row> rows_;
  absl::flat_hash_map<Uuid, size_t> index_;
  absl::flat_hash_map<Uuid, Queued> queued_;
};

}  // namespace

absl::StatusOr<Loaded> Load(store::Kv& kv, size_t window, absl::FunctionRef<void(const store::Event& change)> told) {
  Loaded loaded;
  const auto make_host = [&](const std::string& name) -> Host& {
    auto& host = loaded.hosts[name];
    if (host == nullptr) host = std::make_unique<Host>(name, window);
    return *host;
  };
  const auto cursors = kv.Range(store::RangeRequest::Prefix(kCursorPrefix));
  if (!cursors.ok()) return cursors.status();
  for (const store::KeyValue& row : cursors->kvs) {
    const auto cursor = DecodeCursor(row);
    if (!cursor.ok()) return cursor.status();
    make_host(cursor->host).lane.CursorCommitted(cursor->position);
  }

  std::map<std::string, Rows, std::less<>> hosts;
  const auto revision = kv.Replay(kIntentPrefix, [&](store::Event& change) {
    const auto key = ParseIntentKey(change.kv.key);
    if (!key) return NotAnIntent(change.kv);
    auto rows = hosts.find(key->host);
    if (rows == hosts.end()) rows = hosts.try_emplace(std::string(key->host)).first;
    const Uuid id = *Uuid::Parse(key->id);
    absl::Status status;
    if (change.type == store::Event::Type::kPut) {
      status = rows->second.Put(change.kv, id);
    } else {
      rows->second.Delete(id);
    }
    if (status.ok()) told(change);
    return status;
  });
  if (!revision.ok()) return revision.status();
  loaded.revision = *revision;
  while (!hosts.empty()) {
    auto rows = hosts.extract(hosts.begin());
    if (absl::Status s = rows.mapped().MoveTo(make_host(rows.key()), loaded); !s.ok()) return s;
  }
  return loaded;
}

}  // namespace warren::intents
