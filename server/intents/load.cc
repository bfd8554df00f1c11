#include "server/intents/load.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/intents/stored.h"

namespace warren::intents {
namespace {

constexpr size_t kRowsAtOnce = 500;

// Calls `row` with each, in key order. at_revision 0: now, and is set to what that was.
absl::Status ForEach(store::Kv& kv, std::string_view prefix, int64_t& at_revision,
                     const std::function<absl::Status(const store::KeyValue&)>& row) {
  store::RangeRequest request = store::RangeRequest::Prefix(prefix);
  request.limit = kRowsAtOnce;
  for (bool more = true; more;) {
    request.at_revision = at_revision;
    auto range = kv.Range(request);
    if (!range.ok()) return range.status();
    at_revision = range->revision;
    for (const store::KeyValue& kv_row : range->kvs) {
      if (absl::Status s = row(kv_row); !s.ok()) return s;
    }
    more = range->more;
    if (more) request.start = range->kvs.back().key + '\0';
  }
  return absl::OkStatus();
}

// The store sorts by id; the queue by sequence.
struct Rows {
  std::vector<History::Row> history;
  std::vector<Entry> unfinished;
};

}  // namespace

absl::StatusOr<Loaded> Load(store::Kv& kv, size_t window) {
  Loaded loaded;
  const auto make_host = [&](const std::string& name) -> Host& {
    auto& host = loaded.hosts[name];
    if (host == nullptr) host = std::make_unique<Host>(name, window);
    return *host;
  };
  int64_t at_revision = 0;
  absl::Status status = ForEach(kv, kCursorPrefix, at_revision, [&](const store::KeyValue& row) {
    auto cursor = DecodeCursor(row);
    if (cursor.ok()) make_host(cursor->host).lane.CursorCommitted(cursor->position);
    return cursor.status();
  });
  if (!status.ok()) return status;

  std::map<std::string, Rows, std::less<>> rows;
  status = ForEach(kv, kIntentPrefix, at_revision, [&](const store::KeyValue& row) {
    const auto key = ParseIntentKey(row.key);
    const auto head = key ? PeekIntent(row.value) : std::nullopt;
    if (!head) return NotAnIntent(row);
    auto found = rows.find(key->host);
    if (found == rows.end()) found = rows.try_emplace(std::string(key->host)).first;
    History::Row index;
    index.id = *Uuid::Parse(key->id);
    index.sequence = SequenceOf(row.create_revision, head->position);
    index.create_time = absl::ToUnixMicros(head->create_time);
    index.state = head->state;
    if (index.finished()) {
      index.finish_time = absl::ToUnixMicros(head->finish_time);
      index.finish_revision = row.mod_revision;
      ++loaded.finished;
    } else {
      // What is handed out is parsed: better to know now.
      if (auto stored = DecodeIntent(row); !stored.ok()) return stored.status();
      Entry entry;
      entry.sequence = index.sequence;
      entry.id = index.id;
      entry.expire_time = head->expire_time;
      entry.body = std::make_shared<const std::string>(row.value);
      ++loaded.unfinished;
      loaded.unfinished_bytes += entry.body->size();
      found->second.unfinished.push_back(std::move(entry));
    }
    found->second.history.push_back(index);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  loaded.revision = at_revision;

  const auto by_sequence = [](const auto& a, const auto& b) { return a.sequence < b.sequence; };
  for (auto& [name, of_host] : rows) {
    Host& host = make_host(name);
    std::sort(of_host.history.begin(), of_host.history.end(), by_sequence);
    std::sort(of_host.unfinished.begin(), of_host.unfinished.end(), by_sequence);
    for (const History::Row& row : of_host.history) host.history.Append(row);
    for (Entry& entry : of_host.unfinished) host.lane.Append(std::move(entry));
  }
  return loaded;
}

}  // namespace warren::intents
