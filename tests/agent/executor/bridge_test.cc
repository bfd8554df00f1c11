// Bridges and their ports: what the kernel says afterwards, refusals, adoption, moved addresses, undo.

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::HasSubstr;

class BridgeTest : public ExecutorTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Succeed(R"(
        create_namespace { namespace: 'red' }
        create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.2/24' addresses: '10.0.1.2/24' addresses: '2001:db8::2/64' } b { namespace: '@host' name: 'nic' up: true } })");
  }

  // What a machine's own NIC would have.
  void AddressTheNic() {
    Sh("ip address add 10.0.0.1/24 dev nic && ip address add 10.0.0.9/24 dev nic && ip address add 10.0.1.1/24 dev "
       "nic");
    Sh("ip address add 2001:db8::1/64 dev nic nodad && ip address add 2001:db8::9/64 dev nic nodad");
    Sh("ip route add default via 10.0.0.2 && ip route add 10.7.0.0/16 via 10.0.0.3 src 10.0.0.9 metric 5 table 200");
    Sh("ip route add 10.8.0.0/16 nexthop via 10.0.0.4 weight 1 nexthop via 10.0.1.4 weight 3");
    Sh("ip route add 10.9.0.0/16 dev nic && ip -6 route add default via 2001:db8::2 && ip -6 route add 2001:db8:7::/48 "
       "via 2001:db8::3 src 2001:db8::9");
  }

  std::string Link(const std::string& name, const std::string& field) {
    return Ip("link show " + name, ".[0]." + field);
  }
};

TEST_F(BridgeTest, HasEverythingThatWasAskedFor) {
  Succeed(
      "create_bridge { namespace: 'red' name: 'br0' mtu: 1400 mac: '02:00:00:00:00:0a' up: true addresses: "
      "'10.1.0.1/24' addresses: '2001:db8:1::1/64' }");
  EXPECT_EQ(Ip("-n red link show br0",
               ".[0] | [.mtu, .address, .linkinfo.info_kind, .linkinfo.info_data.stp_state, (.flags | index(\"UP\") != "
               "null)]"),
            R"([1400,"02:00:00:00:00:0a","bridge",0,true])");
  EXPECT_EQ(Ip("-n red address show br0",
               "[.[0].addr_info[] | select(.scope == \"global\") | \"\\(.local)/\\(.prefixlen)\"] | join(\" \")"),
            "10.1.0.1/24 2001:db8:1::1/64");
}

TEST_F(BridgeTest, HasAMacThatStaysWhenPortsComeAndGo) {
  Succeed("create_bridge { namespace: '@host' name: 'br0' }");
  const std::string mac = Link("br0", "address");
  EXPECT_EQ(Link("br0", "flags | index(\"UP\") != null"), "false");
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }");
  EXPECT_EQ(Link("br0", "address"), mac);
  Succeed("detach_link { namespace: '@host' link: 'nic' }");
  EXPECT_EQ(Link("br0", "address"), mac);
}

TEST_F(BridgeTest, ThatExistsIsRefused) {
  Succeed("create_bridge { namespace: 'red' name: 'br0' }");
  const auto error = ExpectRefused("create_bridge { namespace: 'red' name: 'br0' }");
  ExpectError(error, {"create_bridge", "red:br0", "EEXIST", kAlreadyExists});
  EXPECT_THAT(error.message(), HasSubstr("allow_existing"));
}

