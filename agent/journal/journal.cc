#include "agent/journal/journal.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace warren::journal {
namespace {

// Of the tables below: a file with another number is emptied, as one of another boot is.
constexpr int64_t kFormat = 1;

constexpr char kTables[] = R"(
  CREATE TABLE IF NOT EXISTS boot(id TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS begun(sequence INTEGER PRIMARY KEY, body BLOB NOT NULL, committed INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS step(number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, body BLOB NOT NULL);
  CREATE INDEX IF NOT EXISTS step_of ON step(sequence);
  CREATE TABLE IF NOT EXISTS result(sequence INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS interrupted(sequence INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS netns(cookie INTEGER PRIMARY KEY, name BLOB);
  CREATE TABLE IF NOT EXISTS link(cookie INTEGER, ifindex INTEGER, mark BLOB, PRIMARY KEY (cookie, ifindex))
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS note(cookie INTEGER, ifindex INTEGER, body BLOB NOT NULL, PRIMARY KEY (cookie, ifindex))
    WITHOUT ROWID;
)";

absl::Status EmptyUnlessOf(Database& database, const std::string& boot_id) {
  auto format = database.QueryInt("PRAGMA user_version");
  if (!format.ok()) return format.status();
  bool same = *format == kFormat;
  if (same) {
    auto select = database.Prepare("SELECT count(*) FROM boot WHERE id = ?");
    if (!select.ok()) return select.status();
    auto row = select->Bind(1, boot_id).Step();
    if (!row.ok()) return row.status();
    same = *row && select->Int(0) == 1;
  }
  // A file that an older agent made lacks the tables that have come since.
  if (same) {
    if (auto s = database.Execute(kTables); !s.ok()) return s;
    for (const auto& [table, column] : {std::pair("link", "mark"), std::pair("netns", "name")}) {
      auto has = database.QueryInt(
          absl::StrCat("SELECT count(*) FROM pragma_table_info('", table, "') WHERE name = '", column, "'"));
      if (!has.ok()) return has.status();
      if (*has == 1) continue;
      if (auto s = database.Execute(absl::StrCat("ALTER TABLE ", table, " ADD COLUMN ", column, " BLOB")); !s.ok()) {
        return s;
      }
    }
    return absl::OkStatus();
  }
  std::string sql = "BEGIN IMMEDIATE;";
  for (const char* table : {"boot", "begun", "step", "result", "interrupted", "netns", "link", "note"}) {
    absl::StrAppend(&sql, "DROP TABLE IF EXISTS ", table, ";");
  }
  absl::StrAppend(&sql, kTables, "PRAGMA user_version = ", kFormat, ";");
  if (auto s = database.Execute(sql); !s.ok()) return s;
  auto insert = database.Prepare("INSERT INTO boot VALUES (?)");
  if (!insert.ok()) return insert.status();
  if (auto s = insert->Bind(1, boot_id).Run(); !s.ok()) return s;
  return database.Execute("COMMIT");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path, const std::string& boot_id) {
  Database::Options options;
  options.synchronous = false;
  auto database = Database::Open(path, options);
  if (!database.ok()) return database.status();
  if (auto s = EmptyUnlessOf(*database, boot_id); !s.ok()) return s;
  auto journal = std::unique_ptr<Journal>(new Journal(*std::move(database), path));
  if (auto s = journal->Load(); !s.ok()) return s;
  return journal;
}

absl::Status Journal::Load() {
  MutexLock lock(&mutex_);
  auto netns = database_.Prepare("SELECT cookie, name FROM netns");
  if (!netns.ok()) return netns.status();
  auto row = netns->Step();
  for (; row.ok() && *row; row = netns->Step()) {
    owned_netns_.emplace(static_cast<uint64_t>(netns->Int(0)), netns->Blob(1));
  }
  if (!row.ok()) return row.status();
  auto links = database_.Prepare("SELECT cookie, ifindex, mark FROM link");
  if (!links.ok()) return links.status();
  for (row = links->Step(); row.ok() && *row; row = links->Step()) {
    owned_links_[{static_cast<uint64_t>(links->Int(0)), static_cast<int>(links->Int(1))}] = links->Blob(2);
  }
  if (!row.ok()) return row.status();
  auto notes = database_.Prepare("SELECT cookie, ifindex FROM note");
  if (!notes.ok()) return notes.status();
  for (row = notes->Step(); row.ok() && *row; row = notes->Step()) {
    has_notes_ = true;
    noted_links_.emplace(static_cast<uint64_t>(notes->Int(0)), static_cast<int>(notes->Int(1)));
  }
  return row.status();
}

absl::StatusOr<Statement*> Journal::Prepared(const char* sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return &found->second;
  auto statement = database_.Prepare(sql);
  if (!statement.ok()) return statement.status();
  return &statements_.emplace(sql, *std::move(statement)).first->second;
}

absl::Status Journal::Run(const char* sql, int64_t number, std::optional<std::string_view> body) {
  auto statement = Prepared(sql);
  if (!statement.ok()) return statement.status();
  (*statement)->Bind(1, number);
  if (body) (*statement)->Bind(2, *body);
  return health_ = (*statement)->Run();
}

absl::Status Journal::InTransaction(const std::function<absl::Status()>& work) {
  if (auto s = database_.Execute("BEGIN IMMEDIATE"); !s.ok()) return health_ = s;
  // What was lost before what is made now: an index may be given out again.
  absl::Status status = Write(unwritten_);
  if (status.ok()) status = work();
  if (status.ok()) status = database_.Execute("COMMIT");
  if (status.ok()) unwritten_ = {};
  // A commit that failed may have rolled back by itself (sqlite.org/lang_transaction.html).
  if (!status.ok() && database_.InTransaction()) (void)database_.Execute("ROLLBACK");
  return health_ = status;
}

absl::Status Journal::Begin(int64_t sequence, std::string_view body) {
  MutexLock lock(&mutex_);
  return Run("INSERT OR REPLACE INTO begun VALUES (?, ?, 0)", sequence, body);
}

absl::Status Journal::AddStep(int64_t sequence, std::string_view step) {
  return Run("INSERT INTO step(sequence, body) VALUES (?, ?)", sequence, step);
}

absl::Status Journal::Add(int64_t sequence, std::string_view step) {
  MutexLock lock(&mutex_);
  return AddStep(sequence, step);
}

absl::Status Journal::BeginAll(const std::vector<Opening>& openings) {
  MutexLock lock(&mutex_);
  auto status = InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (const Opening& opening : openings) {
      if (auto s = Run("INSERT OR REPLACE INTO begun VALUES (?, ?, 0)", opening.sequence, opening.body); !s.ok()) {
        return s;
      }
      for (const std::string& step : opening.steps) {
        if (auto s = AddStep(opening.sequence, step); !s.ok()) return s;
      }
      if (!opening.committed) continue;
      if (auto s = SetCommitted(opening.sequence, *opening.committed); !s.ok()) return s;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  for (const Opening& opening : openings) {
    if (opening.committed) Remember(*opening.committed);
  }
  return status;
}

absl::Status Journal::SetCommitted(int64_t sequence, const Ownership& ownership) {
  if (auto s = Run("UPDATE begun SET committed = 1 WHERE sequence = ?", sequence); !s.ok()) return s;
  return Write(ownership);
}

absl::Status Journal::Commit(int64_t sequence, const Ownership& ownership) {
  MutexLock lock(&mutex_);
  auto status = InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return SetCommitted(sequence, ownership); });
  if (status.ok()) Remember(ownership);
  return status;
}

absl::Status Journal::Close(int64_t sequence, std::string_view result, const Ownership& ownership) {
  if (auto s = Run("DELETE FROM begun WHERE sequence = ?", sequence); !s.ok()) return s;
  if (auto s = Run("DELETE FROM step WHERE sequence = ?", sequence); !s.ok()) return s;
  if (auto s = Run("INSERT OR REPLACE INTO result VALUES (?, ?)", sequence, result); !s.ok()) return s;
  if (auto s = Run("DELETE FROM interrupted WHERE sequence = ?", sequence); !s.ok()) return s;
  return Write(ownership);
}

absl::Status Journal::Finish(int64_t sequence, std::string_view result, const Ownership& ownership) {
  MutexLock lock(&mutex_);
  auto status = InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return Close(sequence, result, ownership); });
  if (status.ok()) Remember(ownership);
  return status;
}

absl::Status Journal::FinishAll(const std::vector<Closing>& closings) {
  MutexLock lock(&mutex_);
  auto status = InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (const auto& [result, ownership] : closings) {
      if (auto s = Close(result.sequence, result.body, ownership); !s.ok()) return s;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  for (const Closing& closing : closings) Remember(closing.ownership);
  return status;
}

absl::Status Journal::UndoneLast(int64_t sequence) {
  MutexLock lock(&mutex_);
  return Run(
      "DELETE FROM step WHERE number = (SELECT number FROM step WHERE sequence = ? ORDER BY number DESC LIMIT 1)",
      sequence);
}

absl::Status Journal::Undone(int64_t sequence) {
  MutexLock lock(&mutex_);
  return InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (auto s = Run("DELETE FROM begun WHERE sequence = ?", sequence); !s.ok()) return s;
    if (auto s = Run("DELETE FROM step WHERE sequence = ?", sequence); !s.ok()) return s;
    return Run("INSERT OR IGNORE INTO interrupted VALUES (?)", sequence);
  });
}

