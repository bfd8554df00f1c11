#ifndef WARREN_AGENT_EXECUTOR_WARM_POOL_H_
#define WARREN_AGENT_EXECUTOR_WARM_POOL_H_

// Pristine namespaces made ahead of need: making one takes 0.3 ms, claiming one that is there nothing. They are held by
// descriptors alone: they have no name and no nsid, nobody sees them, and they are gone with the agent. One that is
// claimed and confirmed cannot be told from a fresh one: nothing in it was touched, its loopback is down, and a change
// of what a new namespace takes over from the host (agent/kernel/device_defaults.h) lets go of all that were made
// before it (docs/adr/0009-warm-namespaces.md).
//
// Threading: any thread, and two of its own: one, made for namespace work, refills; the other looks at the host's
// settings when claims are expected, while their work is under way. Start it in the host's namespace.
//
// Cost: a claim takes 1 µs, and so does to confirm it, unless nobody has looked at the host's settings for 5 ms: 0.1 ms
// (0.2 ms where IPv6's are among them), less what the thread that looks is ahead. Each namespace kept costs two
// descriptors and some 160 KiB of the kernel's memory.
//
// Metrics: stats().

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "agent/kernel/device_defaults.h"
#include "agent/kernel/netns.h"
#include "proto/common/logging.h"

namespace warren::executor {

class WarmPool {
 public:
  struct Options {
    // At most half of the descriptors that this process may open (RLIMIT_NOFILE) are taken: where that is too few for
    // the size, the pool is smaller, and says so.
    size_t size = 64;
    Logger logger = Logger::Null();
    kernel::DeviceDefaults::Places places;
    // How long the host's settings are taken to be as they were found. Short against the time between two acts of
    // somebody who changes them and then asks for a namespace.
    std::chrono::steady_clock::duration trust = std::chrono::milliseconds(5);
    std::function<std::chrono::steady_clock::time_point()> clock = [] { return std::chrono::steady_clock::now(); };
  };
  // Fills it in the background. PERMISSION_DENIED without CAP_SYS_ADMIN shows only there, in the log.
  static absl::StatusOr<std::unique_ptr<WarmPool>> Start(Options options);
  // Stops.
  virtual ~WarmPool() = default;

  struct Claimed {
    kernel::NetnsWorker::Made made;
    uint64_t lot = 0;  // all of one were made under the same settings
  };
  // None: whoever asks makes one himself. Does not wait for the kernel's locks.
  virtual std::optional<Claimed> Claim() = 0;
  // Whether those of the lot are what one would be that is made after `asked`; false: let go of it, and make one. To be
  // asked before a claim counts, the later the better: somebody may have looked by then.
  virtual bool Confirm(uint64_t lot, std::chrono::steady_clock::time_point asked) = 0;
  // Somebody is about to claim and confirm: the host's settings are looked at meanwhile, unless that was just done.
  virtual void Expect() = 0;
  // While busy, nothing is refilled: it would compete with the work for the kernel's locks. Nor for 5 ms after.
  // Idle at first.
  virtual void SetBusy(bool busy) = 0;

  struct Stats {
    size_t warm = 0;
    int64_t hits = 0, misses = 0;
  };
  virtual Stats stats() const = 0;

  // Lets go of all. Idempotent; from one thread. Claims after it find nothing.
  virtual void Stop() = 0;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_WARM_POOL_H_
