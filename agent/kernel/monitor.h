#ifndef WARREN_AGENT_KERNEL_MONITOR_H_
#define WARREN_AGENT_KERNEL_MONITOR_H_

// What changes in network namespaces, for the inventory: the events of event_socket.h, understood. Whatever reads there
// leaves here what the inventory has not read yet, up to a limit; beyond it they are lost.
//
// Threading: one thread at a time; the descriptors may be polled meanwhile. Cost: 1-2 µs an event, and 0.1-1.5 KiB
// while it has not been read.

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/event.h"
#include "agent/kernel/event_socket.h"

namespace warren::kernel {

class Monitor {
 public:
  // Links, addresses, routes and nsids, from now on. At most so many bytes of them are kept until they are read. Where
  // nobody hears: why.
  static absl::StatusOr<Monitor> Open(const SharedEvents& events, size_t most_bytes = 16 << 20);
  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) noexcept;
  ~Monitor();

  // As EventSocket's.
  absl::Status HearAll(bool all);

  // From now on events of this other namespace tell its links whole, as the host's own do.
  void TellWhole(int nsid);

  // All that there are, in order; does not wait.
  absl::Status Read(const std::function<void(const Event&)>& each);

  // Any of them is readable when there may be something to read.
  std::vector<int> descriptors() const;

 private:
  class Kept;
  explicit Monitor(std::unique_ptr<Kept> kept);

  std::unique_ptr<Kept> kept_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_MONITOR_H_
