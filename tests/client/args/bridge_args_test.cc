#include "client/args/bridge_args.h"

#include <gtest/gtest.h>

#include "tests/client/args/changes.h"

namespace warren::cli {
namespace {

TEST(BridgeArgs, DeleteTakesABridge) {
  EXPECT_THAT(ParseBridgeDelete("h1/@host:br0", {}),
              IsChange("h1", "operations { delete_bridge { namespace: '@host' name: 'br0' } }"));
  EXPECT_THAT(ParseBridgeDelete("h1/@host:br0", {.allow_missing = true, .force = true}),
              IsChange("h1",
                       "operations { delete_bridge { namespace: '@host' name: 'br0' allow_missing: true "
                       "force: true } }"));
  EXPECT_THAT(ParseBridgeDelete("br0", {}), IsRefused("expected HOST/NS:IF"));
}

TEST(BridgeArgs, AttachTakesTheBridgeAloneOrAsAPlaceInTheSameNamespace) {
  const char* const kAttach = "operations { attach_link { namespace: '@host' link: 'tap0' bridge: 'br0' } }";
  EXPECT_THAT(ParseBridgeAttach("h1/@host:tap0", "br0", {}), IsChange("h1", kAttach));
  EXPECT_THAT(ParseBridgeAttach("h1/@host:tap0", "h1/@host:br0", {}), IsChange("h1", kAttach));
  EXPECT_THAT(ParseBridgeAttach("h1/@host:tap0", "h1/red:br0", {}), IsRefused("is not in the namespace of"));
  EXPECT_THAT(ParseBridgeAttach("h1/@host:tap0", "h2/@host:br0", {}), IsRefused("is not in the namespace of"));
  EXPECT_THAT(ParseBridgeAttach("h1/@host:tap0", "a:b", {}), IsRefused("bridge \"a:b\""));
  EXPECT_THAT(ParseBridgeAttach("h1/@host:tap0", "", {}), IsRefused("is empty"));
}

TEST(BridgeArgs, AttachHandsOnItsFlags) {
  EXPECT_THAT(
      ParseBridgeAttach("h1/@host:eth0", "br0", {.allow_existing = true, .force = true, .move_addresses = true}),
      IsChange("h1",
               "operations { attach_link { namespace: '@host' link: 'eth0' bridge: 'br0' move_addresses: true "
               "force: true allow_existing: true } }"));
}

TEST(BridgeArgs, DetachTakesAnyBridgeOrACertainOne) {
  EXPECT_THAT(ParseBridgeDetach("h1/@host:tap0", "", {}),
              IsChange("h1", "operations { detach_link { namespace: '@host' link: 'tap0' } }"));
  EXPECT_THAT(ParseBridgeDetach("h1/@host:tap0", "br0", {.allow_missing = true, .force = true, .move_addresses = true}),
              IsChange("h1",
                       "operations { detach_link { namespace: '@host' link: 'tap0' bridge: 'br0' move_addresses: true "
                       "allow_missing: true force: true } }"));
  EXPECT_THAT(ParseBridgeDetach("h1/@host", "br0", {}), IsRefused("names no interface"));
}

}  // namespace
}  // namespace warren::cli
