// What the agent packs into messages is what the server's mirror has. Only the packing is the agent's here: the two
// rooms have a class of the same name.

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "agent/inventory/update_builder.h"
#include "server/inventory/inventory.h"

namespace warren::inventory {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::Namespace Large(int links, int routes) {
  v1::Namespace netns;
  netns.set_name("hosts/h1/namespaces/@host");
  netns.mutable_identity()->set_cookie(7);
  netns.set_nsid(-1);
  for (int i = 1; i <= links; ++i) {
    v1::Link* link = netns.add_links();
    link->set_ifindex(i);
    link->set_name(absl::StrCat("tap", i));
    link->set_alias(std::string(100, 'x'));
  }
  for (int i = 0; i < routes; ++i) {
    v1::Route* route = netns.add_routes();
    route->set_destination(absl::StrCat("fd00::", i, "/128"));
    route->set_dev(std::string(60, 'y'));
  }
  netns.set_link_count(links);
  netns.set_route_count(routes);
  return netns;
}

class Mirror : public ::testing::Test {
 protected:
  // Sends what was built as one full report.
  void Send(bool full) {
    std::vector<v1::InventoryUpdate> updates = builder_.Take();
    updates.front().set_full_begin(full);
    updates.back().set_full_end(full);
    messages_ = updates.size();
    for (v1::InventoryUpdate& update : updates) {
      EXPECT_LE(update.ByteSizeLong(), UpdateBuilder::kLimit + UpdateBuilder::kPart);
      server_.Apply("h1", 1, std::move(update));
    }
  }
  void ExpectKnown(const v1::Namespace& expected) {
    const NamespacePtr known = server_.Get("h1", "@host");
    ASSERT_NE(known, nullptr);
    std::string difference;
    MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&difference);
    EXPECT_TRUE(differencer.Compare(expected, *known)) << difference.substr(0, 500);
  }

  UpdateBuilder builder_;
  Inventory server_;
  size_t messages_ = 0;
};

TEST_F(Mirror, ANamespaceTooLargeForOneMessageArrivesWhole) {
  const v1::Namespace large = Large(15000, 15000);
  builder_.Add("@host", large);
  Send(/*full=*/true);
  EXPECT_GE(messages_, 3u);
  ExpectKnown(large);
}

TEST_F(Mirror, AChangeTooLargeForOneMessageArrivesWhole) {
  builder_.Add("@host", Large(9000, 9000));
  Send(/*full=*/true);
  v1::NamespaceChange change;
  change.mutable_namespace_()->set_name("hosts/h1/namespaces/@host");
  change.mutable_namespace_()->mutable_identity()->set_cookie(7);
  change.mutable_namespace_()->set_nsid(-1);
  const v1::Namespace old = Large(9000, 9000), now = Large(12000, 12000);
  // Everything is another one with the same index or destination.
  for (const v1::Link& link : now.links()) {
    *change.add_links() = link;
    change.mutable_links(change.links_size() - 1)->set_mtu(9000);
  }
  for (const v1::Route& route : old.routes()) *change.add_removed_routes() = route;
  for (const v1::Route& route : now.routes()) *change.add_routes() = route;
  v1::Namespace expected = now;
  for (v1::Link& link : *expected.mutable_links()) link.set_mtu(9000);
  builder_.Change("@host", std::move(change));
  Send(/*full=*/false);
  EXPECT_GE(messages_, 4u);
  ExpectKnown(expected);
}

TEST_F(Mirror, AChangeMayFollowInTheSameMessage) {
  builder_.Add("@host", Large(3, 0));
  v1::NamespaceChange change;
  change.mutable_namespace_()->set_name("hosts/h1/namespaces/@host");
  change.mutable_namespace_()->mutable_identity()->set_cookie(7);
  change.mutable_namespace_()->set_nsid(-1);
  change.add_removed_links(3);
  builder_.Change("@host", std::move(change));
  Send(/*full=*/true);
  EXPECT_EQ(messages_, 1u);
  ExpectKnown(Large(2, 0));
}

}  // namespace
}  // namespace warren::inventory
