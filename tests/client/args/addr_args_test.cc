#include "client/args/addr_args.h"

#include <gtest/gtest.h>

#include "tests/client/args/changes.h"

namespace warren::cli {
namespace {

class GoodAddrAdd : public testing::TestWithParam<Good> {};
TEST_P(GoodAddrAdd, BecomesOneOperation) {
  EXPECT_THAT(ParseAddrAdd(Split(GetParam().line), {}), IsChange("h1", GetParam().intent));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, GoodAddrAdd,
    testing::Values(
        Good{"10.0.0.1/24 dev h1/red:eth0",
             "operations { add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' } }"},
        Good{"dev h1/red:eth0 local 10.0.0.1/24",
             "operations { add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' } }"},
        Good{"2001:db8::1/64 dev h1/red:eth0 nodad",
             "operations { add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' nodad: true } }"},
        Good{"10.0.0.1 dev h1/red:eth0 peer 10.0.0.2/32",
             "operations { add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1' peer: '10.0.0.2/32' } }"},
        Good{"10.0.0.1/24 dev h1/red:eth0 valid_lft 3600 preferred_lft 0",
             "operations { add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24'"
             "  valid_lifetime { seconds: 3600 } preferred_lifetime { } } }"},
        // As `ip address show` prints them.
        Good{"10.0.0.1/24 dev h1/red:eth0 valid_lft 3600sec preferred_lft 1800sec",
             "operations { add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24'"
             "  valid_lifetime { seconds: 3600 } preferred_lifetime { seconds: 1800 } } }"},
        Good{"10.0.0.1/24 dev h1/red:eth0 valid_lft forever preferred_lft forever",
             "operations { add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' } }"}));

class BadAddrAdd : public testing::TestWithParam<Bad> {};
TEST_P(BadAddrAdd, IsRefused) { EXPECT_THAT(ParseAddrAdd(Split(GetParam().line), {}), IsRefused(GetParam().says)); }
INSTANTIATE_TEST_SUITE_P(
    Mistakes, BadAddrAdd,
    testing::Values(Bad{"", "missing the address"}, Bad{"dev h1/red:eth0", "missing the address"},
                    Bad{"10.0.0.1/24", "missing the link: say `dev HOST/NS:IF`"},
                    Bad{"10.0.0.1/24 dev eth0", "expected HOST/NS:IF"}, Bad{"10.0.0.1/24 dev", "\"dev\" needs a value"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 dev h1/red:eth1", "\"dev\" is given twice"},
                    Bad{"local 10.0.0.1/24 local 10.0.0.2/24 dev h1/red:eth0", "\"local\" is given twice"},
                    Bad{"10.0.0.1/24 10.0.0.2/24 dev h1/red:eth0", "unknown word \"10.0.0.2/24\""},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 peer 10.0.0.2 peer 10.0.0.3", "\"peer\" is given twice"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 noadd", "did you mean \"nodad\"?"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 valid_lft 0", "from 1 to"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 valid_lft sec", "is not a number"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 valid_lft 1h", "is not a number"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 valid_lft 10 preferred_lft 11", "longer than valid_lft"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 valid_lft 10 preferred_lft forever", "longer than valid_lft"},
                    Bad{"10.0.0.1/24 dev h1/red:eth0 valid_lft 10 valid_lft 11", "given twice"}));

TEST(AddrArgs, AddMayAdopt) {
  EXPECT_THAT(ParseAddrAdd(Split("10.0.0.1/24 dev h1/red:eth0"), {.allow_existing = true}),
              IsChange("h1",
                       "operations { add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' "
                       "allow_existing: true } }"));
  EXPECT_THAT(ParseAddrAdd(Split("10.0.0.1/24 dev h1/@host:eth0"), {.force = true}),
              IsChange("h1",
                       "operations { add_address { namespace: '@host' link: 'eth0' address: '10.0.0.1/24' "
                       "force: true } }"));
}

TEST(AddrArgs, DeleteTakesAddressAndPeer) {
  EXPECT_THAT(
      ParseAddrDelete(Split("10.0.0.1/24 peer 10.0.0.2 dev h1/red:eth0"), {.allow_missing = true, .force = true}),
      IsChange("h1",
               "operations { delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' "
               "peer: '10.0.0.2' allow_missing: true force: true } }"));
  EXPECT_THAT(ParseAddrDelete(Split("10.0.0.1/24 dev h1/red:eth0 nodad"), {}), IsRefused("unknown word \"nodad\""));
  EXPECT_THAT(ParseAddrDelete(Split("10.0.0.1/24"), {}), IsRefused("missing the link"));
}

}  // namespace
}  // namespace warren::cli