TEST_F(BridgeTest, ThatExistsAsAskedIsAdopted) {
  const std::string bridge =
      "create_bridge { namespace: 'red' name: 'br0' mtu: 1400 mac: '02:00:00:00:00:0a' up: true addresses: "
      "'10.1.0.1/24' ";
  Succeed(bridge + "}");
  const HostDump before = Dump();
  Succeed(bridge + "allow_existing: true }\n create_bridge { namespace: 'red' name: 'br0' allow_existing: true }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(BridgeTest, OfTheMacThatWasAskedForMadeByOthersIsLeftAsItIs) {
  Sh("ip link add br0 address 02:00:00:00:00:aa type bridge && ip link set br0 up && ip address add 10.5.0.1/24 dev "
     "br0 "
     "&& ip link set nic master br0 && ip route add 10.6.0.0/16 via 10.5.0.2");
  const std::string index = Link("br0", "ifindex");
  const std::string asked = "namespace: '@host' name: 'br0' mac: '02:00:00:00:00:aa'";
  const v1::OperationError error = ExpectRefused("create_bridge { " + asked + " }");
  ExpectError(error, {"create_bridge", "@host:br0", "EEXIST", kAlreadyExists});
  // Fused with others, and told by its place among them.
  EXPECT_EQ(ExpectRefused("create_namespace { namespace: 'blue' }\n"
                          "create_veth { a { namespace: 'blue' name: 'eth0' } b { namespace: '@host' name: 'v0' } }\n"
                          "create_bridge { " +
                          asked +
                          " }\n"
                          "attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }")
                .operation_index(),
            2);
  const HostDump before = Dump();
  Succeed("create_bridge { " + asked + " allow_existing: true }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "") << "adopting changes nothing";
  EXPECT_EQ(Link("br0", "ifindex"), index);
  EXPECT_THAT(Fail("delete_bridge { namespace: '@host' name: 'br0' }").message(), HasSubstr("force"))
      << "adopting does not make it ours";
}

TEST_F(BridgeTest, OfAnAskedMacIsInTheDefaultGroupOnceItIsMade) {
  Succeed("create_bridge { namespace: '@host' name: 'br0' mac: '02:00:00:00:00:aa' }");
  EXPECT_EQ(Link("br0", "group"), "default");
  // One by one, since it does more than make new things; renamed and moved meanwhile.
  Succeed(
      "delete_route { namespace: 'red' destination: '10.99.0.0/16' allow_missing: true }\n"
      "create_bridge { namespace: '@host' name: 'br1' mac: '02:00:00:00:00:ab' }\n"
      "set_link { namespace: '@host' name: 'br1' new_name: 'br2' mac: '02:00:00:00:00:ac' }");
  EXPECT_EQ(Link("br2", "group"), "default");
  Succeed("delete_bridge { namespace: '@host' name: 'br2' }\n delete_bridge { namespace: '@host' name: 'br0' }");
}

TEST_F(BridgeTest, ThatDiffersIsNotAdopted) {
  Succeed("create_bridge { namespace: 'red' name: 'br0' mac: '02:00:00:00:00:0a' addresses: '10.1.0.1/24' }");
  for (const auto& [asked, difference] :
       std::vector<std::pair<std::string, std::string>>{{"name: 'br0' mtu: 1400", "1500"},
                                                        {"name: 'br0' mac: '02:00:00:00:00:0b'", "02:00:00:00:00:0a"},
                                                        {"name: 'br0' up: true", "it is down"},
                                                        {"name: 'br0' addresses: '10.1.0.2/24'", "10.1.0.2/24"}}) {
    const auto error = ExpectRefused("create_bridge { namespace: 'red' " + asked + " allow_existing: true }");
    EXPECT_EQ(error.code(), kAlreadyExists) << error.DebugString();
    EXPECT_THAT(error.message(), HasSubstr(difference));
  }
  const auto error = ExpectRefused("create_bridge { namespace: 'red' name: 'eth0' allow_existing: true }");
  EXPECT_EQ(error.code(), kAlreadyExists) << error.DebugString();
  EXPECT_THAT(error.message(), HasSubstr("it is a veth"));
}

TEST_F(BridgeTest, WithSettingsOfItsOwnIsNotAdoptedAndTheyAreTold) {
  const std::vector<std::pair<std::string, std::string>> all = {
      {"type bridge stp_state 1", "its stp_state is 1, not 0"},
      {"type bridge ageing_time 1000", "its ageing_time is 1000, not 30000"},
      {"type bridge forward_delay 700", "its forward_delay is 700, not 1500"},
      {"type bridge hello_time 300", "its hello_time is 300, not 200"},
      {"type bridge max_age 1000", "its max_age is 1000, not 2000"},
      {"type bridge priority 4096", "its priority is 4096, not 32768"},
      {"type bridge group_fwd_mask 8", "its group_fwd_mask is 8, not 0"},
      {"type bridge group_address 01:80:c2:00:00:04", "its group_address is another than 01:80:c2:00:00:00"},
      {"type bridge mcast_snooping 0", "its mcast_snooping is 0, not 1"},
      {"type bridge mcast_router 2", "its mcast_router is 2, not 1"},
      {"type bridge mcast_querier 1", "its mcast_querier is 1, not 0"},
      {"type bridge mcast_startup_query_interval 3000", "its mcast_startup_query_interval is 3000, not 3125"},
      {"type bridge mcast_hash_max 512", "its mcast_hash_max is 512, not 4096"},
      {"type bridge nf_call_iptables 1", "its nf_call_iptables is 1, not 0"},
      {"type bridge no_linklocal_learn 1", "its no_linklocal_learn is 1, not 0"},
      {"type bridge vlan_filtering 1", "its vlan_filtering is 1, not 0"},
      {"type bridge vlan_protocol 802.1ad", "its vlan_protocol is 802.1ad, not 802.1Q"},
      {"arp off", "its arp is off, not on"},
      {"promisc on", "its promisc is on, not off"},
      {"allmulticast on", "its allmulticast is on, not off"},
      {"multicast off", "its multicast is off, not on"},
      {"txqueuelen 77", "its txqueuelen is 77, not 1000"},
      {"alias uplink", "it has the alias \"uplink\""},
      {"group 77", "its group is 77, not 0 (default)"},
  };
  for (const auto& [setting, difference] : all) {
    Sh("ip -n red link add bb type bridge");
    Succeed("create_bridge { namespace: 'red' name: 'bb' allow_existing: true }");
    // Not every kernel has VLANs and netfilter on bridges; it may take a setting without having it.
    const std::string as_new = Sh("ip -n red -d link show bb");
    if (Try("ip -n red link set bb " + setting).code == 0 && Sh("ip -n red -d link show bb") != as_new) {
      const auto error = ExpectRefused("create_bridge { namespace: 'red' name: 'bb' allow_existing: true }");
      EXPECT_EQ(error.code(), kAlreadyExists) << error.DebugString();
      EXPECT_EQ(error.message(), "red:bb exists, but not as asked: " + difference + "; change or delete it first");
    } else {
      EXPECT_THAT(setting, testing::AnyOf(HasSubstr("vlan"), HasSubstr("nf_call"))) << "not refused by every kernel";
    }
    Sh("ip -n red link delete bb");
  }
}

TEST_F(BridgeTest, IsNotAdoptedByAnAlternativeNameOfAnother) {
  Sh("ip -n red link add bb type bridge && ip -n red link property add dev bb altname other");
  const auto error = ExpectRefused("create_bridge { namespace: 'red' name: 'other' allow_existing: true }");
  ExpectError(error, {"create_bridge", "red:other", "EEXIST", kAlreadyExists});
  EXPECT_THAT(error.message(), HasSubstr("an alternative name of bb"));
}

TEST_F(BridgeTest, MadeAndAdoptedInOneIntentIsAsAsked) {
  const std::string bridge = "create_bridge { namespace: 'red' name: 'br0' mac: '02:00:00:00:00:0a' ";
  Succeed("delete_route { namespace: 'red' destination: '10.99.0.0/16' allow_missing: true }\n" + bridge + "}\n" +
          bridge + "allow_existing: true }");
}

TEST_F(BridgeTest, CreationIsUndone) {
  ExpectUndone(R"(create_bridge { namespace: '@host' name: 'br0' up: true addresses: '10.1.0.1/24' }
                  attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }
                  create_bridge { namespace: 'red' name: 'br0' mtu: 1400 })");
}

TEST_F(BridgeTest, IsDeletedAndItsPortsStay) {
  Succeed(R"(create_bridge { namespace: '@host' name: 'br0' up: true addresses: '10.1.0.1/24' }
             attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }
             delete_bridge { namespace: '@host' name: 'br0' })");
  EXPECT_NE(Try("ip link show br0").code, 0);
  EXPECT_EQ(Link("nic", "master"), "null");
  EXPECT_EQ(Link("nic", "flags | index(\"UP\") != null"), "true");
}

