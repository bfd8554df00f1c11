#ifndef WARREN_CLIENT_LIB_WATCH_H_
#define WARREN_CLIENT_LIB_WATCH_H_

// A watch that survives the server: what there is, then what changes, for as long as it is asked.
//
//   auto watch = client.WatchIntents(request);                    // parent, filter
//   while (true) {
//     auto event = watch->Next(absl::Now() + absl::Minutes(1));
//     if (absl::IsDeadlineExceeded(event.status())) continue;     // nothing happened
//     if (!event.ok()) return event.status();
//     ...                                                         // event->change, event->item, event->revision
//   }
//
// When the stream breaks it is opened again, with the pauses of RetryOptions, and goes on after what it last told: no
// event is lost and none comes twice, but for intents' RUNNING, which is best effort. Where that is not possible any
// more (the server no longer has what happened since, or the break came within the snapshot) a kRestarted comes, then a
// snapshot: what is not in it by kSynced is gone.
//
// Threads: Next for one thread at a time; Stop for any. A watch may outlive its Client. Cost: one stream; at most one
// message (a server's batch) is read ahead, so that a slow caller slows the stream, and is in the end cut by the server
// and catches up from a snapshot.

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "warren/v1/hosts.pb.h"
#include "warren/v1/intents.pb.h"
#include "warren/v1/inventory.pb.h"

namespace warren::client {

enum class WatchChange {
  kExisting,   // part of a snapshot
  kSynced,     // the snapshot is complete; without an item
  kChanged,    // it is new, or changed
  kDeleted,    // it is gone, or no longer matches the filter; only its name is set
  kRebooted,   // of a host: as kChanged, with another boot_id
  kRestarted,  // a new snapshot follows: forget what is not in it; without an item
};

template <typename Item>
struct WatchEvent {
  WatchChange change = WatchChange::kExisting;
  Item item;
  // In the order of all events; 0 in a snapshot, and for an intent's RUNNING.
  int64_t revision = 0;
};

template <typename Item>
class Watch {
 public:
  // Stops.
  virtual ~Watch() = default;

  // The next event, waited for. DEADLINE_EXCEEDED: nothing happened until then; ask again. UNAVAILABLE, or whatever it
  // was (IsWorthRetrying): no server was reached until then; ask again, or give up. CANCELLED: stopped. Anything else
  // is the server's refusal, and final.
  virtual absl::StatusOr<WatchEvent<Item>> Next(absl::Time deadline) = 0;

  // Ends it: a Next that waits returns at once.
  virtual void Stop() = 0;

  // Everything up to here has been returned by Next: after_revision of a later watch. 0: no snapshot is complete yet.
  virtual int64_t revision() const = 0;
};

using HostWatch = Watch<v1::Host>;
using IntentWatch = Watch<v1::Intent>;
using NamespaceWatch = Watch<v1::Namespace>;

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_WATCH_H_
