// What operations.proto says of each field, as a table: an operation in protobuf's text form, and what must be said of
// it.

#include "server/intents/validate.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace warren::intents {
namespace {

using google::protobuf::TextFormat;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Lines(const std::vector<FieldViolation>& violations) {
  std::vector<std::string> lines;
  for (const FieldViolation& violation : violations)
    lines.push_back(absl::StrCat(violation.field, " ", violation.description));
  return lines;
}
Operations Parse(const std::vector<std::string>& texts) {
  Operations operations;
  for (const std::string& text : texts) EXPECT_TRUE(TextFormat::ParseFromString(text, operations.Add())) << text;
  return operations;
}
std::vector<std::string> Check(const std::string& operation) {
  return Lines(ValidateOperations(Parse({operation}), {}));
}

struct Case {
  std::string operation;
  // "FIELD text": FIELD below operations[0], and something that the description says. Empty: it is valid.
  std::vector<std::string> bad;
};

void RunTable(const std::vector<Case>& table) {
  for (const Case& c : table) {
    SCOPED_TRACE(c.operation);
    const std::vector<std::string> got = Check(c.operation);
    ASSERT_EQ(got.size(), c.bad.size()) << absl::StrJoin(got, "\n");
    for (size_t i = 0; i < got.size(); ++i) {
      const size_t space = c.bad[i].find(' ');
      const std::string field = c.bad[i].substr(0, space);
      EXPECT_THAT(got[i], testing::StartsWith(absl::StrCat("operations[0]", field.empty() ? "" : ".", field, " ")));
      EXPECT_THAT(got[i], testing::HasSubstr(c.bad[i].substr(space + 1)));
    }
  }
}

std::string Repeat(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}
// So many addresses, each another.
std::string Addresses(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) absl::StrAppend(&all, " addresses: '10.0.0.", i, "/24'");
  return all;
}

TEST(ValidateTest, CreateNamespace) {
  RunTable({
      {"create_namespace { namespace: 'qrouter-97db7930-aaaa' allow_existing: true loopback_down: true }", {}},
      {"create_namespace { namespace: 'r=1' }", {"create_namespace.namespace stands for an escaped byte"}},
      {"create_namespace { namespace: 'x=20y' allow_existing: true }",
       {"create_namespace.namespace stands for an escaped byte"}},
      {"create_namespace { namespace: 'größe' }", {}},
      {"create_namespace { namespace: '" + std::string(255, 'x') + "' }", {}},
      {"create_namespace { namespace: '" + std::string(256, 'x') + "' }",
       {"create_namespace.namespace longer than 255"}},
      {"create_namespace {}", {"create_namespace.namespace is empty"}},
      {"create_namespace { namespace: 'a/b' }", {"create_namespace.namespace has a \"/\""}},
      {"create_namespace { namespace: 'a:b' }", {"create_namespace.namespace has a \":\""}},
      {"create_namespace { namespace: 'a%b' }", {"create_namespace.namespace has a \"%\""}},
      {"create_namespace { namespace: 'a*' }", {"create_namespace.namespace has a \"*\""}},
      {"create_namespace { namespace: 'a b' }", {"create_namespace.namespace has white space"}},
      {"create_namespace { namespace: 'a\\001' }", {"create_namespace.namespace control character"}},
      {"create_namespace { namespace: '.' }", {"create_namespace.namespace is a directory's name"}},
      {"create_namespace { namespace: '..' }", {"create_namespace.namespace is a directory's name"}},
      {"create_namespace { namespace: '4711' }", {"create_namespace.namespace is all digits"}},
      {"create_namespace { namespace: '-x' }", {"create_namespace.namespace begins with \"-\""}},
      {"create_namespace { namespace: '@x' }", {"create_namespace.namespace begins with \"@\""}},
      {"create_namespace { namespace: '@host' }", {"create_namespace.namespace always there"}},
  });
}

