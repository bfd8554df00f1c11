#include "server/hosts/host_records.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "tests/fakes/memory_kv.h"

namespace warren::hosts {
namespace {

v1::Host Record(const std::string& host, const std::string& boot = "") {
  v1::Host record;
  record.set_name("hosts/" + host);
  record.set_boot_id(boot);
  return record;
}

// Everything committed before is durable when this returns.
void Settle(store::Kv& kv) { ASSERT_TRUE(kv.CommitAndWait({}).ok()); }

std::string BootOf(store::Kv& kv, const std::string& host) {
  const auto records = HostRecords::Load(kv);
  EXPECT_TRUE(records.ok());
  for (const v1::Host& record : *records) {
    if (record.name() == "hosts/" + host) return record.boot_id();
  }
  return "none";
}

TEST(HostRecordsTest, WhatWasSavedIsLoaded) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  records.Save("h2", Record("h2"));
  records.Save("h1", Record("h1", "boot"));
  Settle(kv);
  const auto loaded = HostRecords::Load(kv);
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->size(), 2u);
  EXPECT_EQ((*loaded)[0].name(), "hosts/h1");
  EXPECT_EQ((*loaded)[0].boot_id(), "boot");
}

TEST(HostRecordsTest, OfManyChangesTheLastOneCountsAndFewAreWritten) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  kv.Hold();
  for (int i = 0; i < 100; ++i) records.Save("h1", Record("h1", std::to_string(i)));
  kv.Release();
  Settle(kv);  // the first
  Settle(kv);  // the one that was put together meanwhile
  EXPECT_EQ(BootOf(kv, "h1"), "99");
  EXPECT_LE(kv.Revision(), 4);
}

TEST(HostRecordsTest, WhatCouldNotBeSavedIsSavedByRetry) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  kv.FailWith(absl::ResourceExhaustedError("disk full"));
  records.Save("h1", Record("h1", "boot"));
  EXPECT_FALSE(kv.CommitAndWait({}).ok());
  EXPECT_EQ(BootOf(kv, "h1"), "none");
  kv.FailWith(absl::OkStatus());
  records.Retry();
  Settle(kv);
  EXPECT_EQ(BootOf(kv, "h1"), "boot");
}

TEST(HostRecordsTest, ManyAreSavedInFewCommits) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  std::vector<v1::Host> many;
  for (int i = 0; i < 2500; ++i) many.push_back(Record("h" + std::to_string(i), "boot"));
  records.SaveNow(many);
  EXPECT_EQ(HostRecords::Load(kv)->size(), 2500u);
  EXPECT_EQ(kv.Revision(), 3);
}

TEST(HostRecordsTest, ManyThatCouldNotBeSavedAreSavedByRetry) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  kv.FailWith(absl::ResourceExhaustedError("disk full"));
  records.SaveNow({Record("h1", "a"), Record("h2", "a")});
  EXPECT_EQ(BootOf(kv, "h1"), "none");
  kv.FailWith(absl::OkStatus());
  records.Save("h2", Record("h2", "newer"));
  records.Retry();
  Settle(kv);
  EXPECT_EQ(BootOf(kv, "h1"), "a");
  EXPECT_EQ(BootOf(kv, "h2"), "newer");
}

TEST(HostRecordsTest, WhatWasDroppedDoesNotComeBackAfterItsRowIsDeleted) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  kv.Hold();
  records.Save("h1", Record("h1", "on its way"));
  records.Save("h1", Record("h1", "waits for it"));
  records.Drop("h1");
  std::promise<void> deleted;
  store::Transaction transaction;
  transaction.mutations.push_back(store::Mutation::Delete(RecordKey("h1")));
  ASSERT_TRUE(
      kv.Commit(std::move(transaction), [&](absl::StatusOr<store::CommitResult>) { deleted.set_value(); }).ok());
  kv.Release();
  deleted.get_future().wait();
  records.Retry();
  Settle(kv);
  Settle(kv);
  EXPECT_EQ(BootOf(kv, "h1"), "none");
}

TEST(HostRecordsTest, WhatFailsAfterItWasDroppedIsNotTriedAgain) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  kv.Hold();
  records.Save("h1", Record("h1", "a"));
  records.Drop("h1");
  kv.FailWith(absl::ResourceExhaustedError("disk full"));
  kv.Release();
  EXPECT_FALSE(kv.CommitAndWait({}).ok());
  kv.FailWith(absl::OkStatus());
  records.Retry();
  Settle(kv);
  EXPECT_EQ(BootOf(kv, "h1"), "none");
}

TEST(HostRecordsTest, WhatIsSavedAfterADropIsAnotherOne) {
  store::MemoryKv kv;
  HostRecords records(kv, Logger::Null());
  kv.Hold();
  records.Save("h1", Record("h1", "before"));
  records.Drop("h1");
  records.Save("h1", Record("h1", "after"));
  records.Save("h1", Record("h1", "last"));
  kv.Release();
  for (int i = 0; i < 3; ++i) Settle(kv);
  EXPECT_EQ(BootOf(kv, "h1"), "last");
}

TEST(HostRecordsTest, TheRowOfNoHostIsNone) {
  store::MemoryKv kv;
  ASSERT_TRUE(kv.CommitAndWait({.compares = {}, .mutations = {store::Mutation::Put("h/", "")}}).ok());
  EXPECT_EQ(HostRecords::Load(kv)->size(), 0u);
}

TEST(HostRecordsTest, MayDieBeforeItsCommitsAreDone) {
  store::MemoryKv kv;
  kv.Hold();
  {
    HostRecords records(kv, Logger::Null());
    records.Save("h1", Record("h1", "a"));
    records.Save("h1", Record("h1", "b"));
  }
  kv.Release();
  Settle(kv);
  Settle(kv);
  EXPECT_EQ(BootOf(kv, "h1"), "b");
}

TEST(HostRecordsTest, ARowThatIsNoRecordIsNamed) {
  store::MemoryKv kv;
  ASSERT_TRUE(kv.CommitAndWait({.compares = {}, .mutations = {store::Mutation::Put("h/bad", "\xff\xff\xff")}}).ok());
  const auto loaded = HostRecords::Load(kv);
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(loaded.status().message().find("h/bad"), absl::string_view::npos) << loaded.status();
}

// Field 4 was the agent's instance id, which is told to nobody any more.
TEST(HostRecordsTest, WhatARowOfAnEarlierVersionKnewOfTheAgentIsNotTold) {
  const std::string id = "11111111-1111-4111-8111-111111111111";
  store::MemoryKv kv;
  std::string row = Record("h1", "boot").SerializeAsString();
  row += std::string("\x22\x24", 2) + id;  // field 4, 36 bytes
  ASSERT_TRUE(kv.CommitAndWait({{}, {store::Mutation::Put(RecordKey("h1"), row)}}).ok());
  const auto loaded = HostRecords::Load(kv);
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->size(), 1u);
  EXPECT_EQ((*loaded)[0].boot_id(), "boot");
  EXPECT_EQ((*loaded)[0].SerializeAsString().find(id), std::string::npos);
}

}  // namespace
}  // namespace warren::hosts
