#include "agent/kernel/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/rtnetlink.h>

#include <set>

#include "agent/kernel/route.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::HasSubstr;

class NetlinkTest : public KernelTest {};

// libnl turns these, and ENXIO, into one "Unspecific failure".
TEST_F(NetlinkTest, EnetunreachAndEnotconnAreKeptApart) {
  NewRoute route{.family = AF_INET, .destination = *ParsePrefix("10.9.0.0/16"), .via = *ParseIp("10.1.1.1")};
  EXPECT_ERRNO(AddRoute(host(), route), ENETUNREACH);

  // A veth whose peer is asked to be born up.
  Message born_up(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  born_up.PutName(IFLA_IFNAME, "v2");
  nlattr* info = born_up.Begin(IFLA_LINKINFO);
  born_up.PutName(IFLA_INFO_KIND, "veth");
  nlattr* data = born_up.Begin(IFLA_INFO_DATA);
  nlattr* peer = born_up.Begin(1);  // VETH_INFO_PEER
  ifinfomsg up{};
  up.ifi_flags = up.ifi_change = 1;  // IFF_UP
  born_up.Append(&up, sizeof up);
  born_up.PutName(IFLA_IFNAME, "v3");
  born_up.End(peer);
  born_up.End(data);
  born_up.End(info);
  EXPECT_ERRNO(host().Do(born_up, "making a veth"), ENOTCONN);
}

TEST_F(NetlinkTest, ARefusalCarriesWhatWasDoneAndTheKernelsOwnText) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  message.PutName(IFLA_IFNAME, "x0");
  nlattr* info = message.Begin(IFLA_LINKINFO);
  message.PutName(IFLA_INFO_KIND, "nosuchkind");
  message.End(info);
  const absl::Status status = host().Do(message, "making x0");
  EXPECT_ERRNO(status, EOPNOTSUPP);
  EXPECT_EQ(ExtendedAckOf(status), "Unknown device type");
  EXPECT_THAT(std::string(status.message()), HasSubstr("making x0: EOPNOTSUPP"));
}

TEST_F(NetlinkTest, AMessageMayBeSentAgain) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  message.PutName(IFLA_IFNAME, "br0");
  nlattr* info = message.Begin(IFLA_LINKINFO);
  message.PutName(IFLA_INFO_KIND, "bridge");
  message.End(info);
  ASSERT_OK(host().Do(message, "first"));
  EXPECT_ERRNO(host().Do(message, "second"), EEXIST);
}

TEST_F(NetlinkTest, ManyMessagesAreAcknowledgedInOrderWhateverTheirNumber) {
  std::vector<Message> messages;
  for (int i = 0; i < 300; ++i) {
    ifinfomsg info{};
    info.ifi_index = i % 3 == 0 ? 4711 : 1;
    messages.emplace_back(RTM_SETLINK, 0, info).PutName(IFLA_IFALIAS, "x");
  }
  const std::vector<absl::Status> statuses = host().DoAll(messages, "setting the alias");
  ASSERT_EQ(statuses.size(), 300u);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(ErrnoOf(statuses[i]), i % 3 == 0 ? ENODEV : 0) << statuses[i];
}

TEST_F(NetlinkTest, ADumpOfManyPartsIsReadToItsEnd) {
  Sh("ip netns add red && seq 1 60 | sed 's/.*/link add a& type veth peer name b&/' | ip -n red -batch -");
  Netlink red = OpenSocket(Named("red"));
  const auto links = ListLinks(red);
  ASSERT_OK(links);
  EXPECT_EQ(links->size(), 121u);
}

TEST_F(NetlinkTest, TheCookieTellsNamespacesApartAndSurvivesNothing) {
  std::set<uint64_t> cookies{host().cookie()};
  for (int i = 0; i < 20; ++i) {
    auto made = worker().NewNetns();
    ASSERT_OK(made);
    const uint64_t cookie = OpenSocket(made->netns).cookie();
    EXPECT_NE(cookie, 0u);
    EXPECT_TRUE(cookies.insert(cookie).second) << "used twice";
  }
}

TEST_F(NetlinkTest, SocketsAreNotInheritedByChildren) {
  EXPECT_NE(fcntl(host().fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(worker().host().fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  Sh("ip netns add red");
  EXPECT_NE(fcntl(Named("red").fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  auto made = worker().NewNetns();
  ASSERT_OK(made);
  EXPECT_NE(fcntl(made->netns.fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace warren::kernel