TEST(ValidateTest, DeleteNamespace) {
  RunTable({
      {"delete_namespace { namespace: 'red' allow_missing: true force: true }", {}},
      {"delete_namespace { namespace: '=40odd' }", {}},
      {"delete_namespace { namespace: '" + Repeat("=FF", 255) + "' }", {}},
      {"delete_namespace { namespace: '" + Repeat("=FF", 256) + "' }", {"delete_namespace.namespace longer than 765"}},
      {"delete_namespace { namespace: 'a=62' }", {"delete_namespace.namespace is not how that name is escaped"}},
      {"delete_namespace { namespace: 'x=2dy' }", {"delete_namespace.namespace upper-case hex"}},
      {"delete_namespace {}", {"delete_namespace.namespace is empty"}},
      {"delete_namespace { namespace: '@host' }", {"delete_namespace.namespace cannot be deleted"}},
      {"delete_namespace { namespace: 'a/b' }", {"delete_namespace.namespace has a \"/\""}},
  });
}

TEST(ValidateTest, CreateVeth) {
  const std::string end = "namespace: 'red' name: 'eth0'";
  const auto veth = [](const std::string& a, const std::string& b) {
    return absl::StrCat("create_veth { a { ", a, " } b { ", b, " } }");
  };
  const std::string other = "namespace: '@host' name: 'v0'";
  RunTable({
      {veth(end, other), {}},
      {veth(end, "namespace: 'blue' name: 'eth0'"), {}},
      {veth(end, "namespace: 'red' name: 'eth1'"), {}},
      {veth(end + " mtu: 68 mac: '02:00:00:00:00:01' up: true addresses: '10.0.0.1/24' addresses: '2001:db8::1/64' "
                  "addresses: '10.0.0.2' queues: 1",
            other + " mtu: 65535 queues: 4096 mac: '0A:fF:00:00:00:01'"),
       {}},
      {veth(end + " addresses: '10.0.0.1'", other), {}},
      {"create_veth {}", {"create_veth.a two ends", "create_veth.b two ends"}},
      {"create_veth { a { " + end + " } }", {"create_veth.b two ends"}},
      {veth("", other), {"create_veth.a.namespace say \"@host\"", "create_veth.a.name is empty"}},
      {veth(end, end), {"create_veth.b.name also the name of the other end"}},
      {veth("namespace: 'a/b' name: 'eth0'", other), {"create_veth.a.namespace has a \"/\""}},
      {veth("namespace: 'red' name: '1234567890123456'", other), {"create_veth.a.name longer than 15"}},
      {veth("namespace: 'red' name: '123456789012345'", other), {}},
      {veth("namespace: 'red' name: 'all'", other), {"create_veth.a.name is reserved"}},
      {veth("namespace: 'red' name: 'default'", other), {"create_veth.a.name is reserved"}},
      {veth("namespace: 'red' name: '.'", other), {"create_veth.a.name is reserved"}},
      {veth("namespace: 'red' name: '..'", other), {"create_veth.a.name is reserved"}},
      {veth("namespace: 'red' name: 'q%d'", other), {"create_veth.a.name has a \"%\""}},
      {veth("namespace: 'red' name: 'a/b'", other), {"create_veth.a.name has a \"/\""}},
      {veth("namespace: 'red' name: 'a:b'", other), {"create_veth.a.name has a \":\""}},
      {veth("namespace: 'red' name: 'a b'", other), {"create_veth.a.name has white space"}},
      {veth(end + " mtu: 67", other + " mtu: 65536"), {"create_veth.a.mtu is 67", "create_veth.b.mtu is 65536"}},
      {veth(end + " mac: 'xx'", other + " mac: '01:00:00:00:00:01'"),
       {"create_veth.a.mac is not a MAC address", "create_veth.b.mac multicast"}},
      {veth(end + " addresses: '10.0.0.1/24' addresses: 'nonsense' addresses: '10.0.0.1/33'", other),
       {"create_veth.a.addresses[1] is not an IP address", "create_veth.a.addresses[2] is not an IP address"}},
      {veth(end + " addresses: '10.0.0.1/24' addresses: '10.0.0.1/16' addresses: '10.0.0.1/24'", other),
       {"create_veth.a.addresses[2] is an address that addresses[0] is, too"}},
      {veth(end + " addresses: '2001:db8::1/64' addresses: '2001:db8:0::1/48'", other + " addresses: '2001:db8::1/64'"),
       {"create_veth.a.addresses[1] is an address that addresses[0] is, too"}},
      {veth(end + Addresses(64), other), {}},
      {veth(end + Addresses(65), other), {"create_veth.a.addresses at most 64"}},
      {veth(end + " queues: 4097", other), {"create_veth.a.queues is 4097"}},
  });
}

