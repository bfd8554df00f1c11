#include "client/args/netns_args.h"

#include <gtest/gtest.h>

#include "tests/client/args/changes.h"

namespace warren::cli {
namespace {

TEST(NetnsArgs, AddMakesANamespace) {
  EXPECT_THAT(ParseNetnsAdd("h1/red", {}), IsChange("h1", "operations { create_namespace { namespace: 'red' } }"));
  EXPECT_THAT(ParseNetnsAdd("h1/red", {.allow_existing = true, .loopback_down = true}),
              IsChange("h1",
                       "operations { create_namespace { namespace: 'red' allow_existing: true "
                       "loopback_down: true } }"));
  EXPECT_THAT(ParseNetnsAdd("red", {}), IsRefused("expected HOST/NS"));
}

TEST(NetnsArgs, DeleteDeletesOne) {
  EXPECT_THAT(ParseNetnsDelete("h1/red", {}), IsChange("h1", "operations { delete_namespace { namespace: 'red' } }"));
  EXPECT_THAT(ParseNetnsDelete("h1/red", {.allow_missing = true, .force = true}),
              IsChange("h1", "operations { delete_namespace { namespace: 'red' allow_missing: true force: true } }"));
  EXPECT_THAT(ParseNetnsDelete("h1/red:eth0", {}), IsRefused("names an interface"));
}

}  // namespace
}  // namespace warren::cli
