#include "agent/inventory/update_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace warren::inventory {
namespace {

v1::Namespace OfSize(const std::string& name, size_t bytes) {
  v1::Namespace netns;
  netns.set_name(name);
  netns.set_raw_name(std::string(bytes, 'x'));
  return netns;
}

TEST(UpdateBuilder, KeepsEveryUpdateWithinTheLimitAndTheOrder) {
  UpdateBuilder builder;
  for (int i = 0; i < 100; ++i) builder.Add(std::to_string(i), OfSize(std::to_string(i), 50000));
  EXPECT_TRUE(builder.full());
  const auto updates = builder.Take();
  int next = 0;
  for (const v1::InventoryUpdate& update : updates) {
    EXPECT_LE(update.ByteSizeLong(), UpdateBuilder::kLimit);
    for (const v1::Namespace& netns : update.namespaces()) EXPECT_EQ(netns.name(), std::to_string(next++));
  }
  EXPECT_EQ(next, 100);
  EXPECT_EQ(updates.size(), 5u);
}

TEST(UpdateBuilder, ANamespaceBeyondTheLimitGoesAlone) {
  UpdateBuilder builder;
  builder.Add("a", OfSize("a", 10));
  builder.Add("b", OfSize("b", 2 * UpdateBuilder::kLimit));
  builder.Add("c", OfSize("c", 10));
  const auto updates = builder.Take();
  ASSERT_EQ(updates.size(), 3u);
  EXPECT_EQ(updates[1].namespaces(0).name(), "b");
}

TEST(UpdateBuilder, NoUpdateSaysTwoThingsOfOneNamespace) {
  UpdateBuilder builder;
  builder.Remove("a");
  builder.Add("a", OfSize("a", 1));
  builder.Add("b", OfSize("b", 1));
  builder.Remove("b");
  const auto updates = builder.Take();
  ASSERT_EQ(updates.size(), 3u);
  EXPECT_EQ(updates[0].removed(0), "a");
  EXPECT_EQ(updates[1].namespaces_size(), 2);
  EXPECT_EQ(updates[2].removed(0), "b");
}

TEST(UpdateBuilder, HasNothingWhenNothingWasAddedAndAfterBeingEmptied) {
  UpdateBuilder builder;
  EXPECT_TRUE(builder.Take().empty());
  builder.Add("a", OfSize("a", 1));
  EXPECT_FALSE(builder.full());
  EXPECT_EQ(builder.Take().size(), 1u);
  EXPECT_TRUE(builder.Take().empty());
}

}  // namespace
}  // namespace warren::inventory