TEST(ValidateTest, MoveLink) {
  RunTable({
      {"move_link { namespace: '@host' name: 'eth1' to_namespace: 'red' force: true }", {}},
      {"move_link { namespace: 'red' name: 'eth1' to_namespace: '@host' to_name: 'back' }", {}},
      {"move_link { namespace: 'red' name: 'an-alternative-name' to_namespace: '@host' }", {}},
      {"move_link { namespace: 'red' name: 'eth1' to_namespace: '@host' to_name: 'an-alternative-name' }",
       {"move_link.to_name longer than 15"}},
      {"set_link { namespace: 'red' name: '" + std::string(128, 'x') + "' up: true }",
       {"set_link.name longer than 127"}},
      {"set_link { namespace: 'red' name: 'an-alternative-name' new_name: 'an-alternative-name' }",
       {"set_link.new_name longer than 15"}},
      {"move_link {}", {"move_link.namespace is empty", "move_link.name is empty", "move_link.to_namespace is empty"}},
      {"move_link { namespace: 'a/b' name: 'a/b' to_namespace: 'a/b' to_name: 'a/b' }",
       {"move_link.namespace has a", "move_link.name has a", "move_link.to_namespace has a",
        "move_link.to_name has a"}},
  });
}

TEST(ValidateTest, DeleteLink) {
  RunTable({
      {"delete_link { namespace: 'red' name: 'e=FF' }", {}},
      {"delete_link { namespace: 'red' name: 'e=62' }", {"delete_link.name is not how that name is escaped"}},
      {"delete_link { namespace: 'red' name: 'eth0' allow_missing: true force: true }", {}},
      {"delete_link {}", {"delete_link.namespace is empty", "delete_link.name is empty"}},
      {"delete_link { namespace: '@nowhere' name: 'all' }",
       {"delete_link.namespace begins with", "delete_link.name is reserved"}},
  });
}

TEST(ValidateTest, SetLink) {
  RunTable({
      {"set_link { namespace: 'red' name: 'e=3D1' new_name: 'e=1' }", {"set_link.new_name stands for an escaped byte"}},
      {"set_link { namespace: 'red' name: 'eth0' up: false }", {}},
      {"set_link { namespace: 'red' name: 'eth0' up: true mtu: 9000 mac: '02:00:00:00:00:01' new_name: 'lan0' }", {}},
      {"set_link { namespace: 'red' name: 'eth0' }", {"set_link changes nothing"}},
      {"set_link { namespace: 'red' name: 'eth0' force: true }", {"set_link changes nothing"}},
      {"set_link { namespace: 'red' name: 'eth0' mtu: 0 mac: '' new_name: '' }",
       {"set_link.mtu is 0", "set_link.mac is not a MAC address", "set_link.new_name is empty"}},
      {"set_link { up: true }", {"set_link.namespace is empty", "set_link.name is empty"}},
  });
}