TEST_F(BridgeTest, ThatIsNotThereCannotBeDeleted) {
  ExpectError(ExpectRefused("delete_bridge { namespace: 'red' name: 'br0' }"),
              {"delete_bridge", "red:br0", "ENODEV", kNotFound});
  Succeed("delete_bridge { namespace: 'red' name: 'br0' allow_missing: true }");
  Succeed("delete_bridge { namespace: 'green' name: 'br0' allow_missing: true }");
  const auto other = ExpectRefused("delete_bridge { namespace: 'red' name: 'eth0' allow_missing: true force: true }");
  ExpectError(other, {"delete_bridge", "red:eth0", "", kFailedPrecondition});
  EXPECT_THAT(other.message(), HasSubstr("veth"));
}

TEST_F(BridgeTest, MadeByOthersIsDeletedByForceOnly) {
  Sh("ip link add theirs type bridge");
  const auto error = ExpectRefused("delete_bridge { namespace: '@host' name: 'theirs' }");
  ExpectError(error, {"delete_bridge", "@host:theirs", "", kFailedPrecondition});
  EXPECT_THAT(error.message(), HasSubstr("force"));
  Succeed("create_bridge { namespace: '@host' name: 'theirs' allow_existing: true }");
  ExpectRefused("delete_bridge { namespace: '@host' name: 'theirs' }");
  Succeed("delete_bridge { namespace: '@host' name: 'theirs' force: true }");
  EXPECT_NE(Try("ip link show theirs").code, 0);
}

