#ifndef WARREN_SERVER_API_WATCH_CALL_H_
#define WARREN_SERVER_API_WATCH_CALL_H_

// The server's side of WatchHosts, WatchIntents and WatchNamespaces: one reactor for all three. It writes bytes, not
// messages: an event is encoded once in its feed, and every watch sends that. A service derives from
//
//   v1::Things::WithRawCallbackMethod_WatchThings<v1::Things::CallbackService>
//
// owns a Watches, and its handler says, on gRPC's thread:
//
//   v1::WatchThingsRequest request;
//   if (absl::Status bad = ParseRequest(*bytes, request); !bad.ok()) return RefuseWatch(bad);
//   ... check it; RefuseWatch(status) ...
//   return watches_.Start(context, {host, filter, full, request.after_revision(), [=] { return a SnapshotSource; }});
//
// A watch: with after_revision it goes on after that. Without, its cursor is opened first, then the snapshot is read
// and sent page by page, then SYNCED with the cursor's revision, then the events. What happens meanwhile may so be in
// the snapshot already and come again as an event, never the other way round.
//
// Threading: nothing blocks gRPC's threads. Events are taken from the feed on a thread of Watches when they come, and
// on gRPC's when a write is done; snapshots are read on the worker pool. Feed and pool outlive the Watches, which
// outlives the gRPC server; whoever appends to the feed has stopped before it goes. Cost: while a watch has nothing to
// say, some 23 KiB, nearly all of it gRPC's for the call. It has at most one message of at most max_batch_bytes (or one
// event) under way; everything else stays in the feed. When the client does not read it and the cursor falls off the
// ring, the call is cut even so: RESOURCE_EXHAUSTED, and the stream and its message are freed.

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/wake_thread.h"
#include "server/api/worker_pool.h"
#include "server/feed/feed.h"
#include "server/filter/filter.h"

namespace warren::api {

using WatchReactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;

// What there is when a watch begins. Used by one thread of the worker pool at a time.
class SnapshotSource {
 public:
  // A page is one message: end it at about this.
  static constexpr size_t kMaxPageEvents = 256;
  static constexpr size_t kMaxPageBytes = size_t{1} << 20;

  struct Page {
    std::vector<std::string> events;  // serialized, of type EXISTING; those that the filter lets through
    bool last = false;
  };

  virtual ~SnapshotSource() = default;
  // The next page; it may be empty and not the last. An error ends the watch.
  virtual absl::StatusOr<Page> Next() = 0;
};

struct WatchRequest {
  std::string host = "-";      // only its events; "-": all
  filter::Filter filter;       // of events; the snapshot has its own copy
  bool full = false;           // Event::changed_full rather than changed
  int64_t after_revision = 0;  // 0: from a snapshot
  // Called on the worker pool once the cursor is open, unless after_revision is given.
  std::function<std::unique_ptr<SnapshotSource>()> snapshot;
};

class Watches {
 public:
  struct Options {
    size_t max_batch_events = 512;
    size_t max_batch_bytes = size_t{64} << 10;  // that each watch may hold while its client does not read
  };

  Watches(feed::Feed& feed, WorkerPool& workers) : Watches(feed, workers, Options()) {}
  Watches(feed::Feed& feed, WorkerPool& workers, Options options);

  // Errors as Feed::Open, told to the client. The call may be over when this returns.
  WatchReactor* Start(grpc::CallbackServerContext* context, WatchRequest request);

 private:
  friend class WatchCall;

  feed::Feed& feed_;
  WorkerPool& workers_;
  const Options options_;
  WakeThread waking_;  // takes what has come for whoever waited
};

// A call that ends at once with an error.
WatchReactor* RefuseWatch(const absl::Status& status);

// INVALID_ARGUMENT: the bytes are not such a message.
template <typename Request>
absl::Status ParseRequest(const grpc::ByteBuffer& bytes, Request& request) {
  grpc::ByteBuffer copy = bytes;  // of references
  if (grpc::SerializationTraits<Request>::Deserialize(&copy, &request).ok()) return absl::OkStatus();
  return absl::InvalidArgumentError("the request is not a " + Request::descriptor()->full_name());
}

}  // namespace warren::api

#endif  // WARREN_SERVER_API_WATCH_CALL_H_
