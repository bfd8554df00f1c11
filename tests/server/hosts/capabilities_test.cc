#include "server/hosts/capabilities.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "proto/common/status_payload.h"

namespace warren::hosts {
namespace {

// The capabilities an operation needs, found by taking them away one at a time.
std::string Needed(const std::string& operation) {
  google::protobuf::RepeatedPtrField<v1::Operation> operations;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(operation, operations.Add())) << operation;
  std::string needed;
  for (const std::string missing : {"netns", "veth", "bridge", "ipv6"}) {
    google::protobuf::RepeatedPtrField<v1::Capability> capabilities;
    for (const std::string name : {"netns", "veth", "bridge", "ipv6"}) {
      v1::Capability* capability = capabilities.Add();
      capability->set_name(name);
      capability->set_available(name != missing);
      if (name == missing) capability->set_reason("kernel has no " + name);
    }
    const absl::Status status = CheckCapabilities("h1", capabilities, operations);
    if (status.ok()) continue;
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(status.message(), "host h1: kernel has no " + missing);
    needed += (needed.empty() ? "" : " ") + missing;
  }
  return needed;
}

TEST(CapabilitiesTest, EachOperationNeedsWhatItUses) {
  const std::map<std::string, std::string> table = {
      {R"(create_namespace {namespace: "red"})", "netns"},
      {R"(delete_namespace {namespace: "red"})", "netns"},
      {R"(create_veth {a {namespace: "red" name: "a"} b {namespace: "@host" name: "b"}})", "netns veth"},
      {R"(create_veth {a {namespace: "@host" name: "a"} b {namespace: "@host" name: "b"}})", "veth"},
      {R"(create_veth {a {namespace: "@host" name: "a"} b {namespace: "@host" name: "b" addresses: "fd00::1/64"}})",
       "veth ipv6"},
      {R"(move_link {namespace: "@host" name: "a" to_namespace: "red"})", "netns"},
      {R"(move_link {namespace: "red" name: "a" to_namespace: "@host"})", "netns"},
      {R"(delete_link {namespace: "@host" name: "a"})", ""},
      {R"(delete_link {namespace: "red" name: "a"})", "netns"},
      {R"(set_link {namespace: "red" name: "a" up: true})", "netns"},
      {R"(add_address {namespace: "@host" link: "a" address: "10.0.0.1/24"})", ""},
      {R"(add_address {namespace: "@host" link: "a" address: "fd00::1/64"})", "ipv6"},
      {R"(delete_address {namespace: "red" link: "a" address: "fd00::1/64"})", "netns ipv6"},
      {R"(add_route {namespace: "@host" destination: "default" via: "10.0.0.254"})", ""},
      {R"(add_route {namespace: "@host" destination: "default" via: "fe80::1"})", "ipv6"},
      {R"(add_route {namespace: "@host" destination: "fd00::/64" dev: "a"})", "ipv6"},
      {R"(add_route {namespace: "@host" destination: "default" dev: "a" src: "fd00::1"})", "ipv6"},
      {R"(delete_route {namespace: "red" destination: "::/0"})", "netns ipv6"},
      {R"(create_bridge {namespace: "@host" name: "br0"})", "bridge"},
      {R"(create_bridge {namespace: "red" name: "br0" addresses: "fd00::1/64"})", "netns bridge ipv6"},
      {R"(delete_bridge {namespace: "@host" name: "br0"})", "bridge"},
      {R"(attach_link {namespace: "@host" link: "a" bridge: "br0"})", "bridge"},
      {R"(detach_link {namespace: "red" link: "a"})", "netns bridge"},
  };
  for (const auto& [operation, needed] : table) EXPECT_EQ(Needed(operation), needed) << operation;
}

TEST(CapabilitiesTest, RefusesInTheWordsOfTheAgent) {
  google::protobuf::RepeatedPtrField<v1::Capability> capabilities;
  v1::Capability* netns = capabilities.Add();
  netns->set_name("netns");
  netns->set_reason("kernel has no network namespace support (CONFIG_NET_NS)");
  google::protobuf::RepeatedPtrField<v1::Operation> operations;
  operations.Add()->mutable_create_namespace()->set_namespace_("red");
  const absl::Status refused = CheckCapabilities("h1", capabilities, operations);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(), "host h1: kernel has no network namespace support (CONFIG_NET_NS)");
  EXPECT_EQ(ReasonOf(refused), "CAPABILITY_MISSING");
}

TEST(CapabilitiesTest, FindsWhatALaterOperationLacks) {
  google::protobuf::RepeatedPtrField<v1::Capability> capabilities;
  capabilities.Add()->set_name("bridge");
  google::protobuf::RepeatedPtrField<v1::Operation> operations;
  operations.Add()->mutable_create_namespace()->set_namespace_("red");
  EXPECT_TRUE(CheckCapabilities("h1", capabilities, operations).ok());
  operations.Add()->mutable_create_bridge()->set_namespace_("red");
  EXPECT_EQ(CheckCapabilities("h1", capabilities, operations).message(), "host h1: kernel has no \"bridge\" support");
}

TEST(CapabilitiesTest, WhatTheAgentSaysNothingOfIsTakenToBeThere) {
  google::protobuf::RepeatedPtrField<v1::Operation> operations;
  operations.Add()->mutable_create_veth();
  EXPECT_TRUE(CheckCapabilities("h1", {}, operations).ok());
}

TEST(CapabilitiesTest, CommandsAreRunWhereTheAgentSaysSo) {
  google::protobuf::RepeatedPtrField<v1::Capability> capabilities;
  absl::Status status = CheckExec("h1", capabilities);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << "of an agent that is older than commands";
  EXPECT_EQ(ReasonOf(status), "CAPABILITY_MISSING");
  v1::Capability& exec = *capabilities.Add();
  exec.set_name("exec");
  exec.set_reason("commands are off: its agent was started without --enable-exec");
  status = CheckExec("h1", capabilities);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "host h1: commands are off: its agent was started without --enable-exec");
  EXPECT_EQ(ReasonOf(status), "CAPABILITY_MISSING");
  exec.set_available(true);
  EXPECT_TRUE(CheckExec("h1", capabilities).ok());
}

}  // namespace
}  // namespace warren::hosts
