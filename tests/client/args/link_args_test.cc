#include "client/args/link_args.h"

#include <gtest/gtest.h>

#include "tests/client/args/changes.h"

namespace warren::cli {
namespace {

class GoodLinkSet : public testing::TestWithParam<Good> {};
TEST_P(GoodLinkSet, BecomesOperationsInTheKernelsOrder) {
  EXPECT_THAT(ParseLinkSet(Split(GetParam().line), {}), IsChange("h1", GetParam().intent));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, GoodLinkSet,
    testing::Values(
        Good{"h1/red:eth0 up", "operations { set_link { namespace: 'red' name: 'eth0' up: true } }"},
        Good{"dev h1/red:eth0 down", "operations { set_link { namespace: 'red' name: 'eth0' up: false } }"},
        Good{"h1/red:eth0 mtu 1400 address 02:00:00:00:00:07",
             "operations { set_link { namespace: 'red' name: 'eth0' mtu: 1400 mac: '02:00:00:00:00:07' } }"},
        Good{"h1/red:eth0 name wan0", "operations { set_link { namespace: 'red' name: 'eth0' new_name: 'wan0' } }"},
        Good{"h1/@host:veth1 netns red",
             "operations { move_link { namespace: '@host' name: 'veth1' to_namespace: 'red' } }"},
        Good{"h1/red:eth0 netns h1/@host name tap1",
             "operations { move_link { namespace: 'red' name: 'eth0' to_namespace: '@host' to_name: 'tap1' } }"},
        Good{"h1/red:eth0 up name wan0 master br0 netns blue",
             "operations { move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' to_name: 'wan0' } }"
             "operations { set_link { namespace: 'blue' name: 'wan0' up: true } }"
             "operations { attach_link { namespace: 'blue' link: 'wan0' bridge: 'br0' } }"},
        Good{"h1/red:eth0 name wan0 nomaster",
             "operations { set_link { namespace: 'red' name: 'eth0' new_name: 'wan0' } }"
             "operations { detach_link { namespace: 'red' link: 'wan0' } }"},
        Good{"h1/@host:tap0 master br0",
             "operations { attach_link { namespace: '@host' link: 'tap0' bridge: 'br0' } }"}));

class BadLinkSet : public testing::TestWithParam<Bad> {};
TEST_P(BadLinkSet, IsRefused) { EXPECT_THAT(ParseLinkSet(Split(GetParam().line), {}), IsRefused(GetParam().says)); }
INSTANTIATE_TEST_SUITE_P(
    Mistakes, BadLinkSet,
    testing::Values(Bad{"", "missing the link, HOST/NS:IF"}, Bad{"h1/red:eth0", "nothing to set"},
                    Bad{"eth0 up", "expected HOST/NS:IF"}, Bad{"h1/red:eth0 upp", "did you mean \"up\"?"},
                    Bad{"h1/red:eth0 up down", "\"down\" is given twice"},
                    Bad{"h1/red:eth0 mtu 65536", "from 68 to 65535"}, Bad{"h1/red:eth0 mtu -1", "not a number"},
                    Bad{"h1/red:eth0 name", "\"name\" needs a value"}, Bad{"h1/red:eth0 name a/b", "name \"a/b\" has"},
                    Bad{"h1/red:eth0 name this-name-is-too-long", "longer than 15 bytes"},
                    Bad{"h1/red:eth0 netns blue:wan0", "give the new name with \"name wan0\""},
                    Bad{"h1/red:eth0 netns h2/blue", "one command changes one host"},
                    Bad{"h1/red:eth0 netns", "\"netns\" needs a value"},
                    Bad{"h1/red:eth0 master br0 nomaster", "\"nomaster\" is given twice"},
                    Bad{"h1/red:eth0 address 10.0.0.1/24", "is not a MAC address"}));

TEST(LinkArgs, SetHandsItsFlagsToEveryOperationThatHasThem) {
  EXPECT_THAT(ParseLinkSet(Split("h1/red:eth0 netns blue up master br0"), {.allow_existing = true, .force = true}),
              IsChange("h1",
                       "operations { move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' force: true } }"
                       "operations { set_link { namespace: 'blue' name: 'eth0' up: true force: true } }"
                       "operations { attach_link { namespace: 'blue' link: 'eth0' bridge: 'br0' force: true "
                       "allow_existing: true } }"));
  EXPECT_THAT(ParseLinkSet(Split("h1/red:eth0 nomaster"), {.allow_missing = true}),
              IsChange("h1", "operations { detach_link { namespace: 'red' link: 'eth0' allow_missing: true } }"));
}

TEST(LinkArgs, SetMovesTheAddressesWithMasterOrNomaster) {
  EXPECT_THAT(ParseLinkSet(Split("h1/@host:eth0 master br0"), {.move_addresses = true}),
              IsChange("h1",
                       "operations { attach_link { namespace: '@host' link: 'eth0' bridge: 'br0' "
                       "move_addresses: true } }"));
  EXPECT_THAT(ParseLinkSet(Split("h1/@host:eth0 nomaster"), {.move_addresses = true}),
              IsChange("h1", "operations { detach_link { namespace: '@host' link: 'eth0' move_addresses: true } }"));
  EXPECT_THAT(ParseLinkSet(Split("h1/@host:eth0 up"), {.move_addresses = true}),
              IsRefused("--move-addresses goes with master or nomaster"));
}

TEST(LinkArgs, MoveTakesANamespaceOrANamespaceAndANewName) {
  EXPECT_THAT(ParseLinkMove("h1/red:wan0", "@host:tap1", {}),
              IsChange("h1",
                       "operations { move_link { namespace: 'red' name: 'wan0' to_namespace: '@host' "
                       "to_name: 'tap1' } }"));
  EXPECT_THAT(ParseLinkMove("h1/red:wan0", "h1/blue", {.force = true}),
              IsChange("h1",
                       "operations { move_link { namespace: 'red' name: 'wan0' to_namespace: 'blue' "
                       "force: true } }"));
  EXPECT_THAT(ParseLinkMove("h1/red:wan0", "h2/blue", {}), IsRefused("one command changes one host"));
  EXPECT_THAT(ParseLinkMove("h1/red", "blue", {}), IsRefused("names no interface"));
}

TEST(LinkArgs, DeleteTakesOneLink) {
  EXPECT_THAT(ParseLinkDelete({"dev", "h1/red:eth0"}, {.allow_missing = true, .force = true}),
              IsChange("h1",
                       "operations { delete_link { namespace: 'red' name: 'eth0' allow_missing: true "
                       "force: true } }"));
  EXPECT_THAT(ParseLinkDelete({"h1/red:eth0", "h1/red:eth1"}, {}), IsRefused("unexpected word \"h1/red:eth1\""));
  EXPECT_THAT(ParseLinkDelete({}, {}), IsRefused("missing the link"));
}

}  // namespace
}  // namespace warren::cli