absl::StatusOr<std::vector<Begun>> Journal::LoadBegun() {
  MutexLock lock(&mutex_);
  std::vector<Begun> all;
  auto select = database_.Prepare("SELECT sequence, body, committed FROM begun ORDER BY sequence");
  if (!select.ok()) return select.status();
  auto row = select->Step();
  for (; row.ok() && *row; row = select->Step()) {
    all.push_back({select->Int(0), std::string(select->Blob(1)), select->Int(2) != 0, {}});
  }
  if (!row.ok()) return row.status();
  for (Begun& begun : all) {
    auto steps = database_.Prepare("SELECT body FROM step WHERE sequence = ? ORDER BY number");
    if (!steps.ok()) return steps.status();
    steps->Bind(1, begun.sequence);
    for (row = steps->Step(); row.ok() && *row; row = steps->Step()) begun.steps.emplace_back(steps->Blob(0));
    if (!row.ok()) return row.status();
  }
  return all;
}

absl::StatusOr<std::vector<Result>> Journal::LoadResults() {
  MutexLock lock(&mutex_);
  std::vector<Result> all;
  auto select = database_.Prepare("SELECT sequence, body FROM result ORDER BY sequence");
  if (!select.ok()) return select.status();
  auto row = select->Step();
  for (; row.ok() && *row; row = select->Step()) all.push_back({select->Int(0), std::string(select->Blob(1))});
  if (!row.ok()) return row.status();
  return all;
}

