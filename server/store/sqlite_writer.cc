#include "server/store/sqlite_writer.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/store/kv_rules.h"
#include "server/store/sqlite_schema.h"

namespace warren::store {
namespace {

constexpr int kSweepRows = 128;  // a millisecond or two between two groups, and their fsync

}  // namespace

absl::StatusOr<SqliteWriter> SqliteWriter::Open(const std::string& path) {
  auto db = OpenForWriting(path);
  if (!db.ok()) return db.status();
  absl::Status status;
  auto prepare = [&](const char* sql) {
    auto statement = db->Prepare(sql);
    if (!statement.ok()) status.Update(statement.status());
    return statement;
  };
  auto begin = prepare("BEGIN IMMEDIATE");
  auto commit = prepare("COMMIT");
  auto rollback = prepare("ROLLBACK");
  auto find = prepare("SELECT id, create_revision, value IS NULL FROM log WHERE key=?1 ORDER BY id DESC LIMIT 1");
  auto insert = prepare("INSERT INTO log(id, key, create_revision, value) VALUES(?1, ?2, ?3, ?4)");
  auto keys_with_prefix = prepare(
      "SELECT k.key FROM (SELECT key, max(id) AS id FROM log WHERE key>=?1 AND key<?2 GROUP BY key) k "
      "CROSS JOIN log ON log.id=k.id WHERE log.value IS NOT NULL");
  auto set_meta = prepare("UPDATE meta SET value=?2 WHERE name=CAST(?1 AS TEXT)");
  auto sweep_next = prepare("SELECT id, key, value IS NULL FROM log WHERE id>?1 AND id<?2 ORDER BY id LIMIT ?3");
  auto sweep_older = prepare("DELETE FROM log WHERE key=?1 AND id<?2");
  if (!status.ok()) return status;
  auto last = db->QueryInt("SELECT max(id) FROM log");
  if (!last.ok()) return last.status();
  auto compacted = db->QueryInt("SELECT value FROM meta WHERE name='compacted'");
  if (!compacted.ok()) return compacted.status();
  auto swept = db->QueryInt("SELECT value FROM meta WHERE name='swept'");
  if (!swept.ok()) return swept.status();

  SqliteWriter writer(
      *std::move(db),
      Statements{*std::move(begin), *std::move(commit), *std::move(rollback), *std::move(find), *std::move(insert),
                 *std::move(keys_with_prefix), *std::move(set_meta), *std::move(sweep_next), *std::move(sweep_older)});
  // The row of the last revision may have been swept (a delete), but not beyond what was compacted.
  writer.durable_compacted_ = writer.compacted_ = *compacted;
  writer.durable_revision_ = writer.revision_ = std::max(RevisionOfId(*last), *compacted);
  writer.swept_id_ = *swept;
  return writer;
}

absl::Status SqliteWriter::Begin() {
  Rollback();  // only where an earlier one failed
  return sql_.begin.Run();
}

absl::Status SqliteWriter::Commit() {
  if (auto s = sql_.commit.Run(); !s.ok()) return s;
  durable_revision_ = revision_;
  durable_compacted_ = compacted_;
  return absl::OkStatus();
}

void SqliteWriter::Rollback() {
  revision_ = durable_revision_;
  compacted_ = durable_compacted_;
  // SQLite may have rolled back by itself.
  if (db_.InTransaction()) (void)sql_.rollback.Run();
}

absl::StatusOr<SqliteWriter::Found> SqliteWriter::Find(std::string_view key) {
  auto row = sql_.find.Bind(1, key).Step();
  if (!row.ok()) return row.status();
  Found found;
  if (*row && sql_.find.Int(2) == 0) found = {RevisionOfId(sql_.find.Int(0)), sql_.find.Int(1)};
  sql_.find.Reset();
  return found;
}

absl::Status SqliteWriter::Apply(Transaction& transaction, Outcome& outcome) {
  // What was compared need not be looked up again to be written.
  absl::flat_hash_map<std::string_view, Found> known;
  known.reserve(transaction.compares.size());
  for (const Compare& compare : transaction.compares) {
    auto found = Find(compare.key);
    if (!found.ok()) return found.status();
    known.emplace(compare.key, *found);
    if (!Holds(compare, found->mod_revision)) {
      outcome.refused = RefusedStatus(compare, found->mod_revision);
      return absl::OkStatus();
    }
  }
  if (static_cast<int64_t>(transaction.mutations.size()) >= kMaxChangesPerTransaction) {
    outcome.refused = absl::InvalidArgumentError(absl::StrCat("a transaction of ", transaction.mutations.size(),
                                                              " changes (at most ", kMaxChangesPerTransaction, ")"));
    return absl::OkStatus();
  }
  // Prefixes first: what they delete is counted before anything is written.
  outcome.revision = revision_ + 1;
  std::vector<std::string> deleted;
  for (const Mutation& mutation : transaction.mutations) {
    if (mutation.kind != Mutation::Kind::kDeletePrefix) continue;
    if (auto s = FindWithPrefix(mutation.key, deleted); !s.ok()) return s;
  }
  if (static_cast<int64_t>(deleted.size() + transaction.mutations.size()) > kMaxChangesPerTransaction) {
    outcome.refused = absl::InvalidArgumentError(
        absl::StrCat("a transaction that deletes ", deleted.size(), " keys (at most ", kMaxChangesPerTransaction, ")"));
    return absl::OkStatus();
  }
  for (std::string& key : deleted) {
    if (auto s = Write(std::move(key), std::nullopt, 0, outcome); !s.ok()) return s;
  }
  for (Mutation& mutation : transaction.mutations) {
    if (mutation.kind == Mutation::Kind::kDeletePrefix) continue;
    const auto compared = known.find(mutation.key);
    absl::StatusOr<Found> found = compared != known.end() ? compared->second : Find(mutation.key);
    if (!found.ok()) return found.status();
    if (mutation.kind == Mutation::Kind::kDelete) {
      if (found->mod_revision == 0) continue;
      if (auto s = Write(std::move(mutation.key), std::nullopt, 0, outcome); !s.ok()) return s;
    } else {
      const int64_t created = found->mod_revision == 0 ? outcome.revision : found->create_revision;
      if (auto s = Write(std::move(mutation.key), std::move(mutation.value), created, outcome); !s.ok()) return s;
    }
  }
  if (outcome.events.empty()) {
    outcome.revision = revision_;
  } else {
    revision_ = outcome.revision;
  }
  return absl::OkStatus();
}

absl::Status SqliteWriter::FindWithPrefix(std::string_view prefix, std::vector<std::string>& keys) {
  const std::string end = KeyBound(PrefixEnd(prefix));
  sql_.keys_with_prefix.Bind(1, prefix).Bind(2, end);
  for (;;) {
    auto row = sql_.keys_with_prefix.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    keys.emplace_back(sql_.keys_with_prefix.Blob(0));
  }
}

absl::Status SqliteWriter::Write(std::string key, std::optional<std::string> value, int64_t create_revision,
                                 Outcome& outcome) {
  sql_.insert.Bind(1, FirstId(outcome.revision) + static_cast<int64_t>(outcome.events.size()))
      .Bind(2, std::string_view(key))
      .Bind(3, create_revision);
  if (value.has_value()) sql_.insert.Bind(4, std::string_view(*value));  // unbound: NULL
  if (auto s = sql_.insert.Run(); !s.ok()) return s;
  auto event = std::make_shared<Event>();
  event->type = value.has_value() ? Event::Type::kPut : Event::Type::kDelete;
  event->kv.key = std::move(key);
  if (value.has_value()) event->kv.value = *std::move(value);
  event->kv.create_revision = create_revision;
  event->kv.mod_revision = outcome.revision;
  outcome.events.push_back(std::move(event));
  return absl::OkStatus();
}

absl::Status SqliteWriter::SetMeta(std::string_view name, int64_t value) {
  return sql_.set_meta.Bind(1, name).Bind(2, value).Run();
}

absl::Status SqliteWriter::Compact(int64_t revision, Outcome& outcome) {
  outcome.revision = revision_;
  outcome.refused = CheckCompactable(revision, revision_);
  if (!outcome.refused.ok() || revision <= compacted_) return absl::OkStatus();
  if (auto s = SetMeta("compacted", revision); !s.ok()) return s;
  compacted_ = revision;
  return absl::OkStatus();
}

absl::Status SqliteWriter::Probe() {
  if (auto s = Begin(); !s.ok()) return s;
  absl::Status status = SetMeta("probe", durable_revision_);
  if (status.ok()) status = Commit();
  if (!status.ok()) Rollback();
  return status;
}

bool SqliteWriter::NeedsSweep() const {
  return durable_compacted_ > 0 && swept_id_ < FirstId(durable_compacted_ + 1) - 1;
}

absl::Status SqliteWriter::Sweep() {
  if (auto s = Begin(); !s.ok()) return s;
  int64_t swept = swept_id_;
  absl::Status status = SweepRows(swept);
  if (status.ok()) status = SetMeta("swept", swept);
  if (status.ok()) status = Commit();
  if (!status.ok()) {
    Rollback();
    return status;
  }
  swept_id_ = swept;
  return absl::OkStatus();
}

absl::Status SqliteWriter::SweepRows(int64_t& swept) {
  struct Row {
    int64_t id;
    std::string key;
    bool deleted;
  };
  const int64_t end = FirstId(durable_compacted_ + 1);
  std::vector<Row> rows;
  sql_.sweep_next.Bind(1, swept).Bind(2, end).Bind(3, int64_t{kSweepRows});
  for (;;) {
    auto row = sql_.sweep_next.Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    rows.push_back({sql_.sweep_next.Int(0), std::string(sql_.sweep_next.Blob(1)), sql_.sweep_next.Int(2) != 0});
  }
  for (const Row& row : rows) {
    // What a row replaced is of no use, nor is a delete itself.
    if (auto s = sql_.sweep_older.Bind(1, std::string_view(row.key)).Bind(2, row.id + row.deleted).Run(); !s.ok()) {
      return s;
    }
  }
  swept = rows.size() < kSweepRows ? end - 1 : rows.back().id;
  return absl::OkStatus();
}

}  // namespace warren::store