TEST_F(BridgeTest, DeletionIsUndoneWithItsPorts) {
  Succeed(
      R"(create_bridge { namespace: '@host' name: 'br0' up: true mac: '02:00:00:00:00:0b' mtu: 1400 addresses: '10.1.0.1/24' addresses: '2001:db8:1::1/64' }
             create_veth { a { namespace: '@host' name: 'p0' up: true } b { namespace: 'red' name: 'p0' up: true } }
             attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }
             attach_link { namespace: '@host' link: 'p0' bridge: 'br0' }
             add_route { namespace: '@host' destination: '10.7.0.0/16' via: '10.1.0.2' })");
  Sh("ip link set p0 type bridge_slave cost 7 && ip link set br0 type bridge ageing_time 12300 && ip route add default "
     "via 10.1.0.9 metric 9000");
  ExpectUndone("delete_bridge { namespace: '@host' name: 'br0' force: true }");
}

TEST_F(BridgeTest, DeletedAndMadeAgainUnderItsNameIsUndone) {
  Succeed(R"(create_bridge { namespace: '@host' name: 'br0' up: true mac: '02:00:00:00:00:0b' addresses: '10.1.0.1/24' }
             attach_link { namespace: '@host' link: 'nic' bridge: 'br0' })");
  ExpectUndone(R"(delete_bridge { namespace: '@host' name: 'br0' }
                  create_bridge { namespace: '@host' name: 'br0' up: true mac: '02:00:00:00:00:0c' addresses: '10.1.0.2/24' }
                  attach_link { namespace: '@host' link: 'nic' bridge: 'br0' })");
  EXPECT_EQ(Link("nic", "master"), "br0");
}

TEST_F(BridgeTest, TakesAPortAndLetsItGo) {
  Succeed("create_bridge { namespace: '@host' name: 'br0' }");
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }");
  EXPECT_EQ(Link("nic", "master"), "br0");
  Succeed("detach_link { namespace: '@host' link: 'nic' bridge: 'br0' }");
  EXPECT_EQ(Link("nic", "master"), "null");
}

TEST_F(BridgeTest, AttachingIsRefusedWithTheReason) {
  Succeed("create_bridge { namespace: '@host' name: 'br0' }\n create_bridge { namespace: '@host' name: 'br1' }");
  ExpectError(ExpectRefused("attach_link { namespace: '@host' link: 'none' bridge: 'br0' }"),
              {"attach_link", "@host:none", "ENODEV", kNotFound});
  ExpectError(ExpectRefused("attach_link { namespace: '@host' link: 'nic' bridge: 'none' }"),
              {"attach_link", "@host:none", "ENODEV", kNotFound});
  ExpectError(ExpectRefused("attach_link { namespace: 'green' link: 'nic' bridge: 'br0' }"),
              {"attach_link", "green", "ENOENT", kNotFound});
  ExpectError(ExpectRefused("attach_link { namespace: '@host' link: 'br0' bridge: 'nic' }"),
              {"attach_link", "@host:nic", "", kFailedPrecondition});
  // A bridge in a bridge is a loop to the kernel.
  EXPECT_EQ(ExpectRefused("attach_link { namespace: '@host' link: 'br0' bridge: 'br1' }").errno_name(), "ELOOP");
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }");
  const auto already = ExpectRefused("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }");
  EXPECT_EQ(already.code(), kAlreadyExists);
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' allow_existing: true }");
  for (const std::string how : {"", "allow_existing: true"}) {
    const auto other = ExpectRefused("attach_link { namespace: '@host' link: 'nic' bridge: 'br1' " + how + " }");
    EXPECT_EQ(other.code(), kFailedPrecondition) << other.DebugString();
    EXPECT_THAT(other.message(), HasSubstr("br0"));
    EXPECT_THAT(other.message(), HasSubstr("detach"));
  }
}

