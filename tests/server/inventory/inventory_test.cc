#include "server/inventory/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace warren::inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class InventoryTest : public ::testing::Test {
 protected:
  static v1::InventoryUpdate Update(const std::vector<std::string>& names, int links = 0) {
    v1::InventoryUpdate update;
    for (const std::string& name : names) {
      v1::Namespace* netns = update.add_namespaces();
      netns->set_name("hosts/h1/namespaces/" + name);
      for (int i = 0; i < links; ++i) netns->add_links()->set_name("eth" + std::to_string(i));
    }
    return update;
  }
  static v1::InventoryUpdate Full(const std::vector<std::string>& names) {
    v1::InventoryUpdate update = Update(names);
    update.set_full_begin(true);
    update.set_full_end(true);
    return update;
  }
  static v1::InventoryUpdate Removal(const std::string& name) {
    v1::InventoryUpdate update;
    update.add_removed(name);
    return update;
  }

  std::vector<std::string> Names(const std::string& host = "h1", const std::string& after = "", size_t limit = 1000) {
    std::vector<std::string> names;
    for (const NamespacePtr& netns : inventory_.List(host, after, limit)) {
      names.push_back(netns->name().substr(netns->name().rfind('/') + 1));
    }
    return names;
  }

  Inventory inventory_;
};

TEST_F(InventoryTest, ListsTheHostsOwnNamespaceFirstAndTheRestByName) {
  inventory_.Apply("h1", 1, Full({"red", "-dash", "0day", "@host", "Blue"}));
  EXPECT_THAT(Names(), ElementsAre("@host", "-dash", "0day", "Blue", "red"));
}

TEST_F(InventoryTest, PagesGoOnAfterAName) {
  inventory_.Apply("h1", 1, Full({"@host", "a", "b", "c"}));
  EXPECT_THAT(Names("h1", "", 2), ElementsAre("@host", "a"));
  EXPECT_THAT(Names("h1", "a", 2), ElementsAre("b", "c"));
  EXPECT_THAT(Names("h1", "@host", 1), ElementsAre("a"));
  EXPECT_THAT(Names("h1", "c", 2), IsEmpty());
  EXPECT_THAT(Names("h1", "aa", 9), ElementsAre("b", "c")) << "after a name that is gone";
}

TEST_F(InventoryTest, CountsWithoutTheHostsOwnNamespace) {
  EXPECT_EQ(inventory_.Count("h1"), 0u);
  inventory_.Apply("h1", 1, Full({"@host", "a", "b"}));
  EXPECT_EQ(inventory_.Count("h1"), 2u);
  inventory_.Apply("h1", 1, Removal("@host"));
  EXPECT_EQ(inventory_.Count("h1"), 2u);
}

TEST_F(InventoryTest, AFullReportInOneMessageReplacesWhatWasKnown) {
  inventory_.Apply("h1", 1, Full({"@host", "old", "both"}));
  inventory_.Apply("h1", 1, Full({"@host", "both", "new"}));
  EXPECT_THAT(Names(), ElementsAre("@host", "both", "new"));
}

TEST_F(InventoryTest, AFullReportInManyMessagesIsSeenOnlyWhenItIsWhole) {
  inventory_.Apply("h1", 1, Full({"old"}));
  v1::InventoryUpdate begin = Update({"a"});
  begin.set_full_begin(true);
  inventory_.Apply("h1", 1, begin);
  inventory_.Apply("h1", 1, Update({"b"}));
  EXPECT_THAT(Names(), ElementsAre("old"));
  EXPECT_EQ(inventory_.Get("h1", "a"), nullptr);
  v1::InventoryUpdate end = Update({"c"});
  end.set_full_end(true);
  inventory_.Apply("h1", 1, end);
  EXPECT_THAT(Names(), ElementsAre("a", "b", "c"));
}

TEST_F(InventoryTest, IsCompleteFromTheFirstWholeReportOn) {
  v1::InventoryUpdate begin = Update({"a"});
  begin.set_full_begin(true);
  inventory_.Apply("h1", 1, begin);
  EXPECT_FALSE(inventory_.Complete("h1"));
  v1::InventoryUpdate end;
  end.set_full_end(true);
  inventory_.Apply("h1", 1, end);
  EXPECT_TRUE(inventory_.Complete("h1"));
  EXPECT_FALSE(inventory_.Complete("h2"));
  inventory_.Apply("h1", 2, begin);
  EXPECT_TRUE(inventory_.Complete("h1")) << "what was known stays while a newer report arrives";
}

