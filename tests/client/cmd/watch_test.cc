// Watching: `warren hosts watch`, lists with --watch, and namespaces shown again as they change.

#include <gmock/gmock.h>

#include "proto/common/status_payload.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// How each of these watches ends, so that the command does.
const absl::Status kEnd = absl::PermissionDeniedError("the test is over");

class WatchCommands : public CommandTest {
 protected:
  WatchCommands() { api_.get_namespace.Fails(absl::InternalError("a watch needs no other call")); }
  void HostsChange() {
    api_.watch_hosts.Then(
        {From<v1::WatchHostsResponse>("events { type: EXISTING host { name: 'hosts/h1' connected: true } }"
                                      "events { type: SYNCED } revision: 6"),
         From<v1::WatchHostsResponse>("events { type: REBOOTED host { name: 'hosts/h1' } revision: 7 }"
                                      "events { type: DELETED host { name: 'hosts/h1' } revision: 8 } revision: 8")},
        kEnd);
  }
};

TEST_F(WatchCommands, HostsAreATableThatGrows) {
  HostsChange();
  const Ran ran = Run("hosts watch --filter labels.rack=a1");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out,
            "EVENT      HOST   CONNECTED   LAST SEEN   NAMESPACES   QUEUED   KERNEL   AGENT\n"
            "EXISTING   h1     yes         never       0            0        -        -\n"
            "REBOOTED   h1     no          never       0            0        -        -\n"
            "DELETED    h1     -           -           -            -        -        -\n");
  EXPECT_EQ(ran.err, "warren hosts watch: PERMISSION_DENIED: the test is over\n");
  EXPECT_EQ(api_.watch_hosts.Asked().front().filter(), "labels.rack=a1");
}

TEST_F(WatchCommands, HostsAreALineOfJsonEach) {
  HostsChange();
  EXPECT_EQ(Run("hosts list -w -o json").out,
            "{\"type\":\"EXISTING\",\"object\":{\"name\":\"hosts/h1\",\"connected\":true}}\n"
            "{\"type\":\"SYNCED\"}\n"
            "{\"type\":\"REBOOTED\",\"object\":{\"name\":\"hosts/h1\"},\"revision\":\"7\"}\n"
            "{\"type\":\"DELETED\",\"object\":{\"name\":\"hosts/h1\"},\"revision\":\"8\"}\n");
}

TEST_F(WatchCommands, ServersMayComeAndGo) {
  api_.watch_hosts.Then({From<v1::WatchHostsResponse>("events { type: SYNCED } revision: 6")},
                        absl::UnavailableError("stopping"));
  api_.watch_hosts.Then({}, absl::OutOfRangeError("compacted"));
  api_.watch_hosts.Then({From<v1::WatchHostsResponse>("events { type: EXISTING host { name: 'hosts/h2' } }"
                                                      "events { type: SYNCED } revision: 60")},
                        kEnd);
  const Ran ran = Run("hosts watch -o json");
  EXPECT_EQ(ran.out,
            "{\"type\":\"SYNCED\"}\n{\"type\":\"RESTARTED\"}\n"
            "{\"type\":\"EXISTING\",\"object\":{\"name\":\"hosts/h2\"}}\n{\"type\":\"SYNCED\"}\n");
  EXPECT_THAT(ran.err, HasSubstr("warren hosts watch: the server no longer has what happened meanwhile"));
}

TEST_F(WatchCommands, NobodyAnsweringForTheTimeoutEndsIt) {
  const Ran ran = RunCommand("--server unix:/nonexistent/server.sock --timeout 20ms hosts watch");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err,
              HasSubstr("warren hosts watch: no answer from server unix:/nonexistent/server.sock within 20ms"));
}

TEST_F(WatchCommands, OfIntentsPutStatesIntoTheFilter) {
  for (int i = 0; i < 4; ++i) {
    api_.watch_intents.Then({From<v1::WatchIntentsResponse>(
                                "events { type: CHANGED intent { name: 'hosts/h1/intents/1' state: RUNNING } }")},
                            kEnd);
  }
  EXPECT_THAT(Run("intents watch h1").out,
              AllOf(HasSubstr("CHANGED    h1/1                                      RUNNING")));
  RunCommand({"--server", server(), "intents", "list", "-w", "--state", "queued", "--state", "RUNNING", "--filter",
              "host = h1 OR host = h2"});
  Run("intents watch --state FAILED");
  EXPECT_EQ(Run("intents watch h1 -o name").out, "hosts/h1/intents/1\n");
  const auto asked = api_.watch_intents.Asked();
  ASSERT_EQ(asked.size(), 4u);
  EXPECT_EQ(asked[0].ShortDebugString(), "parent: \"hosts/h1\"");
  EXPECT_EQ(asked[1].ShortDebugString(),
            "parent: \"hosts/-\" filter: \"(state = QUEUED OR state = RUNNING) AND (host = h1 OR host = h2)\"");
  EXPECT_EQ(asked[2].filter(), "(state = FAILED)");
}

