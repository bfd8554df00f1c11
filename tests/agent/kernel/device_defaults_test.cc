#include "agent/kernel/device_defaults.h"

#include <errno.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

namespace fs = std::filesystem;

// Settings of a host that are only files: what the machine's first namespace has cannot be changed from a sandbox.
class DeviceDefaultsOfFilesTest : public KernelTest {
 protected:
  DeviceDefaultsOfFilesTest() {
    const char* parent = getenv("TMPDIR");
    root_ = std::string(parent != nullptr ? parent : "/tmp") + "/defaults-XXXXXX";
    if (mkdtemp(root_.data()) == nullptr) throw std::runtime_error("no directory");
    places_ = {root_ + "/sys", root_ + "/module"};
    for (const char* name :
         {"core/devconf_inherit_init_net", "core/fb_tunnels_only_for_init_net", "ipv4/tcp_congestion_control",
          "ipv4/tcp_rmem", "ipv4/tcp_wmem", "ipv4/tcp_child_ehash_entries", "ipv4/udp_child_hash_entries",
          "ipv4/ip_local_port_range", "ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter",
          "ipv4/conf/eth0/rp_filter", "ipv4/neigh/default/gc_stale_time", "ipv4/neigh/default/gc_thresh1",
          "ipv6/conf/all/forwarding", "ipv6/conf/default/disable_ipv6", "ipv6/conf/default/stable_secret",
          "ipv6/neigh/default/mcast_solicit"}) {
      Set(name, "0\n");
    }
    Write(places_.modules + "/nf_conntrack/parameters/acct", "N\n");
    Write(places_.modules + "/nf_conntrack/parameters/hashsize", "1024\n");
  }
  ~DeviceDefaultsOfFilesTest() override { fs::remove_all(root_); }

  static void Write(const std::string& path, const std::string& value) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << value;
  }
  void Set(const std::string& name, const std::string& value) { Write(places_.sysctl + "/net/" + name, value); }

  // Whether it tells of a change of these, one after another.
  void ExpectTold(DeviceDefaults& defaults, const std::vector<std::string>& names, bool told) {
    for (const std::string& name : names) {
      const std::string before = defaults.Tell();
      Set(name, "1\n");
      EXPECT_EQ(defaults.Tell() != before, told) << name;
      Set(name, "0\n");
      EXPECT_EQ(defaults.Tell(), before) << name;
    }
  }

  std::string root_;
  DeviceDefaults::Places places_;
};

const std::vector<std::string> kAlways = {"core/fb_tunnels_only_for_init_net",
                                          "ipv4/tcp_congestion_control",
                                          "ipv4/tcp_rmem",
                                          "ipv4/tcp_wmem",
                                          "ipv4/tcp_child_ehash_entries",
                                          "ipv4/udp_child_hash_entries",
                                          "ipv4/neigh/default/gc_stale_time",
                                          "ipv6/neigh/default/mcast_solicit"};
const std::vector<std::string> kIpv4 = {"ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter"};
const std::vector<std::string> kIpv6 = {"ipv6/conf/all/forwarding", "ipv6/conf/default/disable_ipv6"};
const std::vector<std::string> kNever = {"ipv4/ip_local_port_range", "ipv4/conf/eth0/rp_filter",
                                         "ipv4/neigh/default/gc_thresh1", "ipv6/conf/default/stable_secret"};

TEST_F(DeviceDefaultsOfFilesTest, WhoseDeviceSettingsCountIsAsTheHostHasIt) {
  auto defaults = DeviceDefaults::Open(places_);
  ASSERT_OK(defaults);
  EXPECT_TRUE(defaults->complete());
  const struct {
    const char* inherit;
    bool ipv4, ipv6;
  } cases[] = {{"0\n", true, false}, {"1\n", true, true}, {"2\n", false, false}, {"3\n", true, true}};
  for (const auto& one : cases) {
    const std::string before = defaults->Tell();
    Set("core/devconf_inherit_init_net", one.inherit);
    if (one.inherit[0] != '0') {
      EXPECT_NE(defaults->Tell(), before) << one.inherit;
    }
    SCOPED_TRACE(one.inherit);
    ExpectTold(*defaults, kAlways, true);
    ExpectTold(*defaults, kNever, false);
    ExpectTold(*defaults, kIpv4, one.ipv4);
    ExpectTold(*defaults, kIpv6, one.ipv6);
  }
}