TEST_F(InventoryTest, AHalfToldReportIsForgottenWhenANewSessionSpeaks) {
  inventory_.Apply("h1", 1, Full({"old"}));
  v1::InventoryUpdate begin = Update({"half"});
  begin.set_full_begin(true);
  inventory_.Apply("h1", 1, begin);
  inventory_.Apply("h1", 2, Full({"new"}));
  EXPECT_THAT(Names(), ElementsAre("new"));
}

TEST_F(InventoryTest, AReportBegunAnewStartsFromNothing) {
  v1::InventoryUpdate begin = Update({"a"});
  begin.set_full_begin(true);
  inventory_.Apply("h1", 1, begin);
  inventory_.Apply("h1", 1, Full({"b"}));
  EXPECT_THAT(Names(), ElementsAre("b"));
}

TEST_F(InventoryTest, AnOlderSessionIsNotHeardAnyMore) {
  inventory_.Apply("h1", 2, Full({"new"}));
  inventory_.Apply("h1", 1, Full({"old"}));
  inventory_.Apply("h1", 1, Removal("new"));
  EXPECT_THAT(Names(), ElementsAre("new"));
}

TEST_F(InventoryTest, ChangesAddReplaceAndRemove) {
  inventory_.Apply("h1", 1, Full({"a", "b"}));
  inventory_.Apply("h1", 1, Update({"b", "c"}, 2));
  inventory_.Apply("h1", 1, Removal("a"));
  inventory_.Apply("h1", 1, Removal("never-was"));
  EXPECT_THAT(Names(), ElementsAre("b", "c"));
  EXPECT_EQ(inventory_.Get("h1", "b")->links_size(), 2);
}

TEST_F(InventoryTest, RemovalsMayCarryTheWholeName) {
  inventory_.Apply("h1", 1, Full({"a", "b"}));
  inventory_.Apply("h1", 1, Removal("hosts/h1/namespaces/a"));
  EXPECT_THAT(Names(), ElementsAre("b"));
}

TEST_F(InventoryTest, NamesAndCountsAreMadeRight) {
  v1::InventoryUpdate update = Update({"a"}, 3);
  update.mutable_namespaces(0)->set_name("a");
  update.mutable_namespaces(0)->set_link_count(77);
  update.mutable_namespaces(0)->add_routes();
  inventory_.Apply("h1", 1, update);
  const NamespacePtr netns = inventory_.Get("h1", "a");
  ASSERT_NE(netns, nullptr);
  EXPECT_EQ(netns->name(), "hosts/h1/namespaces/a");
  EXPECT_EQ(netns->link_count(), 3);
  EXPECT_EQ(netns->route_count(), 1);
}

TEST_F(InventoryTest, WhatAReaderHoldsDoesNotChange) {
  inventory_.Apply("h1", 1, Full({"a"}));
  const NamespacePtr before = inventory_.Get("h1", "a");
  inventory_.Apply("h1", 1, Update({"a"}, 4));
  inventory_.Apply("h1", 1, Removal("a"));
  EXPECT_EQ(before->links_size(), 0);
  EXPECT_EQ(inventory_.Get("h1", "a"), nullptr);
}

TEST_F(InventoryTest, HostsAreKeptApartAndForgottenAlone) {
  inventory_.Apply("h1", 1, Full({"a"}));
  inventory_.Apply("h2", 1, Full({"a", "b"}));
  inventory_.Forget("h1");
  EXPECT_THAT(Names("h1"), IsEmpty());
  EXPECT_FALSE(inventory_.Complete("h1"));
  EXPECT_THAT(Names("h2"), ElementsAre("a", "b"));
}

TEST_F(InventoryTest, ReadersAndWritersMayWorkAtOnce) {
  constexpr int kRounds = 200;
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::vector<std::jthread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!done) {
        // A full report has all of these or none.
        const auto listed = inventory_.List("h1", "", 100);
        if (!listed.empty() && listed.size() != 3) ++torn;
        if (const NamespacePtr netns = inventory_.Get("h1", "a"); netns && netns->link_count() != netns->links_size()) {
          ++torn;
        }
        inventory_.Count("h1");
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    v1::InventoryUpdate full = Update({"a", "b", "c"}, round % 5);
    full.set_full_begin(true);
    full.set_full_end(true);
    inventory_.Apply("h1", static_cast<uint64_t>(round), full);
    inventory_.Apply("h2", 1, Update({"x" + std::to_string(round)}));
  }
  done = true;
  threads.clear();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(inventory_.Count("h2"), static_cast<size_t>(kRounds));
}

}  // namespace
}  // namespace warren::inventory