TEST(ValidateTest, AddAddress) {
  const auto add = [](const std::string& rest) { return "add_address { namespace: 'red' link: 'eth0' " + rest + " }"; };
  RunTable({
      {add("address: '10.0.0.1/24' nodad: true allow_existing: true"), {}},
      {add("address: '10.0.0.1'"), {}},
      {add("address: '2001:db8::1/64' nodad: true"), {}},
      {add("address: '10.0.0.1' peer: '10.0.0.2/30'"), {}},
      {add("address: '10.0.0.1/0'"), {}},
      {add("address: '10.0.0.1/24' valid_lifetime { seconds: 1 } preferred_lifetime { seconds: 0 }"), {}},
      {add("address: '10.0.0.1/24' preferred_lifetime { seconds: 60 }"), {}},
      {add("address: '10.0.0.1/24' valid_lifetime { seconds: 4294967294 } preferred_lifetime { seconds: 4294967294 }"),
       {}},
      {"add_address {}",
       {"add_address.namespace is empty", "add_address.link is empty", "add_address.address is empty"}},
      {add("address: '10.0.0.1/'"), {"add_address.address is not an IP address"}},
      {add("address: '10.0.0.256/24'"), {"add_address.address is not an IP address"}},
      {add("address: '2001:db8::1/129'"), {"add_address.address is not an IP address"}},
      {add("address: 'fe80::1%eth0/64'"), {"add_address.address is not an IP address"}},
      {add("address: '10.0.0.1/24' peer: 'x'"), {"add_address.peer is not an IP address"}},
      {add("address: '10.0.0.1/24' peer: '2001:db8::1'"), {"add_address.peer is IPv6 but address is IPv4"}},
      {add("address: '10.0.0.1/24' valid_lifetime { seconds: 0 }"), {"add_address.valid_lifetime whole seconds, 1 to"}},
      {add("address: '10.0.0.1/24' valid_lifetime { seconds: 2 nanos: 1 }"),
       {"add_address.valid_lifetime whole seconds"}},
      {add("address: '10.0.0.1/24' valid_lifetime { seconds: 4294967295 }"),
       {"add_address.valid_lifetime whole seconds"}},
      {add("address: '10.0.0.1/24' preferred_lifetime { seconds: -1 }"),
       {"add_address.preferred_lifetime whole seconds, 0 to"}},
      {add("address: '10.0.0.1/24' valid_lifetime { seconds: 5 } preferred_lifetime { seconds: 6 }"),
       {"add_address.preferred_lifetime longer than valid_lifetime"}},
  });
}

TEST(ValidateTest, DeleteAddress) {
  const auto del = [](const std::string& rest) {
    return "delete_address { namespace: 'red' link: 'eth0' " + rest + " }";
  };
  RunTable({
      {del("address: '10.0.0.1/24' peer: '10.0.0.2' allow_missing: true force: true"), {}},
      {"delete_address {}",
       {"delete_address.namespace is empty", "delete_address.link is empty", "delete_address.address is empty"}},
      {del("address: '10.0.0.1/24x'"), {"delete_address.address is not an IP address"}},
      {del("address: '2001:db8::1/64' peer: '10.0.0.2'"), {"delete_address.peer is IPv4 but address is IPv6"}},
  });
}