absl::StatusOr<std::set<int64_t>> Journal::LoadInterrupted() {
  MutexLock lock(&mutex_);
  std::set<int64_t> all;
  auto select = database_.Prepare("SELECT sequence FROM interrupted");
  if (!select.ok()) return select.status();
  auto row = select->Step();
  for (; row.ok() && *row; row = select->Step()) all.insert(select->Int(0));
  if (!row.ok()) return row.status();
  return all;
}

absl::Status Journal::ForgetResults(const std::vector<int64_t>& sequences) {
  MutexLock lock(&mutex_);
  return InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (const int64_t sequence : sequences) {
      if (auto s = Run("DELETE FROM result WHERE sequence = ?", sequence); !s.ok()) return s;
      // One that was cancelled when it came again.
      if (auto s = Run("DELETE FROM interrupted WHERE sequence = ?", sequence); !s.ok()) return s;
    }
    return absl::OkStatus();
  });
}

absl::Status Journal::Health() {
  MutexLock lock(&mutex_);
  if (health_.ok()) return health_;
  return InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return database_.Execute("UPDATE boot SET id = id"); });
}

Stats Journal::GetStats() {
  Stats stats;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code ignored;  // there may be no log
    const auto size = std::filesystem::file_size(path_ + suffix, ignored);
    if (!ignored) stats.bytes += static_cast<int64_t>(size);
  }
  MutexLock lock(&mutex_);
  stats.rows = static_cast<int64_t>(owned_netns_.size() + owned_links_.size() + noted_links_.size());
  auto counted = Prepared(
      "SELECT (SELECT count(*) FROM begun) + (SELECT count(*) FROM step) + (SELECT count(*) FROM result) + "
      "(SELECT count(*) FROM interrupted)");
  if (!counted.ok()) return stats;
  if (auto row = (*counted)->Step(); row.ok() && *row) stats.rows += (*counted)->Int(0);
  (*counted)->Reset();
  return stats;
}

}  // namespace warren::journal
