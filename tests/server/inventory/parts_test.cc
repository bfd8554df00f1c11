// Namespaces told in changes.

#include "server/inventory/parts.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/inventory/inventory.h"
#include "server/inventory/view.h"
#include "warren/v1/namespaces.pb.h"

namespace warren::inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PartsTest : public ::testing::Test {
 protected:
  PartsTest() {
    Apply(R"(full_begin: true full_end: true namespaces {name: '@host' links {ifindex: 1 name: 'lo'}
             links {ifindex: 2 name: 'eth0' mtu: 1500} routes {destination: 'default'}} namespaces {name: 'red'})");
  }

  void Apply(const std::string& update) {
    v1::InventoryUpdate parsed;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(update, &parsed)) << update;
    inventory_.Apply("h1", 1, std::move(parsed));
  }
  // "lo eth0 | default", with the MTU where there is one.
  std::string Say(const v1::Namespace& netns) {
    EXPECT_EQ(netns.link_count(), netns.links_size());
    EXPECT_EQ(netns.route_count(), netns.routes_size());
    EXPECT_EQ(LastSegment(netns.name()), "@host");
    std::string said;
    for (const v1::Link& link : netns.links()) {
      said += link.name() + (link.mtu() != 0 ? ":" + std::to_string(link.mtu()) : "") + " ";
    }
    said += "|";
    for (const v1::Route& route : netns.routes()) said += " " + route.destination();
    return said;
  }
  std::string Known() { return Say(*inventory_.Get("h1", "@host")); }
  std::unique_ptr<feed::Cursor> Watch() {
    return *inventory_.feed().Open("-", -1, [] {});
  }
  static std::vector<feed::EventPtr> Take(feed::Cursor& cursor) { return cursor.Take(1000, 1 << 30)->events; }

  Inventory inventory_;
};

TEST_F(PartsTest, ChangesAddReplaceAndTakeAwayWhatTheyName) {
  Apply(
      "changes {namespace {name: '@host' nsid: 4} links {ifindex: 3 name: 't0'} links {ifindex: 2 name: 'e0' mtu: 9}}");
  EXPECT_EQ(Known(), "lo e0:9 t0 | default");
  EXPECT_EQ(inventory_.Get("h1", "@host")->nsid(), 4);
  Apply("changes {namespace {name: '@host'} removed_links: [3, 77] routes {destination: '10.0.0.0/8'}}");
  EXPECT_EQ(Known(), "lo e0:9 | default 10.0.0.0/8");
  Apply(R"(changes {namespace {name: '@host'} removed_routes {destination: 'default'}
           removed_routes {destination: 'never'} removed_links: 2 links {ifindex: 2 name: 'again'}})");
  EXPECT_EQ(Known(), "lo again | 10.0.0.0/8");
}

TEST_F(PartsTest, OfTwoEqualRoutesOneIsTakenAway) {
  Apply("changes {namespace {name: '@host'} routes {destination: 'default'}}");
  EXPECT_EQ(Known(), "lo eth0:1500 | default default");
  Apply("changes {namespace {name: '@host'} removed_routes {destination: 'default'}}");
  EXPECT_EQ(Known(), "lo eth0:1500 | default");
}

TEST_F(PartsTest, AChangeOfWhatIsNotKnownIsPassedOver) {
  Apply("changes {namespace {name: 'blue'} links {ifindex: 1 name: 'lo'}}");
  EXPECT_EQ(inventory_.Get("h1", "blue"), nullptr);
}

TEST_F(PartsTest, ATellingInPartsIsSeenWholeOrNotAtAllInAFullReport) {
  Apply("full_begin: true namespaces {name: '@host' links {ifindex: 1 name: 'lo'}}");
  Apply("changes {namespace {name: '@host'} links {ifindex: 5 name: 'x'}}");
  EXPECT_EQ(Known(), "lo eth0:1500 | default");
  Apply("full_end: true changes {namespace {name: '@host'} links {ifindex: 6 name: 'y'}}");
  EXPECT_EQ(Known(), "lo x y |");
}

TEST_F(PartsTest, ToldWholeAgainItIsWhatWasTold) {
  Apply("changes {namespace {name: '@host'} links {ifindex: 5 name: 'x'}}");
  Apply("namespaces {name: '@host' links {ifindex: 1 name: 'lo'}}");
  EXPECT_EQ(Known(), "lo |");
  Apply("removed: '@host'");
  EXPECT_EQ(inventory_.Get("h1", "@host"), nullptr);
}

