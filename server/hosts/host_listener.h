#ifndef WARREN_SERVER_HOSTS_HOST_LISTENER_H_
#define WARREN_SERVER_HOSTS_HOST_LISTENER_H_

// What agents say about intents, for whoever holds the queue.

#include <cstdint>
#include <string>
#include <vector>

#include "warren/v1/agents.pb.h"

namespace warren::hosts {

// Threading: called from any thread, never under a lock of the registry; must not block. What one agent says comes in
// the order said. Of a session, HostConnected comes first, HostDisconnected last, each at most once; those of different
// sessions of a host may overlap, and the greater number is the newer session.
class HostListener {
 public:
  virtual ~HostListener() = default;

  virtual void HostConnected(const std::string& host, uint64_t session) = 0;
  virtual void HostDisconnected(const std::string& host, uint64_t session) = 0;
  virtual void Started(const std::string& host, const std::vector<int64_t>& sequences) = 0;
  virtual void Finished(const std::string& host, std::vector<v1::IntentResult> results) = 0;
  virtual void CancelAnswered(const std::string& host, int64_t sequence, bool cancelled, const std::string& reason) = 0;
};

// Plain calls for whoever counts; same threading.
class HostsObserver {
 public:
  virtual ~HostsObserver() = default;

  // A session was accepted.
  virtual void OnSession() = 0;
  // That many live sessions more (or fewer).
  virtual void OnConnected(int change) = 0;
  // A host came back with another boot id.
  virtual void OnReboot() = 0;
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HOST_LISTENER_H_
