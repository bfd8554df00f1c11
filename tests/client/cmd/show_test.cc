// What shows things.

#include <gmock/gmock.h>

#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Showing : public CommandTest {
 protected:
  Showing() {
    api_.get_namespace.Returns(From<v1::Namespace>(R"(
      name: 'hosts/h1/namespaces/red' nsid: 4
      links { name: 'lo' ifindex: 1 mac: '00:00:00:00:00:00' addresses { address: '127.0.0.1/8' } }
      links { name: 'eth0' ifindex: 2 mac: '02:00:00:00:00:01' addresses { address: '10.0.0.1/24' } }
      routes { destination: 'default' via: '10.0.0.254' dev: 'eth0' table: 254 }
      routes { destination: '10.9.0.0/16' dev: 'eth1' table: 77 }
      routes { destination: '10.8.0.0/16' table: 254
               next_hops { dev: 'eth1' weight: 1 } next_hops { dev: 'eth2' weight: 1 } })"));
  }
};

TEST_F(Showing, HostsOverAllPages) {
  api_.list_hosts.Answers([](const v1::ListHostsRequest& request, v1::ListHostsResponse* response) {
    const bool first = request.page_token().empty();
    response->add_hosts()->set_name(first ? "hosts/h1" : "hosts/h2");
    if (first) response->set_next_page_token("more");
    return absl::OkStatus();
  });
  EXPECT_EQ(Run("hosts list -o name").out, "hosts/h1\nhosts/h2\n");
  EXPECT_EQ(Run("hosts -o name").out, "hosts/h1\nhosts/h2\n");
  EXPECT_EQ(api_.list_hosts.Asked()[1].page_token(), "more");
}

TEST_F(Showing, OneHost) {
  api_.get_host.Returns(From<v1::Host>("name: 'hosts/h1' connected: true"));
  EXPECT_EQ(Run("hosts show h1 -o json").out, "{\n \"name\": \"hosts/h1\",\n \"connected\": true\n}\n");
  EXPECT_EQ(api_.get_host.Asked().front().name(), "hosts/h1");
  api_.get_host.Fails(absl::NotFoundError("there is no host h1; ListHosts shows those there are"));
  const Ran ran = Run("hosts show h1");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "warren hosts show: NOT_FOUND: there is no host h1; `warren hosts list` shows those there are\n");
}

TEST_F(Showing, NamespacesOfOneHostOrOfAll) {
  api_.list_namespaces.Returns(From<v1::ListNamespacesResponse>("namespaces { name: 'hosts/h1/namespaces/red' }"));
  EXPECT_THAT(Run("netns list h1").out, HasSubstr("h1/red"));
  EXPECT_THAT(Run("netns list").out, HasSubstr("h1/red"));
  EXPECT_THAT(Run("netns").out, HasSubstr("h1/red"));
  const auto asked = api_.list_namespaces.Asked();
  EXPECT_EQ(asked[0].parent(), "hosts/h1");
  EXPECT_EQ(asked[0].view(), v1::NAMESPACE_VIEW_BASIC);
  EXPECT_EQ(asked[1].parent(), "hosts/-");
  EXPECT_EQ(asked[2].parent(), "hosts/-");
}

TEST_F(Showing, OneNamespaceWithWhatIsInIt) {
  EXPECT_THAT(Run("netns show h1/red").out,
              AllOf(HasSubstr("h1/red"), HasSubstr("10.0.0.1/24"), HasSubstr("default via 10.0.0.254")));
  EXPECT_EQ(api_.get_namespace.Asked().front().name(), "hosts/h1/namespaces/red");
  EXPECT_EQ(api_.get_namespace.Asked().front().view(), v1::NAMESPACE_VIEW_FULL);
}