TEST_F(BridgeTest, TakesOverWhatStandsOnALinkThatIsItsPortAlready) {
  Succeed(
      "create_bridge { namespace: '@host' name: 'br0' }\n attach_link { namespace: '@host' link: 'nic' bridge: 'br0' "
      "}");
  Sh("ip address add 10.0.0.1/24 dev nic && ip route add 10.7.0.0/16 via 10.0.0.2");
  const std::string again = "attach_link { namespace: '@host' link: 'nic' bridge: 'br0' allow_existing: true ";
  const HostDump before = Dump();
  Succeed(again + "}");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "") << "not asked to move anything";
  ExpectUndone(again + "move_addresses: true }");
  EXPECT_EQ(Link("nic", "master"), "br0");
  EXPECT_EQ(Sh("ip -o -4 address show nic"), "");
  EXPECT_EQ(Sh("ip -o -4 address show br0 | awk '{print $4}'"), "10.0.0.1/24");
  EXPECT_THAT(Sh("ip route show 10.7.0.0/16"), HasSubstr("via 10.0.0.2 dev br0"));
  const HostDump moved = Dump();
  Succeed(again + "move_addresses: true }");
  EXPECT_EQ(DifferenceInTheEnd(moved, dump_), "") << "nothing is left to be moved";
}

TEST_F(BridgeTest, KeepsWhatStandsOnItWhenALinkIsDetachedThatIsNoPortOfIt) {
  Succeed("create_bridge { namespace: '@host' name: 'br0' up: true }");
  const std::string detach =
      "detach_link { namespace: '@host' link: 'nic' bridge: 'br0' allow_missing: true move_addresses: true }";
  Succeed(detach);
  Sh("ip address add 10.0.0.1/24 dev br0");
  const auto error = ExpectRefused(detach);
  ExpectError(error, {"detach_link", "@host:nic", "", kFailedPrecondition});
  EXPECT_THAT(error.message(), HasSubstr("10.0.0.1/24"));
  Succeed("detach_link { namespace: '@host' link: 'nic' bridge: 'br0' allow_missing: true }");
  Succeed("detach_link { namespace: '@host' link: 'nic' bridge: 'none' allow_missing: true move_addresses: true }");
}

TEST_F(BridgeTest, DetachingIsRefusedWithTheReason) {
  Succeed("create_bridge { namespace: '@host' name: 'br0' }\n create_bridge { namespace: '@host' name: 'br1' }");
  const auto none = ExpectRefused("detach_link { namespace: '@host' link: 'nic' }");
  ExpectError(none, {"detach_link", "@host:nic", "", kFailedPrecondition});
  Succeed("detach_link { namespace: '@host' link: 'nic' allow_missing: true }");
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }");
  const auto other = ExpectRefused("detach_link { namespace: '@host' link: 'nic' bridge: 'br1' }");
  EXPECT_EQ(other.code(), kFailedPrecondition);
  EXPECT_THAT(other.message(), HasSubstr("br0"));
  ExpectError(ExpectRefused("detach_link { namespace: '@host' link: 'none' }"),
              {"detach_link", "@host:none", "ENODEV", kNotFound});
}

TEST_F(BridgeTest, AttachingAndDetachingAreUndone) {
  Succeed(
      "create_bridge { namespace: '@host' name: 'br0' up: true }\n create_bridge { namespace: '@host' name: 'br1' up: "
      "true }");
  Sh("ip address add 10.0.0.1/24 dev nic && ip address add 2001:db8::1/64 dev nic && ip route add 10.7.0.0/16 via "
     "10.0.0.2");
  ExpectUndone("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }");
  ExpectUndone(
      "detach_link { namespace: '@host' link: 'nic' }\n attach_link { namespace: '@host' link: 'nic' bridge: 'br1' }");
  ExpectUndone("detach_link { namespace: '@host' link: 'nic' }");
}

