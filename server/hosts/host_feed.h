#ifndef WARREN_SERVER_HOSTS_HOST_FEED_H_
#define WARREN_SERVER_HOSTS_HOST_FEED_H_

// What WatchHosts tells: every change of a host's row in the store, with the store's revisions. It follows the store,
// so that it tells nothing that is not durable, and what other servers over the same store write too.
//
// It begins with what the store's log still holds, at most max_replay revisions of it, so that a watch goes on across a
// restart of the server. That is read in the background; until it is done, ready() says so. When the store's log was
// compacted before it was read, what has changed is found by comparing rows.
//
// The revision of a feed moves on with its events only. So that one to go on after is never too old, a row of no host,
// "h/", is written now and then when the store's revision has moved on without any.
//
// Threading: any thread; one of its own, that wakes once in tend_interval. Cost: the record of every host, once; an
// event is encoded once.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/logging.h"
#include "proto/common/mutex.h"
#include "server/feed/feed.h"
#include "server/store/kv.h"
#include "warren/v1/hosts.pb.h"

namespace warren::hosts {

class HostFeed {
 public:
  using Record = std::shared_ptr<const v1::Host>;
  struct Options {
    feed::Options feed;
    int64_t max_replay = 200'000;    // revisions: half a second, most of it for what are no hosts
    int64_t advance_every = 10'000;  // revisions
    absl::Duration tend_interval = absl::Seconds(1);
    absl::Duration start_patience = absl::Seconds(1);  // how long Open waits for the replay
    // Fills in what is not in the row and is told as of the event: queued_intents, namespace_count. Any thread.
    std::function<void(v1::Host& host)> describe = [](v1::Host&) {};
    Logger logger = Logger::Null();
  };

  // The store outlives the result, and so does what `describe` uses. Errors as HostRecords::Load. A store that cannot
  // be written is none: then watches cannot go on from before.
  static absl::StatusOr<std::unique_ptr<HostFeed>> Open(store::Kv& kv, Options options);
  ~HostFeed();
  HostFeed(const HostFeed&) = delete;
  HostFeed& operator=(const HostFeed&) = delete;

  feed::Feed& feed() { return feed_; }
  // OK, or UNAVAILABLE with google.rpc.RetryInfo: the store's log is still being read.
  absl::Status ready() const;
  // Every host as of the feed's revision or a later one, by name; not described.
  std::vector<Record> Snapshot() const;
  // What `describe` makes of one.
  v1::Host Describe(const v1::Host& record) const;

  // Every watch ends with UNAVAILABLE, for the server is stopping. Idempotent; from one thread.
  void Close();

  // Takes up again what has broken off; moves the revision on. Called by its own thread; public because tests bring
  // their own time.
  void Tend();

 private:
  struct Change {
    std::string host;
    int64_t revision = 0;
    Record now;  // null: deleted
    bool is_new = false;
  };

  HostFeed(store::Kv& kv, Options options, int64_t revision);
  void Start();

  // By whoever follows the store at the time: its notifier thread, or this one's when that has ended.
  void Follow(absl::StatusOr<store::WatchEvents> events);
  void Tell(std::vector<Change> changes);
  feed::EventPtr Encode(const Change& change, const Record& before) const;

  absl::Status Watch(int64_t from_revision);
  // What has changed while nobody watched, by comparing rows.
  absl::Status Compare();
  void Run();

  store::Kv& kv_;
  const Options options_;
  feed::Feed feed_;

  mutable Mutex mutex_;
  CondVar told_more_;
  CondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t told_ ABSL_GUARDED_BY(mutex_) = 0;          // the revision that `hosts_` shows
  int64_t caught_up_at_ ABSL_GUARDED_BY(mutex_) = 0;  // ready from this revision on
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);       // how the watch ended
  std::map<std::string, Record> hosts_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<store::WatchHandle> watch_;  // this object's thread's, once that runs
  std::jthread thread_;                        // last: it uses the rest
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HOST_FEED_H_
