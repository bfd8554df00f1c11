#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/inventory/inventory.h"
#include "warren/v1/namespaces.pb.h"

namespace warren::inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kStart = 1767323045000000;

v1::NamespaceEvent Decode(const std::string& bytes) {
  v1::NamespaceEvent event;
  EXPECT_TRUE(event.ParseFromString(bytes));
  return event;
}

class InventoryFeedTest : public ::testing::Test {
 protected:
  InventoryFeedTest() : inventory_(Options()) {}
  static feed::Options Options() {
    feed::Options options;
    options.clock = [] { return absl::FromUnixMicros(kStart); };
    return options;
  }

  std::unique_ptr<feed::Cursor> Watch(const std::string& host = "-") {
    auto cursor = inventory_.feed().Open(host, -1, [] {});
    EXPECT_TRUE(cursor.ok()) << cursor.status();
    return *std::move(cursor);
  }
  void Apply(const std::string& update, uint64_t session = 1, const std::string& host = "h1") {
    v1::InventoryUpdate parsed;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(update, &parsed)) << update;
    inventory_.Apply(host, session, std::move(parsed));
  }
  static std::vector<feed::EventPtr> Take(feed::Cursor& cursor) {
    auto batch = cursor.Take(100000, size_t{1} << 30);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return batch.ok() ? batch->events : std::vector<feed::EventPtr>();
  }
  // "+red" is new, "red" changed, "-red" is gone; with the host's name before it unless that is h1.
  static std::vector<std::string> Say(feed::Cursor& cursor) {
    std::vector<std::string> said;
    for (const feed::EventPtr& event : Take(cursor)) {
      const v1::NamespaceEvent told = Decode(event->now ? event->changed : event->deleted);
      const std::string name = told.namespace_().name();
      EXPECT_EQ(told.type(), event->now ? v1::NamespaceEvent::CHANGED : v1::NamespaceEvent::DELETED);
      EXPECT_EQ(told.revision(), event->revision);
      EXPECT_EQ(event->before == nullptr, event->deleted.empty());
      EXPECT_EQ(name.substr(0, name.rfind('/')), "hosts/" + event->host + "/namespaces");
      said.push_back((event->now == nullptr      ? "-"
                      : event->before == nullptr ? "+"
                                                 : "") +
                     (event->host == "h1" ? "" : event->host + "/") + name.substr(name.rfind('/') + 1));
    }
    return said;
  }

  Inventory inventory_;
};

