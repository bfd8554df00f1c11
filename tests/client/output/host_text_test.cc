#include "client/output/host_text.h"

#include <gtest/gtest.h>

#include "tests/client/output/messages.h"

namespace warren::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1795564103);

std::vector<v1::Host> Hosts() {
  return {From<v1::Host>(R"(
            name: 'hosts/h1' connected: true agent_version: '0.1.0' kernel_release: '6.18.0' boot_id: 'b'
            queued_intents: 3 namespace_count: 120
            connect_time { seconds: 1795564000 } last_seen_time { seconds: 1795564101 }
            capabilities { name: 'netns' available: true }
            capabilities { name: 'bridge' reason: 'kernel has no bridge support (CONFIG_BRIDGE)' })"),
          From<v1::Host>("name: 'hosts/edge-2.example.com' queued_intents: 1")};
}

TEST(HostsText, IsATableOfHosts) {
  EXPECT_EQ(HostsText(Hosts(), Format::kTable, kNow),
            "HOST                 CONNECTED   LAST SEEN   NAMESPACES   QUEUED   KERNEL   AGENT\n"
            "h1                   yes         2s ago      120          3        6.18.0   0.1.0\n"
            "edge-2.example.com   no          never       0            1        -        -\n");
  EXPECT_EQ(HostsText({}, Format::kTable, kNow),
            "HOST   CONNECTED   LAST SEEN   NAMESPACES   QUEUED   KERNEL   AGENT\n");
}

TEST(HostsText, IsNamesOrData) {
  EXPECT_EQ(HostsText(Hosts(), Format::kName, kNow), "hosts/h1\nhosts/edge-2.example.com\n");
  EXPECT_EQ(HostsText({}, Format::kName, kNow), "");
  EXPECT_EQ(HostsText({}, Format::kJson, kNow), "[]\n");
  EXPECT_EQ(HostsText({Hosts()[1]}, Format::kYaml, kNow), "- name: hosts/edge-2.example.com\n  queuedIntents: 1\n");
}

TEST(HostText, ShowsOneWithWhatItsKernelCanDo) {
  EXPECT_EQ(HostText(Hosts()[0], Format::kTable, kNow),
            "Host:             h1\n"
            "Connected:        yes, since 2026-11-24T23:46:40.000Z\n"
            "Last seen:        2s ago\n"
            "Namespaces:       120\n"
            "Queued intents:   3\n"
            "Kernel:           6.18.0\n"
            "Boot:             b\n"
            "Agent:            0.1.0\n"
            "Capabilities:     netns: yes\n"
            "                  bridge: no, kernel has no bridge support (CONFIG_BRIDGE)\n");
  EXPECT_EQ(HostText(Hosts()[1], Format::kTable, kNow),
            "Host:             edge-2.example.com\n"
            "Connected:        no\n"
            "Last seen:        never\n"
            "Namespaces:       0\n"
            "Queued intents:   1\n");
  EXPECT_EQ(HostText(Hosts()[0], Format::kName, kNow), "hosts/h1\n");
  EXPECT_EQ(HostText(Hosts()[1], Format::kYaml, kNow), "name: hosts/edge-2.example.com\nqueuedIntents: 1\n");
}

}  // namespace
}  // namespace warren::cli