TEST_F(Showing, LinksAndAddressesOfANamespaceOrOfOneLink) {
  EXPECT_EQ(Run("link show h1/red -o name").out, "h1/red:lo\nh1/red:eth0\n");
  EXPECT_EQ(Run("link show dev h1/red:eth0 -o name").out, "h1/red:eth0\n");
  EXPECT_THAT(Run("addr show h1/red").out, AllOf(HasSubstr("inet 127.0.0.1/8"), HasSubstr("inet 10.0.0.1/24")));
  EXPECT_THAT(Run("addr list h1/red:eth0").out, AllOf(Not(HasSubstr("127.0.0.1")), HasSubstr("inet 10.0.0.1/24")));
  const Ran ran = Run("addr show h1/red:eth9");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "warren addr show: NOT_FOUND: there is no link h1/red:eth9; h1/red has lo, eth0\n");
}

TEST_F(Showing, RoutesOfTheMainTableUnlessAnotherIsNamed) {
  EXPECT_EQ(Run("route show h1/red -o name").out, "h1/red default via 10.0.0.254 dev eth0\nh1/red 10.8.0.0/16\n");
  EXPECT_EQ(Run("route show h1/red table 77 -o name").out, "h1/red 10.9.0.0/16 dev eth1 table 77\n");
  EXPECT_EQ(Run("route show h1/red dev eth1 -o name").out, "h1/red 10.8.0.0/16\n");
  EXPECT_EQ(Run("route show h1/red table all dev eth1 -o name").out,
            "h1/red 10.9.0.0/16 dev eth1 table 77\nh1/red 10.8.0.0/16\n");
  EXPECT_EQ(Run("route list h1/red table 1 -o json").out, "[]\n");
}

TEST_F(Showing, WhatIsNotThereIsARefusal) {
  api_.get_namespace.Fails(absl::NotFoundError("there is none"));
  for (const char* line : {"netns show h1/red", "link show h1/red", "addr show h1/red", "route show h1/red"}) {
    const Ran ran = Run(line);
    EXPECT_EQ(ran.code, 1) << line;
    EXPECT_THAT(ran.err, HasSubstr("NOT_FOUND: there is none")) << line;
  }
}

TEST_F(Showing, WhatIsNoNamespaceIsSaidToBeNone) {
  api_.get_namespace.Returns(
      From<v1::Namespace>("name: 'hosts/h1/namespaces/fifo' foreign: true nsid: -1 unusable_reason: 'a FIFO'"));
  for (const std::string what : {"link", "addr", "route"}) {
    for (const std::string form : {"", " -o json", " -o name"}) {
      const Ran ran = Run(what + " show h1/fifo" + form);
      EXPECT_EQ(ran.code, 1) << what << form;
      EXPECT_EQ(ran.out, "") << what << form;
      EXPECT_EQ(ran.err, "warren " + what + " show: FAILED_PRECONDITION: h1/fifo is no network namespace: a FIFO\n");
    }
  }
  EXPECT_THAT(Run("netns show h1/fifo").out, HasSubstr("a FIFO"));
}

TEST_F(Showing, WhatHoldsANamespace) {
  api_.list_holders.Returns(From<v1::ListHoldersResponse>(
      "holders { pid: 4711 command: 'bird' holds: 'socket, descriptor 9' } not_looked_at: 'elsewhere'"));
  EXPECT_EQ(Run("netns holders h1/red").out,
            "PID    COMMAND   HOLDS\n4711   bird      socket, descriptor 9\n# not looked at: elsewhere\n");
  EXPECT_EQ(Run("netns holders h1/red -o name").out, "4711\n");
  EXPECT_EQ(api_.list_holders.Asked().front().name(), "hosts/h1/namespaces/red");
  api_.list_holders.Fails(absl::UnavailableError("host h1 is away"));
  EXPECT_THAT(Run("netns holders h1/red --timeout 100ms").err, HasSubstr("host h1 is away"));
  EXPECT_EQ(Run("netns holders h1").code, 2);
}

}  // namespace
}  // namespace warren::cli
