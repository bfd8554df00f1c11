#ifndef WARREN_TESTS_AGENT_KERNEL_KERNEL_TEST_H_
#define WARREN_TESTS_AGENT_KERNEL_KERNEL_TEST_H_

// A worker and a socket in the sandbox's own namespace, for tests of one kernel facility. What a test makes is removed
// after it by `ip`; a descriptor it left open fails it.

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "agent/kernel/error.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"
#include "tests/agent/kernel/witness.h"

namespace warren::kernel {

class KernelTest : public ::testing::Test {
 protected:
  KernelTest() : descriptors_(OpenDescriptors()) {
    auto worker = NetnsWorker::Create();
    if (!worker.ok()) throw std::runtime_error(std::string(worker.status().message()));
    worker_ = *std::move(worker);
    host_ = OpenSocket(worker_->host());
  }

  void TearDown() override {
    host_.reset();
    worker_.reset();
    EXPECT_EQ(OpenDescriptors(), descriptors_) << "descriptors leaked";
    Sh("ip -all netns delete");
    Sh("for link in $(ip -j link | jq -r '.[].ifname'); do [ $link = lo ] || ip link delete $link 2>/dev/null || true; "
       "done");
  }

  NetnsWorker& worker() { return *worker_; }
  // In the host's (the sandbox's) namespace.
  Netlink& host() { return *host_; }
  const NetnsDir& dir() const { return dir_; }

  Netlink OpenSocket(const Netns& netns) {
    auto netlink = worker_->OpenNetlink(netns);
    if (!netlink.ok()) throw std::runtime_error(std::string(netlink.status().message()));
    return *std::move(netlink);
  }
  Netns Named(const std::string& name) {
    auto netns = dir_.Open(name);
    if (!netns.ok()) throw std::runtime_error(std::string(netns.status().message()));
    return *std::move(netns);
  }
  // 0 when there is none; a link by its name, not by an alternative one.
  int IndexOf(Netlink& netlink, const std::string& name) {
    auto link = GetLink(netlink, name);
    return link.ok() ? link->ifindex : 0;
  }

 private:
  const int descriptors_;
  std::optional<NetnsWorker> worker_;
  std::optional<Netlink> host_;
  const NetnsDir dir_{"/run/netns"};
};

inline absl::Status ToStatus(absl::Status status) { return status; }
template <typename T>
absl::Status ToStatus(const absl::StatusOr<T>& value) {
  return value.status();
}

// "EEXIST", or what else the status is.
template <typename T>
std::string FailureOf(const T& result) {
  const absl::Status status = ToStatus(result);
  return ErrnoOf(status) != 0 ? ErrnoName(ErrnoOf(status)) : status.ToString();
}

#define EXPECT_ERRNO(expression, error) EXPECT_EQ(FailureOf(expression), ErrnoName(error))
#define ASSERT_OK(expression) ASSERT_EQ(ToStatus(expression), absl::OkStatus())

}  // namespace warren::kernel

#endif  // WARREN_TESTS_AGENT_KERNEL_KERNEL_TEST_H_