TEST_F(BridgeTest, MtuThatFollowsItsPortsIsUndoneWithThem) {
  Succeed(R"(
      create_bridge { namespace: '@host' name: 'br0' mtu: 1400 }
      create_bridge { namespace: '@host' name: 'br1' mtu: 9000 })");
  Sh("ip link set nic mtu 1000");
  for (const std::string bridge : {"br0", "br1"}) {
    ExpectUndone("attach_link { namespace: '@host' link: 'nic' bridge: '" + bridge + "' }");
    ExpectUndone("detach_link { namespace: '@host' link: 'nic' }");
    Sh("ip link set nic mtu 1500");
  }
  // Of a plan: what comes after it fails.
  ExpectUndone(R"(
      create_namespace { namespace: 'green' }
      create_veth { a { namespace: 'green' name: 'eth0' up: true } b { namespace: '@host' name: 'leg' up: true } }
      attach_link { namespace: '@host' link: 'leg' bridge: 'br1' }
      attach_link { namespace: '@host' link: 'nic' bridge: 'br1' })");
}

TEST_F(BridgeTest, TakesAddressesAndRoutesOverFromItsPort) {
  AddressTheNic();
  Succeed("create_bridge { namespace: '@host' name: 'br0' }");
  const std::string routes =
      Sh("ip route show table all | grep -v 'table local' | sed 's/nic/br0/g; s/ linkdown//' | sort");
  const std::string addresses = Sh("ip -o address show nic scope global | awk '{print $4}'");
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
  EXPECT_EQ(Link("nic", "master"), "br0");
  EXPECT_EQ(Link("br0", "flags | index(\"UP\") != null"), "true") << "what answered must go on answering";
  EXPECT_EQ(Sh("ip -o address show br0 scope global | awk '{print $4}'"), addresses);
  EXPECT_EQ(Sh("ip -o address show nic scope global"), "");
  const auto rest = [](const std::string& all) {
    // Link-local and multicast routes are each link's own.
    return Sh("printf '%s' '" + all + "' | grep -vE '^(fe80|multicast|ff00)'");
  };
  EXPECT_TRUE(Eventually([&] {
    return rest(Sh("ip route show table all | grep -v 'table local' | sed 's/ linkdown//' | sort")) == rest(routes);
  })) << Sh("ip route show table all | grep -v 'table local' | sort")
      << "\n--\n"
      << routes;
  Sh("ping -c 1 -W 5 10.0.0.2");
  Sh("nsenter --net=/run/netns/red ping -c 1 -W 5 10.0.0.9");
}

