#ifndef WARREN_TESTS_FAKES_RECORDING_OBSERVER_H_
#define WARREN_TESTS_FAKES_RECORDING_OBSERVER_H_

// Remembers what a session told its observer. Thread-safe.

#include <map>
#include <string>

#include "agent/session/observer.h"
#include "proto/common/mutex.h"

namespace warren::session {

class RecordingObserver : public Observer {
 public:
  // "connected", "disconnected", "reconnect", "intent SUCCEEDED", "operation create_veth EEXIST", "inventory".
  int Count(const std::string& event) const {
    MutexLock lock(&mutex_);
    const auto found = events_.find(event);
    return found == events_.end() ? 0 : found->second;
  }
  void WaitFor(const std::string& event, int count) {
    MutexLock lock(&mutex_);
    while (events_[event] < count) changed_.Wait(&mutex_);
  }

  void OnConnected() override { Add("connected"); }
  void OnDisconnected() override { Add("disconnected"); }
  void OnReconnect() override { Add("reconnect"); }
  void OnIntent(v1::Intent::State state) override { Add("intent " + v1::Intent::State_Name(state)); }
  void OnOperation(const std::string& kind, absl::Duration, const std::string& errno_name) override {
    Add("operation " + kind + " " + errno_name);
  }
  void OnInventory(absl::Duration, const inventory::Counts&) override { Add("inventory"); }
  void OnUnheard(size_t namespaces) override { Add("unheard " + std::to_string(namespaces)); }

 private:
  void Add(const std::string& event) {
    MutexLock lock(&mutex_);
    ++events_[event];
    changed_.SignalAll();
  }

  mutable Mutex mutex_;
  CondVar changed_;
  mutable std::map<std::string, int> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::session

#endif  // WARREN_TESTS_FAKES_RECORDING_OBSERVER_H_
