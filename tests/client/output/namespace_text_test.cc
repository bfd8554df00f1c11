#include "client/output/namespace_text.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "tests/client/output/messages.h"

namespace warren::cli {
namespace {

std::vector<v1::Namespace> Namespaces() {
  return {From<v1::Namespace>("name: 'hosts/h1/namespaces/@host' nsid: -1 foreign: true link_count: 3 route_count: 12"),
          From<v1::Namespace>(R"(
            name: 'hosts/h1/namespaces/red' nsid: 4 link_count: 1 route_count: 1
            identity { boot_id: 'b' cookie: 17 inode: 4026532300 } observe_time { seconds: 1795564103 }
            links { name: 'lo' ifindex: 1 flags: 'LOOPBACK' mtu: 65536 mac: '00:00:00:00:00:00' }
            routes { destination: 'default' dev: 'lo' table: 254 type: 'unicast' })")};
}

TEST(NamespacesText, IsATableOfPlaces) {
  EXPECT_EQ(NamespacesText(Namespaces(), Format::kTable),
            "NAMESPACE   NSID   LINKS   ROUTES   FOREIGN\n"
            "h1/@host    -      3       12       yes\n"
            "h1/red      4      1       1        no\n");
}

TEST(NamespacesText, IsNamesOrData) {
  EXPECT_EQ(NamespacesText(Namespaces(), Format::kName), "hosts/h1/namespaces/@host\nhosts/h1/namespaces/red\n");
  EXPECT_EQ(NamespacesText({}, Format::kJson), "[]\n");
  EXPECT_EQ(NamespacesText({Namespaces()[0]}, Format::kYaml),
            "- name: hosts/h1/namespaces/@host\n  foreign: true\n  nsid: -1\n  linkCount: 3\n  routeCount: 12\n");
}

TEST(NamespacesText, SayWhatHasTheNameOfANamespaceAndIsNone) {
  const auto file = From<v1::Namespace>(
      "name: 'hosts/h1/namespaces/qrouter-a' nsid: -1 foreign: true "
      "unusable_reason: 'a plain file: nothing is mounted on it'");
  EXPECT_EQ(NamespacesText({file}, Format::kTable),
            "NAMESPACE      NSID   LINKS   ROUTES   FOREIGN\n"
            "h1/qrouter-a   -      -       -        yes, a plain file: nothing is mounted on it\n");
  EXPECT_EQ(NamespaceText(file, Format::kTable),
            "Namespace:   h1/qrouter-a\n"
            "Unusable:    no network namespace: a plain file: nothing is mounted on it\n"
            "Foreign:     yes: not made through Warren\n");
}

TEST(NamespaceText, ShowsOneWithWhatIsInIt) {
  EXPECT_EQ(NamespaceText(Namespaces()[1], Format::kTable),
            "Namespace:   h1/red\n"
            "Foreign:     no\n"
            "Nsid:        4\n"
            "Cookie:      17\n"
            "Inode:       4026532300\n"
            "Boot:        b\n"
            "Observed:    2026-11-24T23:48:23.000Z\n"
            "\n"
            "1: lo: <LOOPBACK> mtu 65536\n"
            "    link/loopback 00:00:00:00:00:00\n"
            "\n"
            "default dev lo\n");
  EXPECT_EQ(NamespaceText(Namespaces()[1], Format::kName), "hosts/h1/namespaces/red\n");
}

TEST(HoldersText, IsATableWithWhatWasNotLookedAtBelow) {
  const auto holders = From<v1::ListHoldersResponse>(R"(
      holders { pid: 4711 command: 'bird' holds: 'process' }
      holders { pid: 4712 command: 'dhcpd' holds: 'socket, descriptor 9' }
      holders { pid: 4712 command: 'dhcpd' holds: 'descriptor 11' }
      holders { holds: 'mount /run/x' }
      not_looked_at: 'processes outside')");
  EXPECT_EQ(HoldersText(holders, Format::kTable),
            "PID    COMMAND   HOLDS\n"
            "4711   bird      process\n"
            "4712   dhcpd     socket, descriptor 9\n"
            "4712   dhcpd     descriptor 11\n"
            "-      -         mount /run/x\n"
            "# not looked at: processes outside\n");
  EXPECT_EQ(HoldersText(holders, Format::kName), "4711\n4712\n");
  EXPECT_EQ(HoldersText({}, Format::kTable), "PID   COMMAND   HOLDS\n");
  EXPECT_NE(HoldersText(holders, Format::kYaml).find("holds: process"), std::string::npos);
}

TEST(AgeOf, IsNeverBelowZero) {
  v1::Namespace netns;
  EXPECT_EQ(AgeOf(netns), absl::ZeroDuration());
  netns.mutable_observe_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 1000);
  EXPECT_EQ(AgeOf(netns), absl::ZeroDuration());
  netns.mutable_observe_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) - 1000);
  EXPECT_GE(AgeOf(netns), absl::Seconds(999));
}

}  // namespace
}  // namespace warren::cli