TEST_F(DeviceDefaultsOfFilesTest, WhereThatCannotBeSeenAllCount) {
  fs::remove(places_.sysctl + "/net/core/devconf_inherit_init_net");
  auto defaults = DeviceDefaults::Open(places_);
  ASSERT_OK(defaults);
  EXPECT_FALSE(defaults->complete());
  ExpectTold(*defaults, kAlways, true);
  ExpectTold(*defaults, kIpv4, true);
  ExpectTold(*defaults, kIpv6, true);
  ExpectTold(*defaults, kNever, false);
}

TEST_F(DeviceDefaultsOfFilesTest, WhatComesWithAModuleIsToldWhenItIsThere) {
  const std::string parameters = places_.modules + "/nf_conntrack/parameters";
  fs::remove_all(places_.modules);
  auto defaults = DeviceDefaults::Open(places_);
  ASSERT_OK(defaults);
  const std::string without = defaults->Tell();
  EXPECT_EQ(defaults->Tell(), without);
  Write(parameters + "/acct", "N\n");
  const std::string with = defaults->Tell();
  EXPECT_NE(with, without);
  Write(parameters + "/acct", "Y\n");
  EXPECT_NE(defaults->Tell(), with);
}

TEST_F(DeviceDefaultsOfFilesTest, AHostWithoutAnyIsRefused) {
  fs::remove_all(places_.sysctl);
  EXPECT_ERRNO(DeviceDefaults::Open(places_), ENOENT);
}

class DeviceDefaultsTest : public KernelTest {};

TEST_F(DeviceDefaultsTest, AreToldTheSameUntilOneChanges) {
  auto defaults = DeviceDefaults::Open();
  ASSERT_OK(defaults);
  const std::string before = defaults->Tell();
  EXPECT_NE(before, "");
  EXPECT_EQ(defaults->Tell(), before);
  Sh("sysctl -qw net.ipv4.conf.default.rp_filter=2");
  EXPECT_NE(defaults->Tell(), before);
  Sh("sysctl -qw net.ipv4.conf.default.rp_filter=0");
  EXPECT_EQ(defaults->Tell(), before);
  Sh("sysctl -qw net.ipv6.conf.all.accept_ra=2");
  EXPECT_NE(defaults->Tell(), before);
  Sh("sysctl -qw net.ipv6.conf.all.accept_ra=1");
  EXPECT_EQ(defaults->Tell(), before);
}

TEST_F(DeviceDefaultsTest, OfTheNamespaceItWasOpenedInAreToldFromAnywhere) {
  auto defaults = DeviceDefaults::Open();
  ASSERT_OK(defaults);
  const std::string before = defaults->Tell();
  Sh("ip netns add red && ip netns exec red sysctl -qw net.ipv4.conf.default.rp_filter=2");
  ASSERT_OK(worker().Within(Named("red"), [&] {
    EXPECT_EQ(defaults->Tell(), before);
    return absl::OkStatus();
  }));
}

TEST_F(DeviceDefaultsTest, KeepNoMoreDescriptorsThanTheySay) {
  const int before = OpenDescriptors();
  {
    // From a sandbox it cannot be seen which of them count: all do.
    auto defaults = DeviceDefaults::Open();
    ASSERT_OK(defaults);
    defaults->Tell();
    EXPECT_GT(OpenDescriptors(), before + 100);
    EXPECT_LE(OpenDescriptors(), before + static_cast<int>(DeviceDefaults::kDescriptors));
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace warren::kernel
