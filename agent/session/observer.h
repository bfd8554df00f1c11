#ifndef WARREN_AGENT_SESSION_OBSERVER_H_
#define WARREN_AGENT_SESSION_OBSERVER_H_

// What the session tells whoever counts. Called from several threads; must not block.

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "agent/inventory/inventory.h"
#include "warren/v1/agents.pb.h"

namespace warren::session {

class Observer {
 public:
  virtual ~Observer() = default;

  // A session got its Welcome, or has lost it.
  virtual void OnConnected() = 0;
  virtual void OnDisconnected() = 0;
  // The server is dialled, other than for the first time.
  virtual void OnReconnect() = 0;
  // An intent is over; once each.
  virtual void OnIntent(v1::Intent::State state) = 0;
  // As executor::Listener::OnOperation.
  virtual void OnOperation(const std::string& kind, absl::Duration took, const std::string& errno_name) = 0;
  // A pass over the whole inventory is done.
  virtual void OnInventory(absl::Duration took, const inventory::Counts& counts) = 0;
  // So many namespaces had changed without an event, as a slow look at everything found.
  virtual void OnUnheard(size_t namespaces) = 0;
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_OBSERVER_H_
