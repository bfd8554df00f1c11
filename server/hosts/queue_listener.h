#ifndef WARREN_SERVER_HOSTS_QUEUE_LISTENER_H_
#define WARREN_SERVER_HOSTS_QUEUE_LISTENER_H_

#include <string>
#include <utility>
#include <vector>

#include "server/exec/sessions.h"
#include "server/hosts/host_listener.h"
#include "server/intents/intents.h"

namespace warren::hosts {

// Passes on to the intent queue what agents say, and to the sessions of Exec that one is gone. Thread-safe, as they
// are.
class QueueListener : public HostListener {
 public:
  // Both outlive it.
  QueueListener(intents::Intents& queue, exec::Sessions& commands) : queue_(queue), commands_(commands) {}

  void HostConnected(const std::string& host, uint64_t session) override { queue_.HostConnected(host, session); }
  void HostDisconnected(const std::string& host, uint64_t session) override {
    queue_.HostDisconnected(host, session);
    commands_.AgentGone(host, session);
  }
  void Started(const std::string& host, const std::vector<int64_t>& sequences) override {
    queue_.Started(host, sequences);
  }
  void Finished(const std::string& host, std::vector<v1::IntentResult> results) override {
    queue_.Finished(host, std::move(results));
  }
  void CancelAnswered(const std::string& host, int64_t sequence, bool cancelled, const std::string& reason) override {
    queue_.CancelAnswered(host, sequence, cancelled, reason);
  }

 private:
  intents::Intents& queue_;
  exec::Sessions& commands_;
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_QUEUE_LISTENER_H_