TEST(ValidateTest, AddRoute) {
  const auto add = [](const std::string& rest) { return "add_route { namespace: 'red' " + rest + " }"; };
  RunTable({
      {add("destination: 'default' via: '10.0.0.1'"), {}},
      {add("destination: 'default' via: '2001:db8::1' src: '2001:db8::2'"), {}},
      {add("destination: '10.1.0.0/16' dev: 'eth0' src: '10.0.0.2' metric: 4294967295 table: 4294967295"), {}},
      {add("destination: '0.0.0.0/0' dev: 'eth0'"), {}},
      {add("destination: '::/0' dev: 'eth0'"), {}},
      {add("destination: '10.1.2.3' dev: 'eth0'"), {}},
      {add("destination: '10.1.0.0/16' via: '10.0.0.1' dev: 'eth0' onlink: true allow_existing: true"), {}},
      {"add_route {}",
       {"add_route.namespace is empty", "add_route.destination say \"default\"", "add_route needs via or dev"}},
      {add("destination: '10.1.0.1/16' dev: 'eth0'"), {"add_route.destination did you mean \"10.1.0.0/16\""}},
      {add("destination: 'somewhere' dev: 'eth0'"), {"add_route.destination is neither"}},
      {add("destination: '10.1.0.0/16'"), {"add_route needs via or dev"}},
      {add("destination: '10.1.0.0/16' via: '10.0.0.1/24'"), {"add_route.via is not an IP address"}},
      {add("destination: '10.1.0.0/16' via: '2001:db8::1'"), {"add_route.via is IPv6 but destination is IPv4"}},
      {add("destination: '10.1.0.0/16' via: '0.0.0.0' dev: 'eth0'"), {"add_route.via is no gateway; leave it out"}},
      {add("destination: 'default' via: '::' dev: 'eth0'"), {"add_route.via is no gateway; leave it out"}},
      {add("destination: 'default' dev: 'eth0' src: '0.0.0.0'"), {"add_route.src is no address of a host"}},
      {add("destination: '::/0' via: '2001:db8::1' src: '10.0.0.1'"),
       {"add_route.src is IPv4 but destination is IPv6"}},
      {add("destination: 'default' via: '10.0.0.1' src: '2001:db8::1'"), {"add_route.src is IPv6 but via is IPv4"}},
      {add("destination: 'default' dev: 'eth0' src: 'me'"), {"add_route.src is not an IP address"}},
      {add("destination: 'default' dev: 'a/b'"), {"add_route.dev has a \"/\""}},
      {add("destination: 'default' via: '10.0.0.1' onlink: true"), {"add_route.onlink needs both"}},
      {add("destination: 'default' dev: 'eth0' onlink: true"), {"add_route.onlink needs both"}},
  });
}

TEST(ValidateTest, DeleteRoute) {
  const auto del = [](const std::string& rest) { return "delete_route { namespace: 'red' " + rest + " }"; };
  RunTable({
      {del("destination: 'default' allow_missing: true force: true"), {}},
      {del("destination: '10.1.0.0/16' via: '10.0.0.1' dev: 'eth0' src: '10.0.0.2' metric: 5 table: 100"), {}},
      {"delete_route {}", {"delete_route.namespace is empty", "delete_route.destination is empty"}},
      {del("destination: '2001:db8::1/32'"), {"delete_route.destination did you mean \"2001:db8::/32\""}},
      {del("destination: '10.1.0.0/16' via: 'x' src: 'y' dev: 'all'"),
       {"delete_route.via is not an IP address", "delete_route.src is not an IP address",
        "delete_route.dev is reserved"}},
  });
}

TEST(ValidateTest, CreateBridge) {
  RunTable({
      {"create_bridge { namespace: 'red' name: 'b=1' }", {"create_bridge.name stands for an escaped byte"}},
      {"create_bridge { namespace: '@host' name: 'br0' mtu: 1500 mac: '02:00:00:00:00:01' up: true "
       "addresses: '10.0.0.1/24' allow_existing: true }",
       {}},
      {"create_bridge {}", {"create_bridge.namespace is empty", "create_bridge.name is empty"}},
      {"create_bridge { namespace: 'red' name: 'br0' mtu: 1 mac: '00:00:00:00:00:00' addresses: '' }",
       {"create_bridge.mtu is 1", "create_bridge.mac zero", "create_bridge.addresses[0] is not an IP address"}},
      {"create_bridge { namespace: 'red' name: 'br0'" + Addresses(65) + " }", {"create_bridge.addresses at most 64"}},
  });
}

