#include "agent/inventory/told_parts.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>

namespace warren::inventory {
namespace {

ToldParts::ShownRoute Route(std::optional<absl::Duration> expires) {
  kernel::Route route;
  route.family = AF_INET6;
  route.ifindex = 2;
  route.body = "the same";
  route.expires = expires;
  v1::Route shown;
  shown.set_destination("default");
  if (expires) shown.mutable_expires()->set_seconds(absl::ToInt64Seconds(*expires));
  return {route, shown};
}

TEST(ToldParts, ATimeThatRunsOutIsNoChangeAndAnotherIs) {
  ToldParts parts;
  v1::NamespaceChange first, same, other, never;
  parts.PutRoute(Route(absl::Seconds(1800)), &first);
  EXPECT_EQ(first.routes_size(), 1);
  EXPECT_EQ(parts.TakeNews(), 1u);
  parts.PutRoute(Route(absl::Seconds(1799)), &same);
  EXPECT_EQ(same.ByteSizeLong(), 0u);
  parts.PutRoute(Route(absl::Seconds(600)), &other);
  ASSERT_EQ(other.routes_size(), 1);
  EXPECT_EQ(other.routes(0).expires().seconds(), 600);
  ASSERT_EQ(other.removed_routes_size(), 1);
  EXPECT_EQ(other.removed_routes(0).expires().seconds(), 1800) << "as it was told";
  EXPECT_EQ(parts.TakeNews(), 0u) << "which no event tells";
  parts.PutRoute(Route(std::nullopt), &never);
  EXPECT_EQ(never.routes_size(), 1);
}

}  // namespace
}  // namespace warren::inventory
