// The stores that the queue's tests run over.

#include "server/store/sqlite_kv.h"
#include "tests/fakes/memory_kv.h"
#include "tests/server/intents/queue_test.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::intents {
namespace {

class SqliteStore : public StoreUnderTest {
 public:
  SqliteStore() { Open(); }
  store::Kv& kv() override { return *kv_; }
  void Reopen() override {
    kv_.reset();
    Open();
  }

 private:
  void Open() {
    store::SqliteKv::Options options;
    options.path = dir_.File("kv.db");
    auto kv = store::SqliteKv::Open(options);
    EXPECT_TRUE(kv.ok()) << kv.status();
    kv_ = *std::move(kv);
  }

  store::ScratchDir dir_;
  std::unique_ptr<store::SqliteKv> kv_;
};

class MemoryStore : public StoreUnderTest {
 public:
  store::Kv& kv() override { return kv_; }
  void Reopen() override {}

 private:
  store::MemoryKv kv_;
};

}  // namespace

std::unique_ptr<StoreUnderTest> MakeSqliteStore() { return std::make_unique<SqliteStore>(); }
std::unique_ptr<StoreUnderTest> MakeMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace warren::intents
