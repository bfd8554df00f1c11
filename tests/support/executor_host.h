#ifndef WARREN_TESTS_SUPPORT_EXECUTOR_HOST_H_
#define WARREN_TESTS_SUPPORT_EXECUTOR_HOST_H_

// An executor on the sandbox's kernel, and somebody who listens to it. Intents are written as text, an operation a
// line:
//
//   create_namespace { namespace: 'red' }
//   create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' } }

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "agent/executor/executor.h"
#include "agent/executor/listener.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"

namespace warren {

// Throws on a line that is no operation.
v1::IntentDelivery ParseIntent(int64_t sequence, std::string_view operations);

// Remembers all it is told. Threading: any.
class Recorder : public executor::Listener {
 public:
  struct Operation {
    std::string kind, errno_name;
  };

  void OnStarted(int64_t sequence) override;
  void OnFinished(executor::Finished finished) override;
  void OnOperation(const std::string& kind, absl::Duration took, const std::string& errno_name) override;

  // Blocks until the intent is told to be finished for the `times`th time; throws when that takes over 30 s (times
  // WARREN_TEST_SLOWNESS).
  executor::Finished WaitFinished(int64_t sequence, size_t times = 1);
  void WaitStarted(int64_t sequence);

  // In the order told.
  std::vector<int64_t> started() const;
  std::vector<executor::Finished> finished() const;
  std::vector<Operation> operations() const;

  // Blocks OnStarted of that intent, and the executor with it, until Release.
  void HoldAt(int64_t sequence);
  void Release();

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<int64_t> started_ ABSL_GUARDED_BY(mutex_);
  std::vector<executor::Finished> finished_ ABSL_GUARDED_BY(mutex_);
  std::vector<Operation> operations_ ABSL_GUARDED_BY(mutex_);
  std::set<int64_t> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren

#endif  // WARREN_TESTS_SUPPORT_EXECUTOR_HOST_H_
