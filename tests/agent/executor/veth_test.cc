// Creating veth pairs: every field against the kernel's own word, refusals, adoption, undo.

#include <array>

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class VethTest : public ExecutorTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Succeed("create_namespace { namespace: 'red' }\n create_namespace { namespace: 'blue' }");
  }
};

// Address with prefix length of everything but link-local ones.
std::string Addresses(const std::string& netns, const std::string& link) {
  return Ip("-n " + netns + " address show " + link,
            "[.[0].addr_info[] | select(.scope != \"link\") | \"\\(.local)/\\(.prefixlen)\"] | join(\" \")");
}

TEST_F(VethTest, EndsAreAsAsked) {
  Succeed(
      "create_veth { a { namespace: 'red' name: 'eth0' mtu: 9000 mac: '02:00:00:00:00:0a' up: true queues: 3 "
      "addresses: '10.0.0.1/24' addresses: '10.0.0.5/24' addresses: '2001:db8::1/64' addresses: '192.0.2.1' "
      "addresses: '2001:db8:1::9' } b { namespace: 'blue' name: 'eth9' mtu: 1400 mac: '02:00:00:00:00:0b' } }");
  EXPECT_EQ(Ip("-n red link show eth0",
               ".[0] | [.mtu, .address, .num_tx_queues, .num_rx_queues, .linkinfo.info_kind, (.flags | index(\"UP\") "
               "!= null)]"),
            R"([9000,"02:00:00:00:00:0a",3,3,"veth",true])");
  EXPECT_EQ(Ip("-n blue link show eth9",
               ".[0] | [.mtu, .address, .num_tx_queues, .num_rx_queues, .linkinfo.info_kind, (.flags | index(\"UP\") "
               "!= null)]"),
            R"([1400,"02:00:00:00:00:0b",1,1,"veth",false])");
  EXPECT_EQ(Ip("-n red link show eth0", ".[0].link_index"), Ip("-n blue link show eth9", ".[0].ifindex"));
  EXPECT_EQ(Addresses("red", "eth0"), "10.0.0.1/24 192.0.2.1/32 10.0.0.5/24 2001:db8:1::9/128 2001:db8::1/64");
  EXPECT_EQ(Addresses("blue", "eth9"), "");
}

TEST_F(VethTest, HasDefaults) {
  Succeed("create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' } }");
  EXPECT_EQ(Ip("-n red link show eth0", ".[0] | [.mtu, .num_tx_queues, .operstate]"), R"([1500,1,"DOWN"])");
  // Locally administered, unicast, and not the same one.
  EXPECT_THAT(Ip("-n red link show eth0", ".[0].address"), MatchesRegex("[0-9a-f][26ae]:.*"));
  EXPECT_THAT(Ip("link show v0", ".[0].address"), MatchesRegex("[0-9a-f][26ae]:.*"));
  EXPECT_NE(Ip("-n red link show eth0", ".[0].address"), Ip("link show v0", ".[0].address"));
}

