#include <gtest/gtest.h>

#include "server/store/sqlite_kv.h"
#include "tests/server/store/kv_conformance.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::store {
namespace {

class SqliteUnderTest : public KvUnderTest {
 public:
  SqliteUnderTest() {
    auto kv = SqliteKv::Open(
        {.path = dir_.File("kv.db"), .queue = {}, .readers = 2, .watch_window_bytes = 16 << 10, .observers = {}});
    EXPECT_TRUE(kv.ok()) << kv.status();
    kv_ = *std::move(kv);
  }
  Kv& kv() override { return *kv_; }

 private:
  ScratchDir dir_;
  std::unique_ptr<SqliteKv> kv_;
};
std::unique_ptr<KvUnderTest> MakeSqlite() { return std::make_unique<SqliteUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(SqliteKv, KvConformance, testing::Values(MakeSqlite));

}  // namespace
}  // namespace warren::store