TEST_F(PartsTest, ReadersKeepWhatTheyGot) {
  Apply("changes {namespace {name: '@host'} links {ifindex: 5 name: 'x'}}");
  const NamespacePtr before = inventory_.Get("h1", "@host");
  EXPECT_EQ(inventory_.Get("h1", "@host"), before) << "put together once while somebody has it";
  Apply("changes {namespace {name: '@host'} removed_links: 5}");
  EXPECT_EQ(Say(*before), "lo eth0:1500 x | default");
  EXPECT_EQ(Known(), "lo eth0:1500 | default");
}

TEST_F(PartsTest, ABasicViewHasTheCountsWithoutTheParts) {
  Apply("changes {namespace {name: '@host'} links {ifindex: 5 name: 'x'}}");
  for (const NamespacePtr& netns :
       {inventory_.Get("h1", "@host", View::kBasic), inventory_.List("h1", "", 1, View::kBasic)[0]}) {
    EXPECT_EQ(netns->link_count(), 3);
    EXPECT_EQ(netns->route_count(), 1);
    EXPECT_THAT(netns->links(), IsEmpty());
  }
  EXPECT_EQ(Say(*inventory_.List("h1", "", 1)[0]), "lo eth0:1500 x | default");
}

TEST_F(PartsTest, OnlyDifferencesAreEventsAndEachNamespaceHasOneInAReport) {
  const auto cursor = Watch();
  Apply("changes {namespace {name: '@host'} links {ifindex: 2 name: 'eth0' mtu: 1500 statistics {rx_bytes: 3}}}");
  EXPECT_THAT(Take(*cursor), IsEmpty());
  EXPECT_EQ(inventory_.Get("h1", "@host")->links(1).statistics().rx_bytes(), 3u) << "but kept";
  Apply(R"(namespaces {name: 'blue'} changes {namespace {name: '@host'} links {ifindex: 5 name: 'x'}}
           changes {namespace {name: 'blue'} links {ifindex: 1 name: 'lo'}}
           changes {namespace {name: '@host'} links {ifindex: 6 name: 'y'}})");
  const auto events = Take(*cursor);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(events[0]->deleted.empty()) << "blue is new";
  v1::NamespaceEvent told;
  ASSERT_TRUE(told.ParseFromString(events[1]->changed));
  EXPECT_EQ(told.namespace_().link_count(), 4);
  EXPECT_THAT(told.namespace_().links(), IsEmpty());
  ASSERT_NE(events[1]->late_full, nullptr);
  ASSERT_TRUE(told.ParseFromString(events[1]->late_full->Encode(events[1]->revision)));
  EXPECT_EQ(told.type(), v1::NamespaceEvent::CHANGED);
  EXPECT_EQ(told.revision(), events[1]->revision);
  EXPECT_EQ(Say(told.namespace_()), "lo eth0:1500 x y | default");
}

TEST_F(PartsTest, TheSameToldInPartsOrWholeIsNoDifference) {
  Apply("changes {namespace {name: '@host'} links {ifindex: 5 name: 'x'} routes {destination: '10.0.0.0/8'}}");
  const auto cursor = Watch();
  Apply(R"(full_begin: true namespaces {name: '@host' links {ifindex: 5 name: 'x'} links {ifindex: 1 name: 'lo'}
           links {ifindex: 2 name: 'eth0' mtu: 1500} routes {destination: '10.0.0.0/8'}
           routes {destination: 'default'}} namespaces {name: 'red'} full_end: true)");
  EXPECT_THAT(Take(*cursor), IsEmpty());
  Apply(R"(full_begin: true namespaces {name: '@host' links {ifindex: 5 name: 'x'}} namespaces {name: 'red'})");
  Apply(R"(full_end: true changes {namespace {name: '@host'} links {ifindex: 2 name: 'eth0' mtu: 1500}
           links {ifindex: 1 name: 'lo'} routes {destination: 'default'} routes {destination: '10.0.0.0/8'}})");
  EXPECT_THAT(Take(*cursor), IsEmpty());
  EXPECT_EQ(Known(), "lo eth0:1500 x | default 10.0.0.0/8");
}

}  // namespace
}  // namespace warren::inventory