TEST_F(WatchCommands, OfNamespacesAreOfOneHostOrOfAll) {
  for (int i = 0; i < 2; ++i) {
    api_.watch_namespaces.Then({From<v1::WatchNamespacesResponse>(
                                   "events { type: CHANGED namespace { name: 'hosts/h1/namespaces/red' } revision: 4 } "
                                   "revision: 4")},
                               kEnd);
  }
  EXPECT_THAT(Run("netns watch h1").out, HasSubstr("CHANGED    h1/red"));
  EXPECT_THAT(Run("netns list --watch").out, HasSubstr("CHANGED    h1/red"));
  EXPECT_EQ(api_.watch_namespaces.Asked()[0].parent(), "hosts/h1");
  EXPECT_EQ(api_.watch_namespaces.Asked()[1].parent(), "hosts/-");
}

v1::WatchNamespacesResponse RedWith(const std::string& type, const std::string& link) {
  return From<v1::WatchNamespacesResponse>(
      "events { type: " + type + " namespace { name: 'hosts/h1/namespaces/red' links { name: '" + link +
      "' ifindex: 2 addresses { address: '10.0.0.1/24' } } routes { destination: 'default' dev: '" + link +
      "' table: 254 } } revision: 4 } revision: 4");
}

class ShownAgain : public WatchCommands {
 protected:
  // What a showing command prints while eth0 becomes eth1, and the namespace goes.
  Ran Show(const std::string& line) {
    api_.watch_namespaces.Then(
        {RedWith("EXISTING", "eth0"), From<v1::WatchNamespacesResponse>("events { type: SYNCED } revision: 3"),
         RedWith("CHANGED", "eth1"),
         From<v1::WatchNamespacesResponse>(
             "events { type: DELETED namespace { name: 'hosts/h1/namespaces/red' } revision: 5 } revision: 5")},
        kEnd);
    return Run(line);
  }
};

TEST_F(ShownAgain, LinksAddressesAndRoutes) {
  EXPECT_EQ(Show("link show h1/red --watch -o name").out, "h1/red:eth0\nh1/red:eth1\n");
  EXPECT_EQ(Show("addr show h1/red -w -o name").out, "10.0.0.1/24 dev h1/red:eth0\n10.0.0.1/24 dev h1/red:eth1\n");
  EXPECT_EQ(Show("route show h1/red -w -o name").out, "h1/red default dev eth0\nh1/red default dev eth1\n");
  const Ran whole = Show("netns show h1/red -w -o json");
  EXPECT_THAT(whole.out, AllOf(HasSubstr("{\"type\":\"EXISTING\",\"object\":{\"name\": \"hosts/h1/namespaces/red\""),
                               HasSubstr("{\"type\":\"DELETED\",\"revision\":\"5\"}\n")));
  EXPECT_EQ(std::count(whole.out.begin(), whole.out.end(), '\n'), 4);
  EXPECT_THAT(whole.err, HasSubstr("there is no namespace h1/red now"));
  for (const auto& asked : api_.watch_namespaces.Asked()) {
    EXPECT_EQ(asked.parent(), "hosts/h1");
    EXPECT_EQ(asked.filter(), "name = \"red\"");
    EXPECT_EQ(asked.view(), v1::NAMESPACE_VIEW_FULL);
  }
}

TEST_F(ShownAgain, ALinkThatIsGoneIsSaidToBe) {
  const Ran ran = Show("link show h1/red:eth0 --watch -o name");
  EXPECT_EQ(ran.out, "h1/red:eth0\n");
  EXPECT_THAT(ran.err, HasSubstr("there is no link h1/red:eth0; h1/red has eth1"));
}

TEST_F(ShownAgain, ANamespaceThatIsNotThereIsWaitedFor) {
  api_.watch_namespaces.Then(
      {From<v1::WatchNamespacesResponse>("events { type: SYNCED } revision: 3"), RedWith("CHANGED", "eth1")}, kEnd);
  const Ran ran = Run("link show h1/red -w -o name");
  EXPECT_EQ(ran.out, "h1/red:eth1\n");
  EXPECT_THAT(ran.err, HasSubstr("warren link show: there is no namespace h1/red now\n"));
}

TEST_F(WatchCommands, ListsTakeFilterOrderAndLimit) {
  api_.list_hosts.Answers([](const v1::ListHostsRequest& request, v1::ListHostsResponse* response) {
    const int first = request.page_token().empty() ? 0 : std::stoi(request.page_token());
    for (int i = first; i < first + 2; ++i) response->add_hosts()->set_name("hosts/h" + std::to_string(i));
    response->set_next_page_token(std::to_string(first + 2));
    return absl::OkStatus();
  });
  const Ran ran = RunCommand({"--server", server(), "hosts", "list", "--limit", "3", "--sort", "name desc", "--filter",
                              "connected = true", "-o", "name"});
  EXPECT_EQ(ran.out, "hosts/h0\nhosts/h1\nhosts/h2\n");
  EXPECT_THAT(ran.err, IsEmpty());
  const auto asked = api_.list_hosts.Asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1].order_by(), "name desc");
  EXPECT_EQ(asked[1].filter(), "connected = true");
  EXPECT_EQ(asked[1].page_size(), 3);
}

TEST_F(WatchCommands, AListThatBreaksOffSaysWhy) {
  api_.list_intents.Fails(WithReason(absl::AbortedError("the revision is no longer kept"), "PAGE_TOKEN_EXPIRED"));
  const Ran ran = Run("intents list");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("ABORTED"), HasSubstr("run the same command again")));
}

}  // namespace
}  // namespace warren::cli