TEST_F(BridgeTest, GivesAddressesAndRoutesBackToItsPort) {
  AddressTheNic();
  Succeed("create_bridge { namespace: '@host' name: 'br0' mac: '02:00:00:00:00:0b' }");
  HostDump before = Dump();
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
  Succeed("detach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
  Succeed("set_link { namespace: '@host' name: 'br0' up: false }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
  Sh("ping -c 1 -W 5 10.0.0.2");
}

TEST_F(BridgeTest, TakesOverNexthopObjectsWithTheRoutesThroughThem) {
  AddressTheNic();
  Sh("ip route del default && ip nexthop add id 1 via 10.0.0.2 dev nic && ip nexthop add id 2 group 1 && ip nexthop "
     "add "
     "id 3 via 2001:db8::2 dev nic");
  Sh("ip route add default nhid 1 && ip route add 10.79.0.0/16 nhid 2 src 10.0.0.9 && ip -6 route add 2001:db8:79::/48 "
     "nhid 3");
  Succeed("create_bridge { namespace: '@host' name: 'br0' }");
  const std::string attach = "attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }";
  ExpectUndone(attach);
  EXPECT_EQ(Sh("ip nexthop show | sed 's/ scope [a-z]*//; s/ *$//' | tr '\\n' ';'"),
            "id 1 via 10.0.0.2 dev br0;id 2 group 1;id 3 via 2001:db8::2 dev br0;");
  EXPECT_EQ(Sh("ip route show default | sed 's/ *$//'"), "default nhid 1 via 10.0.0.2 dev br0");
  EXPECT_EQ(Sh("ip route show 10.79.0.0/16 | sed 's/ *$//'"), "10.79.0.0/16 nhid 2 via 10.0.0.2 dev br0 src 10.0.0.9");
  EXPECT_EQ(Sh("ip -6 route show 2001:db8:79::/48 | grep -c 'dev br0'"), "1");
  Sh("ping -c 1 -W 5 10.0.0.2 > /dev/null");
  ExpectUndone("detach_link { namespace: '@host' link: 'nic' move_addresses: true }");
  EXPECT_EQ(Sh("ip route show default | sed 's/ *$//'"), "default nhid 1 via 10.0.0.2 dev nic");
}

TEST_F(BridgeTest, LeavesNoPrefixRouteOnThePort) {
  // Of two addresses of a prefix the kernel keeps the route of the one that goes first for the other's sake.
  Sh("ip address add 2001:db8::1/64 dev nic nodad && ip address add 2001:db8::9/64 dev nic nodad noprefixroute");
  Sh("ip address add 2001:db8:1::1/64 dev nic nodad && ip address add 2001:db8:1::9/64 dev nic nodad metric 300");
  Sh("ip address add 2001:db8:2::1/64 dev nic nodad metric 100 && ip address add 2001:db8:2::9/64 dev nic nodad "
     "valid_lft "
     "4000 preferred_lft 4000 noprefixroute");
  Succeed("create_bridge { namespace: '@host' name: 'br0' }");
  ExpectUndone("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
  EXPECT_EQ(Sh("ip -6 route show dev nic | grep -c 2001 || true"), "0");
  Sh("ip neigh flush dev br0; ping -c 1 -W 5 2001:db8::2 > /dev/null");
  ExpectUndone("detach_link { namespace: '@host' link: 'nic' move_addresses: true }");
  EXPECT_EQ(Sh("ip -6 route show dev br0 | grep -c 2001 || true"), "0");
}

TEST_F(BridgeTest, MovingOfAddressesIsUndoneBothWays) {
  AddressTheNic();
  Succeed("create_bridge { namespace: '@host' name: 'br0' addresses: '10.66.0.1/24' }");
  ExpectUndone("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
  ExpectUndone("detach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
}

TEST_F(BridgeTest, OfTheSameIntentWithMovedAddressesIsUndone) {
  AddressTheNic();
  ExpectUndone(R"(create_bridge { namespace: '@host' name: 'br0' up: true }
                  attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }
                  add_address { namespace: '@host' link: 'br0' address: '10.0.0.77/24' }
                  delete_address { namespace: '@host' link: 'br0' address: '10.0.1.1/24' }
                  add_route { namespace: '@host' destination: '10.77.0.0/16' via: '10.0.0.2' })");
}

// What a router advertised, or DHCPv6 gave, lasts for a time: on the old link its prefix routes would win over the
// bridge's.
TEST_F(BridgeTest, TakesOverWhatLastsForATime) {
  Sh("ip address add 2001:db8::1/64 dev nic nodad valid_lft 3600 preferred_lft 1800");
  Sh("ip address add 2001:db8:1::1/128 dev nic nodad valid_lft 3600 preferred_lft 1800");
  Sh("ip -6 route add 2001:db8:1::/64 dev nic proto kernel metric 256 expires 1700");
  Sh("ip -6 route add default via 2001:db8::2 dev nic proto ra expires 1800");
  Sh("ip -6 route add 2001:db8:7::/48 via 2001:db8::3 dev nic");
  Succeed("create_bridge { namespace: '@host' name: 'br0' up: true }");
  const std::string attach = "attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }";
  const auto expires = [](const std::string& route) {
    return Ip("-6 route show " + route, "[.[] | [.dev, .protocol, .expires > 1000 and .expires <= 3600]]");
  };
  const HostDump before = Dump();
  Fail(attach + "\ndelete_link { namespace: '@host' name: 'no-such-link' }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
  EXPECT_EQ(expires("2001:db8::/64"), R"([["nic","kernel",true]])");
  EXPECT_EQ(expires("default"), R"([["nic","ra",true]])");
  for (const std::string link : {"br0", "nic", "br0"}) {
    if (link == "nic") {
      Succeed("detach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
    } else {
      Succeed(attach);
    }
    EXPECT_EQ(expires("2001:db8::/64"), R"([[")" + link + R"(","kernel",true]])");
    EXPECT_EQ(expires("2001:db8:1::/64"), R"([[")" + link + R"(","kernel",true]])");
    EXPECT_EQ(expires("default"), R"([[")" + link + R"(","ra",true]])");
    EXPECT_EQ(Ip("-6 route get 2001:db8::2", ".[0].dev"), link) << "the way to the subnet";
    EXPECT_EQ(Ip("-6 address show " + link, R"([.[0].addr_info[] | select(.scope == "global") | .dynamic])"),
              "[true,true]");
  }
}

}  // namespace
}  // namespace warren::executor
