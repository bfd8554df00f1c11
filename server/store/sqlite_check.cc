#include "server/store/sqlite_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/store/sqlite_reader.h"
#include "server/store/sqlite_schema.h"

namespace warren::store {
namespace {

constexpr size_t kMaxProblems = 100;
constexpr size_t kPage = 1000;

class Checker {
 public:
  explicit Checker(CheckResult& result) : result_(result) {}

  void Problem(std::string problem) {
    if (result_.problems.size() < kMaxProblems) result_.problems.push_back(std::move(problem));
  }
  bool full() const { return result_.problems.size() >= kMaxProblems; }

  // Damage is what we are looking for; anything else keeps us from looking.
  absl::Status Met(const absl::Status& status) {
    if (!absl::IsDataLoss(status)) return status;
    Problem(std::string(status.message()));
    return absl::OkStatus();
  }

  absl::Status Pages(Database& db) {
    auto check = db.Prepare("PRAGMA integrity_check");
    if (!check.ok()) return Met(check.status());
    for (;;) {
      auto row = check->Step();
      if (!row.ok()) return Met(row.status());
      if (!*row) return absl::OkStatus();
      if (check->Blob(0) != "ok") Problem(std::string(check->Blob(0)));
    }
  }

  // Statements that count what must not be.
  absl::Status Numbers(Database& db) {
    const std::pair<const char*, const char*> kNever[] = {
        {"SELECT count(*) FROM log WHERE id<=0 OR create_revision<0 OR create_revision>(id>>20)",
         "rows whose revision cannot be"},
        {"SELECT count(*) FROM log WHERE value IS NOT NULL AND create_revision=0",
         "values without a revision of birth"},
        {"SELECT 3-count(*) FROM meta WHERE name IN ('compacted', 'swept', 'probe')", "counters that are missing"},
        {"SELECT count(*) FROM log WHERE length(key)=0", "rows without a key"},
    };
    for (const auto& [sql, what] : kNever) {
      auto count = db.QueryInt(sql);
      if (!count.ok()) {
        if (absl::Status status = Met(count.status()); !status.ok()) return status;
      } else if (*count != 0) {
        Problem(absl::StrCat(*count, " ", what));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Rows(SqliteReader& reader, const std::function<absl::Status(const KeyValue&)>& check_row) {
    RangeRequest request;
    request.limit = kPage;
    for (;;) {
      auto page = reader.Range(request);
      if (!page.ok()) return Met(page.status());
      result_.revision = std::max(result_.revision, page->revision);
      result_.rows += static_cast<int64_t>(page->kvs.size());
      for (const KeyValue& row : page->kvs) {
        if (absl::Status status = check_row(row); !status.ok()) {
          Problem(absl::StrCat("key \"", absl::CHexEscape(row.key), "\": ", std::string(status.message())));
        }
      }
      if (!page->more || full()) return absl::OkStatus();
      request.start = page->kvs.back().key + '\0';
    }
  }

 private:
  CheckResult& result_;
};

}  // namespace

absl::StatusOr<CheckResult> CheckSqliteStore(const std::string& path,
                                             const std::function<absl::Status(const KeyValue&)>& check_row) {
  CheckResult result;
  Checker checker(result);
  auto db = OpenForLooking(path);
  if (!db.ok()) {
    if (absl::Status status = checker.Met(db.status()); !status.ok()) return status;
    return result;
  }
  if (absl::Status status = checker.Pages(*db); !status.ok()) return status;
  if (absl::Status status = checker.Numbers(*db); !status.ok()) return status;
  auto reader = SqliteReader::Open(path);
  if (!reader.ok()) {
    if (absl::Status status = checker.Met(reader.status()); !status.ok()) return status;
    return result;
  }
  if (absl::Status status = checker.Rows(**reader, check_row); !status.ok()) return status;
  return result;
}

}  // namespace warren::store
