// A thousand namespaces, each with a veth into the host.

#include <sys/resource.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/link.h"
#include "tests/agent/inventory/inventory_test.h"

namespace warren::inventory {
namespace {

constexpr int kNamespaces = 1000;

class Scale : public InventoryTest {
 protected:
  void TearDown() override {
    for (int i = 0; i < kNamespaces; ++i) EXPECT_TRUE(dir_.Unbind(absl::StrCat("r", i)).ok());
    InventoryTest::TearDown();
  }

  const kernel::NetnsDir dir_{"/run/netns"};
};

TEST_F(Scale, AThousandAreSeenWithAHandfulOfDescriptorsAndNoneIsKept) {
  {
    auto worker = kernel::NetnsWorker::Create();
    ASSERT_TRUE(worker.ok());
    auto netlink = worker->OpenNetlink(worker->host());
    ASSERT_TRUE(netlink.ok());
    for (int i = 0; i < kNamespaces; ++i) {
      auto netns = worker->NewNetns();
      ASSERT_TRUE(netns.ok()) << netns.status();
      ASSERT_TRUE(dir_.Bind(netns->netns, absl::StrCat("r", i), "").ok());
      ASSERT_TRUE(kernel::CreateVeth(*netlink, {&netns->netns, "eth0", kernel::RandomMac()},
                                     {&worker->host(), absl::StrCat("t", i), kernel::RandomMac()})
                      .ok());
    }
  }
  const int before = kernel::OpenDescriptors();
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit few = {static_cast<rlim_t>(before) + 6, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const absl::Time begin = absl::Now();
  const size_t told = Pass(true).size();
  const absl::Time middle = absl::Now();
  const size_t again = Pass().size();
  const absl::Time end = absl::Now();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);

  EXPECT_EQ(told, static_cast<size_t>(kNamespaces) + 1) << "each once";
  EXPECT_EQ(again, 0u);
  EXPECT_EQ(kernel::OpenDescriptors(), before);
  EXPECT_EQ(inventory().counts().namespaces, static_cast<size_t>(kNamespaces));
  for (int i = 0; i < kNamespaces; i += 97) {
    const std::string name = absl::StrCat("r", i);
    EXPECT_EQ(LinkOf(name, "eth0").peer().namespace_(), "@host");
    EXPECT_EQ(LinkOf(name, "eth0").peer().name(), absl::StrCat("t", i));
    EXPECT_EQ(LinkOf("@host", absl::StrCat("t", i)).peer().namespace_(), name);
  }
  RecordProperty("first_pass", absl::FormatDuration(middle - begin));
  printf("%d namespaces: first pass %s, second %s\n", kNamespaces, absl::FormatDuration(middle - begin).c_str(),
         absl::FormatDuration(end - middle).c_str());
}

}  // namespace
}  // namespace warren::inventory
