#include "server/maintenance/check_row.h"

#include <gtest/gtest.h>

#include <string>

#include "server/hosts/host_records.h"
#include "server/intents/stored.h"
#include "warren/v1/hosts.pb.h"
#include "warren/v1/intents.pb.h"

namespace warren::maintenance {
namespace {

constexpr char kId[] = "11111111-1111-4111-8111-111111111111";

store::KeyValue Row(const std::string& key, const std::string& value) { return {key, value, 7, 7}; }

v1::Intent Intent(v1::Intent::State state) {
  v1::Intent intent;
  intent.set_state(state);
  intent.add_operations()->mutable_create_namespace()->set_namespace_("red");
  return intent;
}

bool IsGood(const store::KeyValue& row) { return CheckRow(row).ok(); }

TEST(CheckRowTest, WhatTheRoomsWriteIsGood) {
  for (const auto state : {v1::Intent::QUEUED, v1::Intent::SUCCEEDED, v1::Intent::FAILED, v1::Intent::CANCELLED}) {
    EXPECT_TRUE(IsGood(Row(std::string("i/h1/") + kId, Intent(state).SerializeAsString())));
  }
  EXPECT_TRUE(IsGood(Row("c/h1", "12")));
  v1::Host host;
  host.set_boot_id(kId);
  EXPECT_TRUE(IsGood(Row("h/h1", host.SerializeAsString())));
  EXPECT_TRUE(IsGood(Row(hosts::kHostPrefix, ""))) << "the feed's mark";
}

TEST(CheckRowTest, WhatTheyCannotReadIsNot) {
  EXPECT_FALSE(IsGood(Row(std::string("i/h1/") + kId, "\xff\xff\xff")));
  EXPECT_FALSE(IsGood(Row(std::string("i/h1/") + kId, Intent(v1::Intent::RUNNING).SerializeAsString())));
  EXPECT_FALSE(IsGood(Row(std::string("i/h1/") + kId, ""))) << "no operations";
  EXPECT_FALSE(IsGood(Row("i/h1/nonsense", Intent(v1::Intent::QUEUED).SerializeAsString())));
  EXPECT_FALSE(IsGood(Row("c/h1", "twelve")));
  EXPECT_FALSE(IsGood(Row("h/h1", "\xff\xff\xff")));
  EXPECT_FALSE(IsGood(Row("x/what", "ever")));
}

}  // namespace
}  // namespace warren::maintenance