TEST(ValidateTest, DeleteBridge) {
  RunTable({
      {"delete_bridge { namespace: '@host' name: 'br0' allow_missing: true force: true }", {}},
      {"delete_bridge {}", {"delete_bridge.namespace is empty", "delete_bridge.name is empty"}},
  });
}

TEST(ValidateTest, AttachAndDetachLink) {
  RunTable({
      {"attach_link { namespace: '@host' link: 'eth0' bridge: 'br0' move_addresses: true force: true allow_existing: "
       "true }",
       {}},
      {"attach_link {}",
       {"attach_link.namespace is empty", "attach_link.link is empty", "attach_link.bridge is empty"}},
      {"detach_link { namespace: '@host' link: 'eth0' }", {}},
      {"detach_link { namespace: '@host' link: 'eth0' bridge: 'br0' move_addresses: true allow_missing: true force: "
       "true }",
       {}},
      {"detach_link { bridge: 'a/b' }",
       {"detach_link.namespace is empty", "detach_link.link is empty", "detach_link.bridge has a \"/\""}},
  });
}

TEST(ValidateTest, AnOperationThatSaysNothingIsNamed) { RunTable({{"", {" says nothing to do"}}}); }

TEST(ValidateTest, EveryOperationIsCheckedAndNamedByItsIndex) {
  const auto got =
      Lines(ValidateOperations(Parse({"create_namespace { namespace: 'ok' }", "delete_link { namespace: 'red' }",
                                      "create_namespace { namespace: 'ok2' }", "delete_namespace {}"}),
                               {}));
  EXPECT_THAT(
      got, ElementsAre("operations[1].delete_link.name is empty", "operations[3].delete_namespace.namespace is empty"));
}

TEST(ValidateTest, NoOperationsAtAllIsABadField) {
  EXPECT_THAT(Lines(ValidateOperations(Operations(), {})),
              ElementsAre("operations is empty; an intent has at least one operation"));
}

TEST(ValidateTest, LimitsAreExact) {
  const Operations two = Parse({"create_namespace { namespace: 'aa' }", "create_namespace { namespace: 'bb' }"});
  const size_t bytes = two[0].ByteSizeLong() + two[1].ByteSizeLong();
  EXPECT_THAT(ValidateOperations(two, {2, bytes}), IsEmpty());
  EXPECT_THAT(Lines(ValidateOperations(two, {1, bytes})), ElementsAre("operations has 2 operations; at most 1"));
  EXPECT_THAT(Lines(ValidateOperations(two, {2, bytes - 1})),
              ElementsAre(absl::StrCat("operations is ", bytes, " bytes in all; at most ", bytes - 1)));
}

TEST(ValidateTest, AFloodOfBadFieldsIsCutAndCounted) {
  const auto exactly = ValidateOperations(Parse(std::vector<std::string>(kMaxViolations, "create_namespace {}")), {});
  EXPECT_EQ(exactly.size(), kMaxViolations);
  EXPECT_EQ(exactly.back().field, "operations[19].create_namespace.namespace");
  const auto many = ValidateOperations(Parse(std::vector<std::string>(100, "create_namespace {}")), {});
  ASSERT_EQ(many.size(), kMaxViolations);
  EXPECT_EQ(many[18].field, "operations[18].create_namespace.namespace");
  EXPECT_EQ(Lines(many).back(), "operations has 81 more bad fields, not listed here");
}

// A new kind of operation, or a new field, must be given a row above: this fails until somebody has looked.
TEST(ValidateTest, TheTablesAboveCoverWhatTheProtoHas) {
  int fields = 0;
  const auto* kind = v1::Operation::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kind->field_count(); ++i) fields += kind->field(i)->message_type()->field_count();
  fields += v1::VethEnd::descriptor()->field_count();
  EXPECT_EQ(kind->field_count(), 14);
  EXPECT_EQ(fields, 91);
}

}  // namespace
}  // namespace warren::intents
