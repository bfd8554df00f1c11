#include "client/args/link_add_args.h"

#include <gtest/gtest.h>

#include "tests/client/args/changes.h"

namespace warren::cli {
namespace {

class GoodLinkAdd : public testing::TestWithParam<Good> {};
TEST_P(GoodLinkAdd, BecomesOneOperation) {
  EXPECT_THAT(ParseLinkAdd(Split(GetParam().line), {}), IsChange("h1", GetParam().intent));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, GoodLinkAdd,
    testing::Values(
        Good{"veth h1/red:eth0 h1/blue:eth1",
             "operations { create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth1' } } }"},
        Good{
            "veth h1/red:eth0 @host:tap0",
            "operations { create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'tap0' } } }"},
        Good{"veth h1/red:eth0 peer name blue:eth1",
             "operations { create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth1' } } }"},
        Good{"veth h1/red:eth0 h1/blue:eth1 up mtu 1400 address 02:00:00:00:00:01 peer address 02:00:00:00:00:02",
             "operations { create_veth {"
             "  a { namespace: 'red' name: 'eth0' up: true mtu: 1400 mac: '02:00:00:00:00:01' }"
             "  b { namespace: 'blue' name: 'eth1' up: true mtu: 1400 mac: '02:00:00:00:00:02' } } }"},
        Good{"h1/red:eth0 type veth peer name h1/blue:eth1",
             "operations { create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth1' } } }"},
        Good{"name h1/red:eth0 address 02:00:00:00:00:01 type veth peer blue:eth1 address 02:00:00:00:00:02",
             "operations { create_veth { a { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:01' }"
             "  b { namespace: 'blue' name: 'eth1' mac: '02:00:00:00:00:02' } } }"},
        Good{"h1/@host:br0 type bridge", "operations { create_bridge { namespace: '@host' name: 'br0' } }"},
        Good{"bridge h1/red:br0 up mtu 9000 address 02:00:00:00:00:03",
             "operations { create_bridge { namespace: 'red' name: 'br0' up: true mtu: 9000 mac: '02:00:00:00:00:03' } "
             "}"}));

class BadLinkAdd : public testing::TestWithParam<Bad> {};
TEST_P(BadLinkAdd, IsRefused) { EXPECT_THAT(ParseLinkAdd(Split(GetParam().line), {}), IsRefused(GetParam().says)); }
INSTANTIATE_TEST_SUITE_P(
    Mistakes, BadLinkAdd,
    testing::Values(Bad{"", "missing the link, HOST/NS:IF"}, Bad{"veth", "missing the link, HOST/NS:IF"},
                    Bad{"veth h1/red:eth0", "missing the other end, HOST/NS:IF"},
                    Bad{"veth h1/red:eth0 h2/blue:eth0", "one command changes one host"},
                    Bad{"veth h1/red:eth0 blue", "names no interface"},
                    Bad{"veth h1/red h1/blue:eth0", "expected HOST/NS:IF"},
                    Bad{"veth h1/red:eth0 h1/blue:eth0 mut 1400", "did you mean \"mtu\"?"},
                    Bad{"veth h1/red:eth0 h1/blue:eth0 mtu", "\"mtu\" needs a value"},
                    Bad{"veth h1/red:eth0 h1/blue:eth0 mtu 67", "not a number from 68 to 65535"},
                    Bad{"veth h1/red:eth0 h1/blue:eth0 mtu 1e3", "not a number"},
                    Bad{"veth h1/red:eth0 h1/blue:eth0 mtu 1400 mtu 1500", "\"mtu\" is given twice"},
                    Bad{"veth h1/red:eth0 h1/blue:eth0 address 10.0.0.1/24", "is not a MAC address"},
                    Bad{"veth h1/red:eth0 h1/blue:eth0 address 02:00:00:00:00:01 address 02:00:00:00:00:02",
                        "\"address\" is given twice"},
                    Bad{"h1/red:eth0", "missing the type"}, Bad{"h1/red:eth0 type", "\"type\" needs a value"},
                    Bad{"h1/red:eth0 type vlan", "is not one of veth, bridge"},
                    Bad{"h1/red:eth0 type veth", "missing the other end of the pair"},
                    Bad{"h1/red:eth0 type veth peer", "missing the other end"},
                    Bad{"h1/red:eth0 type veth peer name blue:e peer", "\"peer\" is given twice"},
                    Bad{"h1/red:br0 type bridge peer x", "\"peer\" goes with type veth"},
                    Bad{"h1/red:eth0 type veth type bridge", "\"type\" is given twice"}));

TEST(LinkAddArgs, FlagsSayWhatTheWordsCannot) {
  LinkAddFlags flags{.up = true,
                     .mtu = 1300,
                     .queues = 4,
                     .addresses = {"10.0.0.1/24", "2001:db8::1/64"},
                     .peer_addresses = {"10.0.0.2/24"},
                     .mac = "02:00:00:00:00:01",
                     .peer_mac = "02:00:00:00:00:02",
                     .allow_existing = true};
  EXPECT_THAT(ParseLinkAdd(Split("veth h1/red:eth0 blue:eth0"), flags),
              IsChange("h1",
                       "operations { create_veth { allow_existing: true"
                       "  a { namespace: 'red' name: 'eth0' up: true mtu: 1300 queues: 4 mac: '02:00:00:00:00:01'"
                       "      addresses: '10.0.0.1/24' addresses: '2001:db8::1/64' }"
                       "  b { namespace: 'blue' name: 'eth0' up: true mtu: 1300 queues: 4 mac: '02:00:00:00:00:02'"
                       "      addresses: '10.0.0.2/24' } } }"));
}

TEST(LinkAddArgs, AFlagAndAWordThatSayTheSameAreRefused) {
  EXPECT_THAT(ParseLinkAdd(Split("veth h1/red:eth0 blue:eth0 mtu 1400"), {.mtu = 1300}), IsRefused("given twice"));
  EXPECT_THAT(ParseLinkAdd(Split("veth h1/red:eth0 blue:eth0 address 02:00:00:00:00:01"), {.mac = "02:00:00:00:00:02"}),
              IsRefused("given twice"));
}

TEST(LinkAddArgs, ForceIsHandedOn) {
  LinkAddFlags flags;
  flags.force = true;
  EXPECT_THAT(ParseLinkAdd(Split("h1/@host:br0 type bridge"), flags),
              IsChange("h1", "operations { create_bridge { namespace: '@host' name: 'br0' force: true } }"));
  EXPECT_THAT(ParseLinkAdd(Split("veth h1/@host:a red:b"), flags),
              IsChange("h1",
                       "operations { create_veth { a { namespace: '@host' name: 'a' } b { namespace: 'red' name: 'b' } "
                       "force: true } }"));
}

TEST(LinkAddArgs, ABridgeHasNoOtherEnd) {
  EXPECT_THAT(ParseLinkAdd(Split("bridge h1/red:br0"), {.addresses = {"10.0.0.1/24"}, .allow_existing = true}),
              IsChange("h1",
                       "operations { create_bridge { namespace: 'red' name: 'br0' addresses: '10.0.0.1/24' "
                       "allow_existing: true } }"));
  EXPECT_THAT(ParseLinkAdd(Split("bridge h1/red:br0"), {.queues = 2}), IsRefused("go with a veth"));
  EXPECT_THAT(ParseLinkAdd(Split("bridge h1/red:br0"), {.peer_addresses = {"10.0.0.1/24"}}),
              IsRefused("go with a veth"));
  EXPECT_THAT(ParseLinkAdd(Split("bridge h1/red:br0"), {.peer_mac = "02:00:00:00:00:01"}), IsRefused("go with a veth"));
}

}  // namespace
}  // namespace warren::cli
