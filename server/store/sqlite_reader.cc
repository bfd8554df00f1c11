#include "server/store/sqlite_reader.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/kv_rules.h"
#include "server/store/sqlite_schema.h"

namespace warren::store {
namespace {

// What a watch that lags is told at a time, so that memory stays bounded: whichever comes first.
constexpr size_t kMaxLogEvents = 1024;
constexpr size_t kMaxLogBytes = size_t{4} << 20;

// The newest row of each key up to an id: the subquery runs in the index alone and stops when the limit is reached.
// Deleted keys fall out in the join. ?4: one row more than wanted; ?5: whether values are wanted.
std::string RangeSql(const char* order) {
  return absl::StrCat(
      "SELECT k.key, k.id, log.create_revision, CASE WHEN ?5 THEN log.value END FROM "
      "(SELECT key, max(id) AS id FROM log WHERE key>=?1 AND key<?2 AND id<?3 GROUP BY key ORDER BY key ",
      order, ") k CROSS JOIN log ON log.id=k.id WHERE log.value IS NOT NULL LIMIT ?4");
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteReader>> SqliteReader::Open(const std::string& path) {
  auto db = OpenForReading(path);
  if (!db.ok()) return db.status();
  absl::Status status;
  auto prepare = [&](const std::string& sql) {
    auto statement = db->Prepare(sql);
    if (!statement.ok()) status.Update(statement.status());
    return statement;
  };
  auto begin = prepare("BEGIN");
  auto commit = prepare("COMMIT");
  auto last_id = prepare("SELECT max(id) FROM log");
  auto compacted = prepare("SELECT value FROM meta WHERE name='compacted'");
  auto ascending = prepare(RangeSql("ASC"));
  auto descending = prepare(RangeSql("DESC"));
  auto log = prepare("SELECT id, key, create_revision, value FROM log WHERE id>=?1 ORDER BY id");
  if (!status.ok()) return status;
  return std::unique_ptr<SqliteReader>(new SqliteReader(
      *std::move(db), Statements{*std::move(begin), *std::move(commit), *std::move(last_id), *std::move(compacted),
                                 *std::move(ascending), *std::move(descending), *std::move(log)}));
}

absl::StatusOr<SqliteReader::Snapshot> SqliteReader::BeginSnapshot() {
  if (auto s = sql_.begin.Run(); !s.ok()) return s;
  Snapshot snapshot;
  auto row = sql_.compacted.Step();
  if (!row.ok()) return row.status();
  if (*row) snapshot.compacted = sql_.compacted.Int(0);
  sql_.compacted.Reset();
  row = sql_.last_id.Step();
  if (!row.ok()) return row.status();
  if (*row) snapshot.revision = RevisionOfId(sql_.last_id.Int(0));
  sql_.last_id.Reset();
  // The row of the last revision may have been swept.
  snapshot.revision = std::max(snapshot.revision, snapshot.compacted);
  return snapshot;
}

absl::StatusOr<RangeResult> SqliteReader::Range(const RangeRequest& request) {
  auto snapshot = BeginSnapshot();
  absl::StatusOr<RangeResult> result =
      snapshot.ok() ? RangeAt(request, *snapshot) : absl::StatusOr<RangeResult>(snapshot.status());
  if (db_.InTransaction()) (void)sql_.commit.Run();
  return result;
}

absl::StatusOr<RangeResult> SqliteReader::RangeAt(const RangeRequest& request, const Snapshot& snapshot) {
  const int64_t at = request.at_revision == 0 ? snapshot.revision : request.at_revision;
  if (absl::Status s = CheckReadable(at, snapshot.revision, snapshot.compacted); !s.ok()) return s;
  RangeResult result;
  result.revision = at;
  const std::string end = KeyBound(request.end);
  const int64_t limit = request.limit == 0 || request.limit >= std::numeric_limits<int64_t>::max()
                            ? -1
                            : static_cast<int64_t>(request.limit) + 1;
  Statement& sql = request.descending ? sql_.descending : sql_.ascending;
  sql.Bind(1, std::string_view(request.start))
      .Bind(2, std::string_view(end))
      .Bind(3, FirstId(at + 1))
      .Bind(4, limit)
      .Bind(5, int64_t{!request.keys_only});
  for (;;) {
    auto row = sql.Step();
    if (!row.ok()) return row.status();
    if (!*row) return result;
    if (request.limit != 0 && result.kvs.size() == request.limit) {
      result.more = true;
      sql.Reset();
      return result;
    }
    KeyValue& kv = result.kvs.emplace_back();
    kv.key = sql.Blob(0);
    kv.mod_revision = RevisionOfId(sql.Int(1));
    kv.create_revision = sql.Int(2);
    if (!request.keys_only) kv.value = sql.Blob(3);
  }
}

absl::StatusOr<WatchHub::LogChunk> SqliteReader::ReadLog(int64_t from_revision) {
  auto snapshot = BeginSnapshot();
  absl::StatusOr<WatchHub::LogChunk> chunk =
      snapshot.ok() ? ReadLogAt(from_revision, *snapshot) : absl::StatusOr<WatchHub::LogChunk>(snapshot.status());
  if (db_.InTransaction()) (void)sql_.commit.Run();
  return chunk;
}

absl::StatusOr<WatchHub::LogChunk> SqliteReader::ReadLogAt(int64_t from_revision, const Snapshot& snapshot) {
  if (absl::Status s = CheckWatchable(from_revision, snapshot.compacted); !s.ok()) return s;
  WatchHub::LogChunk chunk;
  chunk.through = from_revision;
  size_t bytes = 0;
  sql_.log.Bind(1, FirstId(from_revision));
  for (;;) {
    auto row = sql_.log.Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    const int64_t revision = RevisionOfId(sql_.log.Int(0));
    if (revision != chunk.through && (chunk.events.size() >= kMaxLogEvents || bytes >= kMaxLogBytes)) {
      sql_.log.Reset();
      return chunk;
    }
    chunk.through = revision;
    auto event = std::make_shared<Event>();
    event->type = sql_.log.IsNull(3) ? Event::Type::kDelete : Event::Type::kPut;
    event->kv.key = sql_.log.Blob(1);
    event->kv.mod_revision = revision;
    event->kv.create_revision = sql_.log.Int(2);
    event->kv.value = sql_.log.Blob(3);
    bytes += event->kv.key.size() + event->kv.value.size();
    chunk.events.push_back(std::move(event));
  }
  chunk.through = std::max(chunk.through, snapshot.revision);
  return chunk;
}

absl::StatusOr<int64_t> SqliteReader::Replay(std::string_view prefix, Change change) {
  auto snapshot = BeginSnapshot();
  absl::Status status = snapshot.status();
  if (status.ok()) status = ReplayTo(snapshot->revision, prefix, change);
  sql_.log.Reset();
  if (db_.InTransaction()) (void)sql_.commit.Run();
  if (!status.ok()) return status;
  return snapshot->revision;
}

absl::Status SqliteReader::ReplayTo(int64_t revision, std::string_view prefix, Change change) {
  sql_.log.Bind(1, int64_t{0});
  Event event;
  for (;;) {
    auto row = sql_.log.Step();
    if (!row.ok()) return row.status();
    if (!*row || RevisionOfId(sql_.log.Int(0)) > revision) return absl::OkStatus();
    event.kv.key = sql_.log.Blob(1);
    if (!event.kv.key.starts_with(prefix)) continue;
    event.type = sql_.log.IsNull(3) ? Event::Type::kDelete : Event::Type::kPut;
    event.kv.mod_revision = RevisionOfId(sql_.log.Int(0));
    event.kv.create_revision = sql_.log.Int(2);
    event.kv.value = sql_.log.Blob(3);
    if (absl::Status s = change(event); !s.ok()) return s;
  }
}

absl::StatusOr<std::unique_ptr<ReaderPool>> ReaderPool::Open(const std::string& path, size_t readers) {
  std::vector<std::unique_ptr<SqliteReader>> opened;
  for (size_t i = 0; i < std::max<size_t>(readers, 1); ++i) {
    auto reader = SqliteReader::Open(path);
    if (!reader.ok()) return reader.status();
    opened.push_back(*std::move(reader));
  }
  return std::unique_ptr<ReaderPool>(new ReaderPool(std::move(opened)));
}

std::unique_ptr<SqliteReader> ReaderPool::Borrow() {
  MutexLock lock(&mutex_);
  while (idle_.empty()) returned_.Wait(&mutex_);
  std::unique_ptr<SqliteReader> reader = std::move(idle_.back());
  idle_.pop_back();
  return reader;
}

void ReaderPool::Return(std::unique_ptr<SqliteReader> reader) {
  MutexLock lock(&mutex_);
  idle_.push_back(std::move(reader));
  returned_.Signal();
}

absl::StatusOr<RangeResult> ReaderPool::Range(const RangeRequest& request) {
  std::unique_ptr<SqliteReader> reader = Borrow();
  auto result = reader->Range(request);
  Return(std::move(reader));
  return result;
}

absl::StatusOr<int64_t> ReaderPool::Replay(std::string_view prefix, SqliteReader::Change change) {
  std::unique_ptr<SqliteReader> reader = Borrow();
  auto result = reader->Replay(prefix, change);
  Return(std::move(reader));
  return result;
}

}  // namespace warren::store
