#include "agent/probe/kernel_trials.h"

#include <errno.h>
#include <sys/socket.h>

#include <utility>

#include "agent/kernel/error.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/link.h"

namespace warren::probe {
namespace {

absl::Status NoScratch() { return absl::FailedPreconditionError("there is no namespace to try this in"); }

}  // namespace

absl::Status KernelTrials::OpenOwnNetns() {
  auto worker = kernel::NetnsWorker::Create();
  if (!worker.ok()) return worker.status();
  worker_.emplace(*std::move(worker));
  return absl::OkStatus();
}

absl::Status KernelTrials::MakeNetns() {
  if (!worker_) return NoScratch();
  auto made = worker_->NewNetns();
  if (!made.ok()) return made.status();
  scratch_ = std::move(made->netns);
  netlink_.emplace(std::move(made->netlink));
  return absl::OkStatus();
}

absl::Status KernelTrials::MakeVeth() {
  if (!netlink_) return NoScratch();
  return kernel::CreateVeth(*netlink_, {&scratch_, "a", kernel::RandomMac()}, {&scratch_, "b", kernel::RandomMac()});
}

absl::Status KernelTrials::MakeBridge() {
  if (!netlink_) return NoScratch();
  return kernel::CreateBridge(*netlink_, "br", kernel::RandomMac(), 0);
}

absl::Status KernelTrials::OpenIpv6() {
  const UniqueFd fd(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return fd.valid() ? absl::OkStatus() : kernel::ErrnoError(errno, "opening an IPv6 socket");
}

}  // namespace warren::probe