TEST_F(VethTest, CarriesPackets) {
  Succeed(R"(
      create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' } b { namespace: 'blue' name: 'eth0' up: true addresses: '10.0.0.2/24' } })");
  Sh("nsenter --net=/run/netns/red ping -c 1 -W 5 10.0.0.2");
}

TEST_F(VethTest, MayHaveBothEndsInOneNamespace) {
  Succeed("create_veth { a { namespace: '@host' name: 'v0' up: true } b { namespace: '@host' name: 'v1' up: true } }");
  EXPECT_EQ(Ip("link show v0", ".[0].link"), "v1");
}

TEST_F(VethTest, ThatExistsIsRefused) {
  Succeed("create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth0' } }");
  auto error =
      ExpectRefused("create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth1' } }");
  ExpectError(error, {"create_veth", "red:eth0", "EEXIST", kAlreadyExists});
  EXPECT_THAT(error.message(), HasSubstr("allow_existing"));
  error = ExpectRefused("create_veth { a { namespace: 'red' name: 'eth1' } b { namespace: 'blue' name: 'eth0' } }");
  ExpectError(error, {"create_veth", "blue:eth0", "EEXIST", kAlreadyExists});
}

TEST_F(VethTest, NeedsBothNamespaces) {
  ExpectError(
      ExpectRefused("create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'green' name: 'eth0' } }"),
      {"create_veth", "green", "ENOENT", kNotFound});
  ExpectError(
      ExpectRefused("create_veth { a { namespace: 'green' name: 'eth0' } b { namespace: 'red' name: 'eth0' } }"),
      {"create_veth", "green", "ENOENT", kNotFound});
}

TEST_F(VethTest, WithOneNameForBothEndsInOneNamespaceIsRefused) {
  const auto error =
      ExpectRefused("create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'red' name: 'eth0' } }");
  EXPECT_EQ(error.operation(), "create_veth");
  EXPECT_EQ(error.object(), "red:eth0");
}

TEST_F(VethTest, WithAnImpossibleAddressIsRefusedWithTheKernelsReason) {
  // Not a unicast address of a host.
  const auto error = ExpectRefused(
      "create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: 'ff02::1/64' } b { namespace: 'blue' name: "
      "'e' } }");
  EXPECT_EQ(error.operation(), "create_veth");
  EXPECT_EQ(error.object(), "red:eth0");
  EXPECT_NE(error.errno_name(), "");
}

constexpr char kPair[] =
    "create_veth { a { namespace: 'red' name: 'eth0' mtu: 1400 mac: '02:00:00:00:00:0a' up: true addresses: "
    "'10.0.0.1/24' "
    "addresses: '2001:db8::1/64' } b { namespace: 'blue' name: 'eth0' addresses: '10.0.0.2/24' } ";

TEST_F(VethTest, ThatExistsAsAskedIsAdopted) {
  Succeed(std::string(kPair) + "}");
  const HostDump before = Dump();
  Succeed(std::string(kPair) + "allow_existing: true }");
  // What is not asked for is not looked at.
  Succeed(
      "create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: 'blue' name: 'eth0' } allow_existing: "
      "true }");
  // Nor which end is called a.
  Succeed(
      "create_veth { a { namespace: 'blue' name: 'eth0' } b { namespace: 'red' name: 'eth0' up: true } allow_existing: "
      "true }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(VethTest, OfTheMacsThatWereAskedForIsLeftAsItIsWhenAskedForAgain) {
  const std::string ends =
      "a { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:0a' up: true } "
      "b { namespace: '@host' name: 'v0' mac: '02:00:00:00:00:0b' up: true }";
  Succeed("create_veth { " + ends + " }");
  Sh("ip -n red address add 10.0.0.2/24 dev eth0 && ip -n red route add default via 10.0.0.1 && "
     "ip address add 10.0.0.1/24 dev v0");
  ExpectError(ExpectRefused("create_veth { " + ends + " }"), {"create_veth", "red:eth0", "EEXIST", kAlreadyExists});
  const HostDump before = Dump();
  Succeed("create_veth { allow_existing: true " + ends + " }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "") << "adopting changes nothing";
  Succeed("delete_link { namespace: '@host' name: 'v0' }");
}

TEST_F(VethTest, WithOneNameTakenLeavesTheLinkThatHasIt) {
  Sh("ip link add v0 address 02:00:00:00:00:0b type veth peer name theirs && ip address add 10.0.0.1/24 dev v0");
  for (const std::string first :
       {"", "create_namespace { namespace: 'green' }\n",
        "delete_route { namespace: 'red' destination: '10.9.0.0/16' allow_missing: true }\n"}) {
    ExpectError(ExpectRefused(first + "create_veth { a { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:0a' } "
                                      "b { namespace: '@host' name: 'v0' mac: '02:00:00:00:00:0b' } }"),
                {"create_veth", "@host:v0", "EEXIST", kAlreadyExists});
  }
  // As an alternative name it is taken as well.
  Sh("ip link property add dev theirs altname v1");
  ExpectError(ExpectRefused("create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v1' } }"),
              {"create_veth", "@host:v1", "EEXIST", kAlreadyExists});
}

TEST_F(VethTest, OfAskedMacsIsInTheDefaultGroupOnceItIsMade) {
  const std::string one_by_one = "delete_route { namespace: 'red' destination: '10.9.0.0/16' allow_missing: true }\n";
  for (const std::string& first : {std::string(), one_by_one}) {
    Succeed(first +
            "create_veth { a { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:0a' } "
            "b { namespace: '@host' name: 'v0' mac: '02:00:00:00:00:0b' } }\n"
            "move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' to_name: 'eth1' }\n"
            "create_veth { a { namespace: 'red' name: 'eth2' } "
            "b { namespace: '@host' name: 'v2' mac: '02:00:00:00:00:0c' } }");
    EXPECT_EQ(Ip("-n blue link show eth1", ".[0].group"), "default");
    EXPECT_EQ(Ip("-n red link show eth2", ".[0].group"), "default");
    EXPECT_EQ(Ip("link", "[.[].group] | unique | join(\" \")"), "default");
    Succeed("delete_link { namespace: '@host' name: 'v0' }\n delete_link { namespace: '@host' name: 'v2' }");
  }
}

TEST_F(VethTest, ThatDiffersIsNotAdoptedAndTheDifferenceIsNamed) {
  Succeed(std::string(kPair) + "}");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a { namespace: 'red' name: 'eth0' up: true mtu: 1500 } b { namespace: 'blue' name: 'eth0' }", "1400"},
      {"a { namespace: 'red' name: 'eth0' up: true mac: '02:00:00:00:00:0c' } b { namespace: 'blue' name: 'eth0' }",
       "02:00:00:00:00:0a"},
      {"a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.9/24' } b { namespace: 'blue' name: 'eth0' }",
       "10.0.0.9/24"},
      {"a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/25' } b { namespace: 'blue' name: 'eth0' }",
       "10.0.0.1/25"},
      {"a { namespace: 'red' name: 'eth0' up: true } b { namespace: 'blue' name: 'eth0' up: true }", "it is down"},
      {"a { namespace: 'red' name: 'eth0' up: true queues: 4 } b { namespace: 'blue' name: 'eth0' }", "queue"},
      {"a { namespace: 'red' name: 'eth0' up: true } b { namespace: 'blue' name: 'eth1' }", "blue:eth1"},
      {"a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'eth0' }", "@host:eth0"},
  };
  for (const auto& [ends, difference] : cases) {
    const auto error = ExpectRefused("create_veth { " + ends + " allow_existing: true }");
    EXPECT_EQ(error.operation(), "create_veth");
    EXPECT_THAT(error.code(), AnyOf(kAlreadyExists)) << error.DebugString();
    EXPECT_THAT(error.message(), HasSubstr(difference)) << ends;
  }
}

TEST_F(VethTest, WithSettingsOfItsOwnIsNotAdoptedAndTheyAreTold) {
  const std::string pair = "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' } ";
  Succeed(pair + "}");
  Sh("ip link add theirs type bridge");
  const std::vector<std::array<std::string, 3>> all = {
      {"master theirs", "nomaster", "it is a port of theirs"},
      {"arp off", "arp on", "its arp is off, not on"},
      {"txqueuelen 77", "txqueuelen 1000", "its txqueuelen is 77, not 1000"},
      {"group 77", "group default", "its group is 77, not 0 (default)"},
      {"alias mine", "alias ''", "it has the alias \"mine\""},
      {"promisc on", "promisc off", "its promisc is on, not off"},
  };
  for (const auto& [setting, back, difference] : all) {
    Sh("ip link set v0 " + setting);
    const auto error = ExpectRefused(pair + "allow_existing: true }");
    EXPECT_EQ(error.code(), kAlreadyExists) << error.DebugString();
    EXPECT_EQ(error.object(), "@host:v0");
    EXPECT_EQ(error.message(), "@host:v0 exists, but not as asked: " + difference + "; change or delete it first");
    Sh("ip link set v0 " + back);
    Succeed(pair + "allow_existing: true }");
  }
}

TEST_F(VethTest, ThatTheIntentGoesOnToAttachIsAdoptedAsThatPort) {
  Sh("ip link add br0 type bridge && ip link add br1 type bridge");
  const std::string pair =
      "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' } allow_existing: true }\n";
  const auto attach = [](const std::string& bridge) {
    return "attach_link { namespace: '@host' link: 'v0' bridge: '" + bridge + "' allow_existing: true }";
  };
  Succeed(pair + attach("br0"));
  const HostDump before = Dump();
  Succeed(pair + attach("br0"));
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
  EXPECT_THAT(ExpectRefused(pair + attach("br1")).message(), HasSubstr("it is a port of br0"));
}

TEST_F(VethTest, IsNotAdoptedByAnAlternativeNameOfAnother) {
  Sh("ip -n red link add eth0 type veth peer name v0 netns 1 && ip link property add dev v0 altname other");
  const auto error = ExpectRefused(
      "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'other' } allow_existing: true "
      "}");
  ExpectError(error, {"create_veth", "@host:other", "EEXIST", kAlreadyExists});
  EXPECT_THAT(error.message(), HasSubstr("an alternative name of v0"));
}

TEST_F(VethTest, EndsOfTwoPairsAreNotAdoptedAsOne) {
  Sh("ip -n red link add eth0 type veth peer name x netns blue && ip -n blue link add eth0 type veth peer name x netns "
     "red");
  const auto error = ExpectRefused(
      "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth0' } allow_existing: true }");
  EXPECT_EQ(error.code(), kAlreadyExists);
}

TEST_F(VethTest, AnotherKindOfLinkIsNotAdopted) {
  Sh("ip -n red link add eth0 type bridge && ip -n blue link add eth0 type veth peer name other");
  const auto error = ExpectRefused(
      "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth0' } allow_existing: true }");
  EXPECT_EQ(error.code(), kAlreadyExists);
  EXPECT_EQ(error.object(), "red:eth0");
}

TEST_F(VethTest, CreationIsUndone) {
  ExpectUndone(std::string(kPair) +
               "}\n create_veth { a { namespace: '@host' name: 'v0' up: true addresses: '10.5.0.1/24' } b { namespace: "
               "'@host' name: 'v1' up: true } }");
}

TEST_F(VethTest, CreationThatFailsHalfWayIsUndone) {
  // The pair is there when the address is refused.
  const auto error = ExpectRefused(
      "create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' } "
      "b { namespace: '@host' name: 'v0' mtu: 1000 up: true addresses: '10.0.0.2/24' addresses: '2001:db8::1/64' } }");
  EXPECT_EQ(error.object(), "@host:v0");
}

TEST_F(VethTest, IsOwnedAtBothEnds) {
  Succeed("create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' } }");
  Sh("ip link add theirs type bridge");
  const auto cookie = [](const std::string& name) {
    auto worker = kernel::NetnsWorker::Create();
    if (name == "@host") return worker->OpenNetlink(worker->host())->cookie();
    return worker->OpenNetlink(*kernel::NetnsDir("/run/netns").Open(name))->cookie();
  };
  const int inner = std::stoi(Ip("-n red link show eth0", ".[0].ifindex"));
  const int outer = std::stoi(Ip("link show v0", ".[0].ifindex"));
  EXPECT_TRUE(executor_->OwnsLink(cookie("red"), inner));
  EXPECT_TRUE(executor_->OwnsLink(cookie("@host"), outer));
  EXPECT_FALSE(executor_->OwnsLink(cookie("@host"), std::stoi(Ip("link show theirs", ".[0].ifindex"))));
  Reopen();
  EXPECT_TRUE(executor_->OwnsLink(cookie("red"), inner)) << "ownership is remembered across a restart";
  EXPECT_TRUE(executor_->OwnsLink(cookie("@host"), outer));
}

}  // namespace
}  // namespace warren::executor
