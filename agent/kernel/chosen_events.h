#ifndef WARREN_AGENT_KERNEL_CHOSEN_EVENTS_H_
#define WARREN_AGENT_KERNEL_CHOSEN_EVENTS_H_

// What changes in a chosen few namespaces, at a price that depends on how few they are, and not on how many
// namespaces the host has.
//
// What makes hearing all of them dear (event_socket.h) is that the kernel walks through the ids of the namespace that
// the listener is in, with every event of any other. So this listens from a namespace of its own, which nobody else
// knows and which has ids for the chosen ones alone: about 20 ns an id for each event anywhere, with RTNL held. It
// holds none of the chosen ones: they go as they would without it. An id stays as long as its namespace, so whoever
// chooses others begins with a new one of these.
//
// Threading: one thread, made for namespace work; the descriptor may be polled meanwhile. Needs CAP_NET_BROADCAST.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/event.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

class ChosenEvents {
 public:
  // Makes the namespace it listens from, 0.3 ms; listens to nothing yet.
  static absl::StatusOr<ChosenEvents> Open(NetnsWorker& worker);

  // Chooses one, which is told as this number. Nothing that happened before is told of it.
  absl::Status Choose(const Netns& netns, uint64_t cookie);
  bool Has(uint64_t cookie) const { return ids_.contains(cookie); }
  // It is gone.
  void Forget(uint64_t cookie);
  size_t size() const { return ids_.size(); }

  // From now on, or not any more; what was not read is lost then. At first it does not.
  absl::Status Listen(bool on);

  struct News {
    // Of links (whole), addresses, routes and nexthop objects, in order, each with the namespace's number.
    std::vector<std::pair<uint64_t, Event>> events;
    bool lost = false;  // perhaps of others, too
  };
  // What there is by now.
  News Read();

  // Readable when there may be news.
  int fd() const { return events_.fd(); }

 private:
  ChosenEvents(Netlink requests, Netlink events);

  Netlink requests_, events_;  // both in the namespace of its own
  absl::flat_hash_map<uint64_t, int> ids_;
  absl::flat_hash_map<int, uint64_t> cookies_;
  std::vector<char> buffer_;
  bool listens_ = false;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_CHOSEN_EVENTS_H_
