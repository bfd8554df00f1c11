#ifndef WARREN_TESTS_AGENT_EXECUTOR_EXECUTOR_TEST_H_
#define WARREN_TESTS_AGENT_EXECUTOR_EXECUTOR_TEST_H_

// An executor over the sandbox's kernel. Everything a test makes is removed after it, by `ip`, not by the executor.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "agent/executor/executor.h"
#include "tests/agent/kernel/witness.h"
#include "tests/support/executor_host.h"
#include "tests/support/netns_dump.h"

namespace warren::executor {

using kernel::Sh;
using kernel::Try;

class ExecutorTest : public ::testing::Test {
 protected:
  ExecutorTest() {
    const char* parent = getenv("TMPDIR");
    scratch_ = std::string(parent != nullptr ? parent : "/tmp") + "/executor-XXXXXX";
    if (mkdtemp(scratch_.data()) == nullptr) abort();
    options_.state_dir = scratch_ + "/state";
    options_.run_dir = "/run/warren";
    dump_.run_dir = options_.run_dir;
  }

  void SetUp() override { Reopen(); }

  void TearDown() override {
    recorder_.Release();
    executor_.reset();
    // Nothing of the executor's own stays behind, whatever the test did.
    dump_.identity = false;
    for (const std::string& line : DumpHost(dump_)) {
      EXPECT_NE(line.rfind("files ", 0), 0u) << "left below the run directory: " << line;
      EXPECT_NE(line.rfind("mounts " + options_.run_dir, 0), 0u) << "left below the run directory: " << line;
    }
    Try("awk '$4 ~ /^net:/ && $5 !~ \"^/run/netns/\" {print $5}' /proc/self/mountinfo | xargs -r -n1 umount -l");
    Sh("ip -all netns delete; rm -f /run/netns/*");
    Sh("for link in $(ip -j link | jq -r '.[].ifname'); do [ $link = lo ] || ip link delete $link 2>/dev/null || true; "
       "done");
    Sh("ip route flush table all scope global 2>/dev/null || true; ip link set lo up");
    std::filesystem::remove_all(scratch_);
    std::filesystem::remove_all(options_.run_dir);
  }

  // Opens an executor over what the last one left.
  void Reopen() {
    executor_.reset();
    options_.events = kernel::EventSocket::Open();
    auto executor = Executor::Open(options_, recorder_);
    ASSERT_TRUE(executor.ok()) << executor.status().ToString();
    executor_ = *std::move(executor);
  }

  int64_t Submit(std::string_view operations) {
    executor_->Submit({ParseIntent(++sequence_, operations)});
    return sequence_;
  }
  v1::IntentResult Apply(std::string_view operations) { return recorder_.WaitFinished(Submit(operations)).result; }

  void Succeed(std::string_view operations) {
    const v1::IntentResult result = Apply(operations);
    ASSERT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
    EXPECT_FALSE(result.has_error()) << result.DebugString();
  }
  v1::OperationError Fail(std::string_view operations) {
    const v1::IntentResult result = Apply(operations);
    EXPECT_EQ(result.state(), v1::Intent::FAILED) << result.DebugString();
    EXPECT_THAT(result.error().not_undone(), ::testing::IsEmpty()) << result.DebugString();
    EXPECT_NE(result.error().code(), 0) << result.DebugString();
    EXPECT_FALSE(result.error().message().empty());
    return result.error();
  }

  HostDump Dump() const { return DumpSettledHost(dump_); }

  // These operations, followed by one that fails, leave everything as it is, and do change something without that one.
  void ExpectUndone(const std::string& operations) {
    const HostDump before = Dump();
    const int count = ParseIntent(1, operations).operations_size();
    const v1::OperationError error = Fail(operations + "\n delete_link { namespace: '@host' name: 'no-such-link' }");
    EXPECT_EQ(error.operation_index(), count) << error.DebugString();
    EXPECT_EQ(error.operation(), "delete_link");
    EXPECT_EQ(error.object(), "@host:no-such-link");
    EXPECT_EQ(error.errno_name(), "ENODEV");
    EXPECT_EQ(DifferenceInTheEnd(before, dump_), "") << "after undo of: " << operations;
    ASSERT_NO_FATAL_FAILURE(Succeed(operations));
    EXPECT_NE(Difference(before, Dump()), "") << "changes nothing: " << operations;
  }

  // What has to come before the renaming of a link that is up: before Linux 6.2, that it is set down, which the host's
  // loopback is only with force.
  static std::string ToRename(const std::string& netns, const std::string& link) {
    if (kernel::RenamesLinksThatAreUp()) return "";
    return "set_link { namespace: '" + netns + "' name: '" + link + "' up: false force: true }\n";
  }

  // These operations fail and leave everything as it is.
  v1::OperationError ExpectRefused(const std::string& operations) {
    const HostDump before = Dump();
    v1::OperationError error = Fail(operations);
    EXPECT_EQ(DifferenceInTheEnd(before, dump_), "") << "after refusal of: " << operations;
    return error;
  }

  Options options_;
  Recorder recorder_;
  std::unique_ptr<Executor> executor_;
  int64_t sequence_ = 0;
  DumpOptions dump_;

 private:
  std::string scratch_;
};

// What every refusal tells: where, what, why.
struct Refusal {
  std::string operation, object, errno_name;
  int code;  // google.rpc.Code
};

inline void ExpectError(const v1::OperationError& error, const Refusal& expected) {
  EXPECT_EQ(error.operation(), expected.operation) << error.DebugString();
  EXPECT_EQ(error.object(), expected.object) << error.DebugString();
  EXPECT_EQ(error.errno_name(), expected.errno_name) << error.DebugString();
  EXPECT_EQ(error.errno_value() != 0, !expected.errno_name.empty()) << error.DebugString();
  EXPECT_EQ(error.code(), expected.code) << error.DebugString();
  EXPECT_THAT(error.message(), ::testing::HasSubstr(expected.errno_name)) << "the kernel's reason is not told";
}

inline constexpr int kInvalidArgument = 3, kNotFound = 5, kAlreadyExists = 6, kFailedPrecondition = 9;

}  // namespace warren::executor

#endif  // WARREN_TESTS_AGENT_EXECUTOR_EXECUTOR_TEST_H_
