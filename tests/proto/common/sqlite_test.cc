#include "proto/common/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace warren {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SqliteTest : public ::testing::Test {
 protected:
  SqliteTest() {
    std::string pattern = fs::temp_directory_path() / "sqlite-test-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~SqliteTest() override { fs::remove_all(directory_); }
  std::string Path(const std::string& name = "db") const { return directory_ / name; }
  Database Open(bool synchronous = true) {
    auto db = Database::Open(Path(), {.synchronous = synchronous});
    if (!db.ok()) throw std::runtime_error(std::string(db.status().message()));
    return *std::move(db);
  }
  int64_t Ask(Database& db, const std::string& sql) {
    const auto answer = db.QueryInt(sql);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(-1);
  }
  fs::path directory_;
};

TEST_F(SqliteTest, ANewDatabaseIsInWalModeAndAsSynchronousAsAsked) {
  {
    Database db = Open();
    EXPECT_EQ(Ask(db, "PRAGMA synchronous"), 2);  // FULL
    auto mode = db.Prepare("PRAGMA journal_mode");
    ASSERT_TRUE(mode.ok());
    ASSERT_TRUE(*mode->Step());
    EXPECT_EQ(mode->Blob(0), "wal");
  }
  Database fast = Open(false);
  EXPECT_EQ(Ask(fast, "PRAGMA synchronous"), 0);
}

TEST_F(SqliteTest, ValuesComeBackAsTheyWereBound) {
  Database db = Open();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a INTEGER, b BLOB)").ok());
  auto insert = db.Prepare("INSERT INTO t VALUES (?, ?)");
  ASSERT_TRUE(insert.ok());
  const std::string bytes("\0x\xff", 3);
  ASSERT_TRUE(insert->Bind(1, int64_t{-1} << 62).Bind(2, bytes).Run().ok());
  ASSERT_TRUE(insert->Bind(1, int64_t{0}).Bind(2, std::string_view()).Run().ok());
  ASSERT_TRUE(insert->Run().ok());  // nothing bound: bindings do not linger
  auto select = db.Prepare("SELECT a, b FROM t ORDER BY rowid");
  ASSERT_TRUE(select.ok());
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Int(0), int64_t{-1} << 62);
  EXPECT_EQ(select->Blob(1), bytes);
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Blob(1), "");
  EXPECT_FALSE(select->IsNull(1));
  ASSERT_TRUE(*select->Step());
  EXPECT_TRUE(select->IsNull(0));
  EXPECT_TRUE(select->IsNull(1));
  EXPECT_FALSE(*select->Step());
  EXPECT_TRUE(*select->Step()) << "a finished statement begins again";
}

TEST_F(SqliteTest, AFailedStepIsReportedWithThePathAndTheStatementStaysUsable) {
  Database db = Open();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a INTEGER PRIMARY KEY)").ok());
  auto insert = db.Prepare("INSERT INTO t VALUES (?)");
  ASSERT_TRUE(insert.ok());
  ASSERT_TRUE(insert->Bind(1, int64_t{1}).Run().ok());
  const absl::Status twice = insert->Bind(1, int64_t{1}).Run();
  EXPECT_THAT(std::string(twice.message()), HasSubstr("UNIQUE"));
  EXPECT_THAT(std::string(twice.message()), HasSubstr(Path()));
  EXPECT_TRUE(insert->Bind(1, int64_t{2}).Run().ok());
  EXPECT_EQ(Ask(db, "SELECT count(*) FROM t"), 2);
}

TEST_F(SqliteTest, TransactionsAreSeenAndRolledBack) {
  Database db = Open();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a)").ok());
  EXPECT_FALSE(db.InTransaction());
  ASSERT_TRUE(db.Execute("BEGIN; INSERT INTO t VALUES (1)").ok());
  EXPECT_TRUE(db.InTransaction());
  ASSERT_TRUE(db.Execute("ROLLBACK").ok());
  EXPECT_FALSE(db.InTransaction());
  EXPECT_EQ(Ask(db, "SELECT count(*) FROM t"), 0);
  EXPECT_EQ(Ask(db, "SELECT a FROM t"), 0);  // no row
}

TEST_F(SqliteTest, AReaderSeesWhatIsCommittedAndMayNotWrite) {
  Database db = Open();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a); INSERT INTO t VALUES (7)").ok());
  auto reader = Database::Open(Path(), {.read_only = true});
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE(db.Execute("BEGIN; UPDATE t SET a = 8").ok());
  EXPECT_EQ(Ask(*reader, "SELECT a FROM t"), 7);
  ASSERT_TRUE(db.Execute("COMMIT").ok());
  EXPECT_EQ(Ask(*reader, "SELECT a FROM t"), 8);
  EXPECT_EQ(reader->Execute("INSERT INTO t VALUES (1)").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteTest, EachTroubleHasItsCode) {
  EXPECT_EQ(Database::Open(Path("no/such/dir/db"), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Database::Open(Path("missing"), {.read_only = true}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  std::ofstream(Path("garbage")) << std::string(8192, 'x');
  EXPECT_EQ(Database::Open(Path("garbage"), {}).status().code(), absl::StatusCode::kDataLoss);
  Database db = Open();
  EXPECT_EQ(db.Prepare("SELEKT").status().code(), absl::StatusCode::kInternal);
  ASSERT_TRUE(db.Execute("CREATE TABLE t (b); PRAGMA max_page_count = 4").ok());
  EXPECT_EQ(db.Execute("INSERT INTO t VALUES (zeroblob(1000000))").code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace warren
