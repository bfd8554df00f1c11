#ifndef WARREN_AGENT_KERNEL_DEPARTURES_H_
#define WARREN_AGENT_KERNEL_DEPARTURES_H_

// Which links and namespaces went, of the events of event_socket.h: the kernel queues RTM_DELLINK before the deletion
// of a link returns, and RTM_DELNSID when it frees a namespace that the host has an id for; links that go with their
// namespace are not told of. A link that leaves for another namespace went, too.
//
// Threading: as EventSocket's listeners. Cost: a few ns for an event of anything else.

#include "agent/kernel/event_socket.h"

namespace warren::kernel {

class Departures : private EventSocket::Listener {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // The nsid of its namespace, or EventSocket::kOwnNamespace.
    virtual void OnLinkWent(int origin, int ifindex) = 0;
    // The host had this id for it, and gives it out again.
    virtual void OnNetnsWent(int nsid) = 0;
    // Some are missing.
    virtual void OnDeparturesLost() = 0;
  };

  // Of other namespaces while somebody else listens to them. Where nobody hears, nothing is told.
  Departures(SharedEvents events, Listener& listener);
  ~Departures() override;
  Departures(const Departures&) = delete;
  Departures& operator=(const Departures&) = delete;

  // Tells all that there were until now, on this thread or on one that has read already.
  void Read();

 private:
  void OnEvent(int origin, nlmsghdr* message) override;
  void OnLost() override { listener_.OnDeparturesLost(); }
  void OnReadByOther() override {}

  const SharedEvents events_;
  Listener& listener_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_DEPARTURES_H_
