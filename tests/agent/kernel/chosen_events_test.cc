#include "agent/kernel/chosen_events.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <set>
#include <string>

#include "agent/kernel/netns.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ChosenEventsTest : public KernelTest {
 protected:
  ChosenEventsTest() { Sh("for n in red blue own; do ip netns add $n && ip -n $n link set lo up; done"); }

  ChosenEvents Open() {
    auto events = ChosenEvents::Open(worker());
    if (!events.ok()) throw std::runtime_error(std::string(events.status().message()));
    return *std::move(events);
  }
  void Choose(ChosenEvents& events, const std::string& name, uint64_t number) {
    const auto status = events.Choose(Named(name), number);
    EXPECT_TRUE(status.ok()) << status;
  }
  // Of which something has been told since the last time.
  std::set<uint64_t> Changed(ChosenEvents& events) {
    std::set<uint64_t> changed;
    for (const auto& [number, event] : events.Read().events) changed.insert(number);
    return changed;
  }
};

TEST_F(ChosenEventsTest, TellsOfTheChosenOnesAlone) {
  ChosenEvents events = Open();
  Choose(events, "red", 7);
  Choose(events, "blue", 8);
  ASSERT_OK(events.Listen(true));
  Sh("ip -n own addr add 10.0.0.1/24 dev lo && ip link set lo up");
  EXPECT_THAT(Changed(events), IsEmpty());
  for (const char* change : {"addr add 10.0.0.1/24 dev lo", "route add blackhole 10.9.0.0/16",
                             "-6 route add blackhole 2001:db8::/32", "link set lo mtu 9000", "link set lo alias other",
                             "nexthop add id 7 blackhole && ip -n red nexthop del id 7"}) {
    Sh(std::string("ip -n red ") + change);
    pollfd wait{events.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&wait, 1, 0), 1) << change;
    EXPECT_THAT(Changed(events), UnorderedElementsAre(7)) << change;
  }
  Sh("ip -n red link set lo mtu 9001 && ip -n blue link set lo mtu 9001");
  EXPECT_THAT(Changed(events), UnorderedElementsAre(7, 8));
}

TEST_F(ChosenEventsTest, HearsNothingWhileItDoesNotListen) {
  ChosenEvents events = Open();
  Choose(events, "red", 7);
  Sh("ip -n red link set lo mtu 9000");
  ASSERT_OK(events.Listen(true));
  EXPECT_THAT(Changed(events), IsEmpty());
  Sh("ip -n red link set lo mtu 9001");
  ASSERT_OK(events.Listen(false));
  Sh("ip -n red link set lo mtu 9002");
  ASSERT_OK(events.Listen(true));
  EXPECT_THAT(Changed(events), IsEmpty());
}

TEST_F(ChosenEventsTest, WhatIsChosenIsNotHeldNorCalledAnythingByTheHost) {
  ChosenEvents events = Open();
  Choose(events, "red", 7);
  ASSERT_OK(events.Listen(true));
  EXPECT_EQ(Sh("ip netns list-id"), "");
  Sh("ip link add v0 type veth peer name v1 netns red && ip netns delete red");
  // The kernel frees it, and with it the other end of its link.
  Sh("for i in $(seq 1000); do ip link show v0 2> /dev/null > /dev/null || exit 0; done; exit 1");
  Sh("ip netns add red && ip -n red link set lo up");
  Choose(events, "red", 9);
  Sh("ip -n red link set lo mtu 9000");
  EXPECT_EQ(Changed(events).count(9), 1u) << "an id that was given again";
}

}  // namespace
}  // namespace warren::kernel
