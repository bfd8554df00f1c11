#ifndef WARREN_SERVER_INTENTS_INTENT_FEED_H_
#define WARREN_SERVER_INTENTS_INTENT_FEED_H_

// What WatchIntents tells: the store's changes of "i/", turned into events once for everybody, with what was begun in
// between. It begins with the last 50,000 revisions that the store's log still holds, so that a watch goes on where it
// was when the server is restarted.
//
// Threading: Start and Stop from one thread, Running from any one at a time; the rest any.
// Cost: a change costs about 1.5 µs, whether anybody watches or not: the stored bytes are wrapped, not parsed.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/common/logging.h"
#include "server/feed/feed.h"
#include "server/intents/host_directory.h"
#include "server/store/kv.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

class IntentFeed {
 public:
  // Runs a task on the thread that all events are appended on; false: it has stopped.
  using Post = std::function<bool(std::function<void()>)>;

  // All outlive it.
  IntentFeed(store::Kv& kv, const HostDirectory& directory, const feed::Options& options, Logger logger);
  ~IntentFeed();

  // Tells of what happened before the start, in order.
  void Replay(const store::Event& change);
  // Begins to follow the store, after the revision that was replayed up to. As Kv::Watch.
  absl::Status Start(int64_t replayed, Post post);
  // Every watch ends with UNAVAILABLE; what the store still says is not told.
  void Stop();

  // An intent was begun: best effort, without a revision. On the thread that Post means.
  void Running(const std::string& host, const v1::Intent& intent);

  feed::Feed& feed() { return feed_; }

 private:
  void AppendReplayed();
  void Told(const store::WatchEvents& told);
  feed::EventPtr MakeEvent(const store::Event& change) const;

  store::Kv& kv_;
  const HostDirectory& directory_;
  const Logger logger_;
  const int64_t begin_;  // history up to here is not told
  feed::Feed feed_;
  std::vector<feed::EventPtr> replaying_;  // of one revision, before Start
  int64_t replaying_revision_ = 0;
  Post post_;
  std::unique_ptr<store::WatchHandle> watch_;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_INTENT_FEED_H_