TEST_F(InventoryFeedTest, RevisionsAreAboveThoseOfAnEarlierRun) {
  EXPECT_EQ(inventory_.feed().revision(), kStart);
  EXPECT_EQ(inventory_.feed().Open("-", kStart - 1, [] {}).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(InventoryFeedTest, WhatChangesIsTold) {
  const auto cursor = Watch();
  Apply("full_begin: true namespaces {name: '@host'} namespaces {name: 'red'} full_end: true");
  EXPECT_THAT(Say(*cursor), ElementsAre("+@host", "+red"));
  Apply("namespaces {name: 'red' nsid: 3} namespaces {name: 'blue'}");
  EXPECT_THAT(Say(*cursor), ElementsAre("red", "+blue"));
  Apply("removed: 'red' removed: 'never'");
  EXPECT_THAT(Say(*cursor), ElementsAre("-red"));
  EXPECT_EQ(inventory_.feed().revision(), kStart + 3) << "one revision a report";
}

TEST_F(InventoryFeedTest, WhatIsAsBeforeIsNotTold) {
  const auto cursor = Watch();
  Apply("full_begin: true namespaces {name: 'red' nsid: 1 links {name: 'lo'}} full_end: true");
  EXPECT_THAT(Say(*cursor), ElementsAre("+red"));
  Apply("namespaces {name: 'red' nsid: 1 links {name: 'lo' statistics {rx_bytes: 5}} observe_time {seconds: 9}}");
  EXPECT_THAT(Say(*cursor), IsEmpty());
  EXPECT_EQ(inventory_.Get("h1", "red")->observe_time().seconds(), 9) << "but kept";
  Apply("removed: 'never'");
  EXPECT_EQ(inventory_.feed().revision(), kStart + 1);
}

TEST_F(InventoryFeedTest, AFullReportIsToldAsItsDifferences) {
  Apply(
      "full_begin: true namespaces {name: '@host'} namespaces {name: 'a'} namespaces {name: 'b'} "
      "namespaces {name: 'd'} full_end: true");
  const auto cursor = Watch();
  Apply("full_begin: true namespaces {name: '@host'} namespaces {name: 'd' nsid: 5}", 2);
  EXPECT_THAT(Say(*cursor), IsEmpty()) << "not before it is complete";
  Apply("namespaces {name: 'c'} namespaces {name: 'x'} namespaces {name: 'b'} removed: 'x' full_end: true", 2);
  EXPECT_THAT(Say(*cursor), ElementsAre("-a", "+c", "d"));
  Apply(
      "full_begin: true namespaces {name: '@host'} namespaces {name: 'd' nsid: 5} namespaces {name: 'c'} "
      "namespaces {name: 'b'} full_end: true",
      3);
  EXPECT_THAT(Say(*cursor), IsEmpty());
  Apply("full_begin: true full_end: true", 4);
  EXPECT_THAT(Say(*cursor), ElementsAre("-@host", "-b", "-c", "-d"));
}

TEST_F(InventoryFeedTest, AnAbandonedReportAndAnOlderSessionTellNothing) {
  const auto cursor = Watch();
  Apply("full_begin: true namespaces {name: 'a'}", 1);
  Apply("full_begin: true namespaces {name: 'b'} full_end: true", 2);
  Apply("namespaces {name: 'c'}", 1);
  EXPECT_THAT(Say(*cursor), ElementsAre("+b"));
}

TEST_F(InventoryFeedTest, ForgettingAHostDeletesItsNamespaces) {
  Apply("full_begin: true namespaces {name: '@host'} namespaces {name: 'a'} full_end: true");
  Apply("full_begin: true namespaces {name: 'b'} full_end: true", 1, "h2");
  const auto cursor = Watch();
  inventory_.Forget("h1");
  inventory_.Forget("h1");
  inventory_.Forget("never");
  EXPECT_THAT(Say(*cursor), ElementsAre("-@host", "-a"));
  EXPECT_THAT(inventory_.Hosts(), ElementsAre("h2"));
}

TEST_F(InventoryFeedTest, BothViewsAreTold) {
  const auto cursor = Watch();
  Apply("full_begin: true namespaces {name: 'red' links {name: 'lo'} routes {dev: 'lo'}} full_end: true");
  const auto events = Take(*cursor);
  ASSERT_THAT(events, SizeIs(1));
  const v1::Namespace basic = Decode(events[0]->changed).namespace_();
  const v1::Namespace full = Decode(events[0]->changed_full).namespace_();
  EXPECT_THAT(basic.links(), IsEmpty());
  EXPECT_THAT(basic.routes(), IsEmpty());
  EXPECT_EQ(basic.link_count(), 1);
  EXPECT_THAT(full.links(), SizeIs(1));
  EXPECT_THAT(full.routes(), SizeIs(1));
}

TEST_F(InventoryFeedTest, FiltersSeeBothSidesOfAChangeWithTheHostsLabels) {
  inventory_.SetLabels("h1", 1, std::make_shared<const Labels>(Labels{{"rack", "a"}}));
  Apply("full_begin: true namespaces {name: 'red' nsid: 1} full_end: true");
  const auto cursor = Watch();
  Apply("namespaces {name: 'red' nsid: 2}");
  const auto events = Take(*cursor);
  ASSERT_THAT(events, SizeIs(1));
  const auto matches = [](const char* text, const filter::Subject& subject) {
    return filter::Filter::Parse(text, NamespaceSchema())->Matches(subject);
  };
  EXPECT_TRUE(matches("nsid = 1 labels.rack = a host = h1 name = red", *events[0]->before));
  EXPECT_TRUE(matches("nsid = 2 labels.rack = a host = h1 name = red", *events[0]->now));
}

TEST_F(InventoryFeedTest, OtherLabelsAreAChangeOfEveryNamespace) {
  const auto labels = [](const char* rack) { return std::make_shared<const Labels>(Labels{{"rack", rack}}); };
  inventory_.SetLabels("h1", 1, labels("a"));
  Apply("full_begin: true namespaces {name: '@host'} namespaces {name: 'red'} full_end: true");
  const auto cursor = Watch();
  inventory_.SetLabels("h1", 1, labels("a"));
  EXPECT_THAT(Say(*cursor), IsEmpty());
  inventory_.SetLabels("h1", 2, labels("b"));
  EXPECT_EQ(inventory_.LabelsOf("h1")->at("rack"), "b");
  const auto events = Take(*cursor);
  ASSERT_THAT(events, SizeIs(2));
  const auto rack_a = *filter::Filter::Parse("labels.rack = a", NamespaceSchema());
  for (const auto& event : events) {
    EXPECT_TRUE(rack_a.Matches(*event->before));
    EXPECT_FALSE(rack_a.Matches(*event->now));
  }
  inventory_.SetLabels("h1", 1, labels("a"));
  EXPECT_THAT(Say(*cursor), IsEmpty()) << "an older session says so";
  inventory_.SetLabels("h1", 3, nullptr);
  EXPECT_THAT(Say(*cursor), ElementsAre("@host", "red"));
  EXPECT_EQ(inventory_.LabelsOf("h1"), nullptr);
  EXPECT_FALSE(inventory_.Complete("h2"));
}

TEST_F(InventoryFeedTest, WhileNobodyWatchesNothingIsKept) {
  Apply("full_begin: true namespaces {name: 'red'} full_end: true");
  EXPECT_EQ(inventory_.feed().stats().events, 0u);
  EXPECT_EQ(inventory_.feed().revision(), kStart + 1);
  EXPECT_EQ(inventory_.feed().Open("-", kStart, [] {}).status().code(), absl::StatusCode::kOutOfRange)
      << "what was not kept cannot be told";
  Watch().reset();
  Apply("removed: 'red'");
  EXPECT_EQ(inventory_.feed().stats().events, 1u) << "who left a moment ago may come back";
  const auto cursor = *inventory_.feed().Open("-", kStart + 1, [] {});
  EXPECT_THAT(Say(*cursor), ElementsAre("-red"));
}

// What is read and what is told come together to the same: a snapshot taken after a cursor was opened, brought forward
// by its events, is what there is in the end.
TEST_F(InventoryFeedTest, ASnapshotAndTheEventsAfterItMissNothing) {
  std::vector<std::jthread> hosts;
  for (int h = 0; h < 3; ++h) {
    hosts.emplace_back([this, h] {
      const std::string host = "h" + std::to_string(h);
      for (int i = 0; i < 300; ++i) {
        v1::InventoryUpdate update;
        if (i % 50 == 0) {
          update.set_full_begin(true);
          update.set_full_end(true);
        }
        auto* netns = update.add_namespaces();
        netns->set_name("n" + std::to_string(i % 7));
        netns->set_nsid(i);
        if (i % 3 == 0) update.add_removed("n" + std::to_string((i + 3) % 7));
        inventory_.Apply(host, 1, std::move(update));
      }
    });
  }
  std::vector<std::jthread> watches;
  std::vector<std::map<std::string, int>> seen(3);
  std::vector<std::unique_ptr<feed::Cursor>> cursors(3);
  for (int w = 0; w < 3; ++w) {
    watches.emplace_back([this, w, &seen, &cursors] {
      cursors[w] = Watch();
      for (const std::string& host : inventory_.Hosts()) {
        for (const auto& netns : inventory_.List(host, "", 100)) seen[w][netns->name()] = netns->nsid();
      }
    });
  }
  watches.clear();
  hosts.clear();
  std::map<std::string, int> truth;
  for (const std::string& host : inventory_.Hosts()) {
    for (const auto& netns : inventory_.List(host, "", 100)) truth[netns->name()] = netns->nsid();
  }
  for (int w = 0; w < 3; ++w) {
    for (const auto& event : Take(*cursors[w])) {
      if (event->now != nullptr) {
        const v1::Namespace netns = Decode(event->changed).namespace_();
        seen[w][netns.name()] = netns.nsid();
      } else {
        seen[w].erase(Decode(event->deleted).namespace_().name());
      }
    }
    EXPECT_EQ(seen[w], truth);
  }
}

}  // namespace
}  // namespace warren::inventory
