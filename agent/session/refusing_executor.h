#ifndef WARREN_AGENT_SESSION_REFUSING_EXECUTOR_H_
#define WARREN_AGENT_SESSION_REFUSING_EXECUTOR_H_

// Stands where the executor stands on a kernel that cannot do the work: every intent FAILS with the reason, so that
// those accepted before the host was known to lack it get an answer too. Nothing is kept on disk: whoever asks again is
// refused again. Threading as executor.h; calls the listener on the thread of Submit.

#include <map>
#include <string>
#include <vector>

#include "agent/executor/executor.h"
#include "proto/common/mutex.h"

namespace warren::session {

class RefusingExecutor : public executor::Executor {
 public:
  // reason: "host h1: kernel has no network namespace support (CONFIG_NET_NS)".
  RefusingExecutor(std::string reason, std::string boot_id, executor::Listener& listener)
      : reason_(std::move(reason)), boot_id_(std::move(boot_id)), listener_(listener) {}

  void Submit(std::vector<v1::IntentDelivery> intents) override;
  CancelOutcome Cancel(int64_t sequence) override;
  std::vector<v1::IntentResult> UnacknowledgedResults() override;
  void Acknowledge(const std::vector<int64_t>& sequences) override;
  void DropQueued() override {}
  absl::Status Health() override { return absl::OkStatus(); }
  executor::Stats stats() override;
  bool OwnsNetns(uint64_t) const override { return false; }
  bool OwnsName(uint64_t, const std::string&) const override { return false; }
  bool OwnsLink(uint64_t, int) const override { return false; }
  bool OwnsLink(uint64_t, const kernel::Link&, int) override { return false; }
  void SetServerAddress(const kernel::Ip&) override {}
  void Stop() override {}

 private:
  const std::string reason_;
  const std::string boot_id_;
  executor::Listener& listener_;
  Mutex mutex_;
  std::map<int64_t, v1::IntentResult> results_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_REFUSING_EXECUTOR_H_
