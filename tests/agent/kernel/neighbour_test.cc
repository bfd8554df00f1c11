#include "agent/kernel/neighbour.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_join.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class NeighbourTest : public KernelTest {
 protected:
  void SetUp() override {
    Sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
    Sh("ip address add 10.0.0.1/24 dev v0 && ip address add 2001:db8::1/64 dev v0 nodad");
    index_ = IndexOf(host(), "v0");
  }
  std::vector<Neighbour> List() {
    auto list = ListStaticNeighbours(host(), *GetLink(host(), index_));
    EXPECT_EQ(ToStatus(list), absl::OkStatus());
    return list.ok() ? *list : std::vector<Neighbour>();
  }
  static std::string Names(const std::vector<Neighbour>& list) {
    return absl::StrJoin(list, ", ", [](std::string* out, const Neighbour& each) { *out += each.ToString(); });
  }
  static std::string Told() {
    return Sh(
        "ip -j neigh show nud all dev v0 | jq -c '[.[] | select(.dst | test(\"^(ff|22)\") | not)] | sort_by(.dst)'; "
        "ip -j neigh show proxy | jq -c 'sort_by(.dst)'");
  }

  int index_ = 0;
};

TEST_F(NeighbourTest, OnlyWhatSomebodySetIsListed) {
  Sh("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent");
  Sh("ip neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 dev v0 nud noarp");
  Sh("ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0 nud stale extern_learn");
  Sh("ip neigh add 10.0.0.6 dev v0 managed");
  Sh("ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev v0 nud permanent router");
  Sh("ip neigh add proxy 10.0.0.77 dev v0 && ip neigh add proxy 2001:db8::77 dev v0");
  // Learned, of another link, and of a group.
  Sh("ip neigh add 10.0.0.66 lladdr 02:00:00:00:00:66 dev v0 nud reachable");
  Sh("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v1 nud permanent");
  Try("ping -c1 -W1 224.0.0.1 -I v0");
  const std::string names = Names(List());
  for (const char* name :
       {"10.0.0.9", "10.0.0.8", "10.0.0.7", "10.0.0.6", "2001:db8::9", "proxy 10.0.0.77", "proxy 2001:db8::77"}) {
    EXPECT_NE((", " + names + ", ").find(absl::StrCat(", ", name, ", ")), std::string::npos) << name << " in " << names;
  }
  EXPECT_EQ(List().size(), 7u) << names;
}

TEST_F(NeighbourTest, AllThatALinkLosesIsPutBackAsItWas) {
  Sh("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent protocol static");
  Sh("ip neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 dev v0 nud noarp");
  Sh("ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0 nud stale extern_learn");
  Sh("ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev v0 nud permanent router");
  Sh("ip neigh add proxy 10.0.0.77 dev v0 && ip neigh add proxy 2001:db8::77 dev v0");
  const std::vector<Neighbour> had = List();
  const std::string told = Told();
  Sh("ip link set v0 down && ip link set v0 up");
  ASSERT_EQ(Names(List()), "") << "the kernel keeps them: nothing to put back";
  // Twice: what is there stays.
  for (int i = 0; i < 2; ++i) {
    for (const Neighbour& each : had) ASSERT_OK(PutNeighbour(host(), each, index_)) << each.ToString();
  }
  EXPECT_EQ(Told(), told);
  for (const Neighbour& each : had) ASSERT_OK(DeleteNeighbour(host(), each, index_)) << each.ToString();
  EXPECT_EQ(Names(List()), "");
  for (const Neighbour& each : had) EXPECT_ERRNO(DeleteNeighbour(host(), each, index_), ENOENT);
}

TEST_F(NeighbourTest, AManagedOneIsPutBackToBeResolved) {
  Sh("ip neigh add 10.0.0.6 dev v0 managed");
  const std::vector<Neighbour> had = List();
  ASSERT_EQ(had.size(), 1u);
  Sh("ip neigh delete 10.0.0.6 dev v0");
  ASSERT_OK(PutNeighbour(host(), had[0], index_));
  EXPECT_EQ(Ip("neigh show 10.0.0.6", ".[0] | has(\"managed\")"), "true");
}

TEST_F(NeighbourTest, StaticEntriesOfABridgePortArePutBack) {
  Sh("ip link add br0 type bridge && ip link set br0 up && ip link set v0 master br0");
  Sh("bridge fdb add 02:00:00:00:00:31 dev v0 master static");
  Sh("bridge fdb add 02:00:00:00:00:32 dev v0 master permanent");
  Sh("bridge fdb add 02:00:00:00:00:33 dev v0 master extern_learn");
  Sh("bridge fdb add 02:00:00:00:00:34 dev v0 master dynamic");
  const std::string mac = GetLink(host(), index_)->mac;
  const auto had = ListStaticForwarding(host(), index_, mac);
  ASSERT_OK(had);
  // Three, and each again for the VLAN of the port where the bridge knows VLANs.
  const std::string set = "bridge fdb show br br0 brport v0 | grep -E 'static|permanent|extern_learn' | sort";
  const std::string before = Sh(set);
  const size_t lines = std::stoul(Sh("bridge fdb show br br0 brport v0 | grep -cE '02:00:00:00:00:3[123]'"));
  ASSERT_GE(lines, 3u);
  EXPECT_EQ(had->size(), lines) << Names(*had);
  Sh("ip link set v0 nomaster && ip link set v0 master br0");
  for (const Neighbour& each : *had) ASSERT_OK(PutNeighbour(host(), each, index_));
  EXPECT_EQ(Sh(set), before);
  ASSERT_OK(DeleteNeighbour(host(), (*had)[0], index_));
  EXPECT_EQ(ListStaticForwarding(host(), index_, mac)->size(), lines - 1);
}

}  // namespace
}  // namespace warren::kernel
