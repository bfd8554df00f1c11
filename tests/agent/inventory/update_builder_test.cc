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

TEST(UpdateBuilder, ANamespaceWithManyLinksIsToldInPartsAndWhatIsLargeIsNotRepeated) {
  v1::Namespace netns = OfSize("a", 10);
  for (int i = 0; i < 3000; ++i) {
    netns.add_links()->set_alias(std::string(1000, 'x'));
    netns.mutable_links(i)->set_ifindex(i + 1);
  }
  UpdateBuilder builder;
  builder.Add("a", netns);
  int links = 0, heads = 0;
  for (const v1::InventoryUpdate& update : builder.Take()) {
    EXPECT_LE(update.ByteSizeLong(), UpdateBuilder::kLimit);
    for (const v1::Namespace& told : update.namespaces()) {
      ++heads;
      EXPECT_EQ(told.raw_name(), netns.raw_name());
      links += told.links_size();
    }
    for (const v1::NamespaceChange& change : update.changes()) {
      EXPECT_EQ(heads, 1) << "before its changes";
      EXPECT_LE(change.ByteSizeLong(), UpdateBuilder::kPart + 2000);
      for (const v1::Link& link : change.links()) EXPECT_EQ(link.ifindex(), ++links);
    }
  }
  EXPECT_EQ(links, 3000);
  EXPECT_EQ(heads, 1);
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
