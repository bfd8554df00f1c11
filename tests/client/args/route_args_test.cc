#include "client/args/route_args.h"

#include <gtest/gtest.h>

#include "tests/client/args/changes.h"

namespace warren::cli {
namespace {

class GoodRouteAdd : public testing::TestWithParam<Good> {};
TEST_P(GoodRouteAdd, BecomesOneOperation) {
  EXPECT_THAT(ParseRouteAdd(Split(GetParam().line), {}), IsChange("h1", GetParam().intent));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, GoodRouteAdd,
    testing::Values(
        Good{"h1/red default via 10.0.0.254",
             "operations { add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' } }"},
        Good{"h1/red to 10.1.0.0/16 dev eth0",
             "operations { add_route { namespace: 'red' destination: '10.1.0.0/16' dev: 'eth0' } }"},
        Good{"h1/red 10.9.0.0/16 via 10.1.1.1 dev eth0 onlink table 77",
             "operations { add_route { namespace: 'red' destination: '10.9.0.0/16' via: '10.1.1.1' dev: 'eth0'"
             "  onlink: true table: 77 } }"},
        Good{"h1/red default via inet6 fe80::1 dev eth0 src 2001:db8::1 metric 50",
             "operations { add_route { namespace: 'red' destination: 'default' via: 'fe80::1' dev: 'eth0'"
             "  src: '2001:db8::1' metric: 50 } }"},
        Good{"h1/red default dev eth0 priority 4294967295 table main",
             "operations { add_route { namespace: 'red' destination: 'default' dev: 'eth0' metric: 4294967295"
             "  table: 254 } }"},
        Good{"h1/red default dev eth0 preference 0 table local",
             "operations { add_route { namespace: 'red' destination: 'default' dev: 'eth0' table: 255 } }"}));

class BadRouteAdd : public testing::TestWithParam<Bad> {};
TEST_P(BadRouteAdd, IsRefused) { EXPECT_THAT(ParseRouteAdd(Split(GetParam().line), {}), IsRefused(GetParam().says)); }
INSTANTIATE_TEST_SUITE_P(
    Mistakes, BadRouteAdd,
    testing::Values(Bad{"", "missing the namespace, HOST/NS"}, Bad{"default via 10.0.0.1", "expected HOST/NS"},
                    Bad{"h1/red", "missing the destination"}, Bad{"h1/red default", "missing where it leads"},
                    Bad{"h1/red default vai 10.0.0.1", "did you mean \"via\"?"},
                    Bad{"h1/red default via", "\"via\" needs a value"},
                    Bad{"h1/red default via 10.0.0.1 via 10.0.0.2", "\"via\" is given twice"},
                    Bad{"h1/red default dev h1/red:eth0", "expected the interface alone"},
                    Bad{"h1/red default dev eth0 metric -1", "is not a number"},
                    Bad{"h1/red default dev eth0 metric 4294967296", "is not a number"},
                    Bad{"h1/red default dev eth0 metric 1 priority 2", "\"priority\" is given twice"},
                    Bad{"h1/red default dev eth0 table 0", "from 1 to"},
                    Bad{"h1/red default dev eth0 table blue", "is not a number"},
                    Bad{"h1/red default dev eth0 table 7 table 8", "\"table\" is given twice"}));

TEST(RouteArgs, AddMayAdopt) {
  EXPECT_THAT(ParseRouteAdd(Split("h1/red default dev eth0"), {.allow_existing = true}),
              IsChange("h1",
                       "operations { add_route { namespace: 'red' destination: 'default' dev: 'eth0' "
                       "allow_existing: true } }"));
}

TEST(RouteArgs, AddMayForce) {
  EXPECT_THAT(
      ParseRouteAdd(Split("h1/@host 0.0.0.0/1 dev tun0"), {.force = true}),
      IsChange("h1",
               "operations { add_route { namespace: '@host' destination: '0.0.0.0/1' dev: 'tun0' force: true } }"));
}

TEST(RouteArgs, DeleteTakesTheLineThatAddedAndLess) {
  EXPECT_THAT(ParseRouteDelete(Split("h1/red default via 10.0.0.254 dev eth0 onlink metric 50 table 77"), {}),
              IsChange("h1",
                       "operations { delete_route { namespace: 'red' destination: 'default' via: '10.0.0.254' "
                       "dev: 'eth0' metric: 50 table: 77 } }"));
  EXPECT_THAT(ParseRouteDelete(Split("h1/red 10.9.0.0/16"), {.allow_missing = true, .force = true}),
              IsChange("h1",
                       "operations { delete_route { namespace: 'red' destination: '10.9.0.0/16' "
                       "allow_missing: true force: true } }"));
}

TEST(RouteArgs, ShowAsksForTheMainTableUnlessAnotherOrAllAreNamed) {
  auto query = ParseRouteShow(Split("h1/red"));
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->table, kMainTable);
  EXPECT_EQ(PlaceText(query->place), "h1/red");
  query = ParseRouteShow(Split("h1/red table all dev eth0"));
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->table, 0u);
  EXPECT_EQ(query->place.interface, "eth0");
  EXPECT_EQ(ParseRouteShow(Split("h1/red table 77"))->table, 77u);
  EXPECT_THAT(ParseRouteShow(Split("h1/red tabel 77")), IsRefused("did you mean \"table\"?"));
  EXPECT_THAT(ParseRouteShow(Split("h1/red table 77 table 78")), IsRefused("given twice"));
  EXPECT_THAT(ParseRouteShow({}), IsRefused("missing the namespace"));
}

}  // namespace
}  // namespace warren::cli
