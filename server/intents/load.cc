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

  std::map<std::string, Rows> rows;
  status = ForEach(kv, kIntentPrefix, at_revision, [&](const store::KeyValue& row) {
    auto stored = DecodeIntent(row);
    if (!stored.ok()) return stored.status();
    Rows& of_host = rows[stored->host];
    const History::Row index{stored->id, stored->sequence, stored->intent.state()};
    of_host.history.push_back(index);
    if (!index.finished()) {
      Entry entry;
      entry.sequence = stored->sequence;
      entry.id = stored->id;
      entry.bytes = row.value.size();
      entry.body = std::make_shared<const v1::Intent>(std::move(stored->intent));
      ++loaded.unfinished;
      loaded.unfinished_bytes += entry.bytes;
      of_host.unfinished.push_back(std::move(entry));
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;

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
