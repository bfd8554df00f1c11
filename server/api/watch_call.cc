#include "server/api/watch_call.h"

#include <grpc/grpc.h>
#include <grpcpp/support/slice.h>

#include <optional>
#include <utility>

#include "proto/common/mutex.h"
#include "server/api/call.h"
#include "server/api/status.h"
#include "server/api/watch_encoding.h"

namespace warren::api {
namespace {

template <typename Owner>
grpc::Slice Wrap(std::string_view bytes, Owner owner) {
  // gRPC never writes to what it sends.
  return grpc::Slice(
      const_cast<char*>(bytes.data()), bytes.size(), [](void* kept) { delete static_cast<Owner*>(kept); },
      new Owner(std::move(owner)));
}

grpc::ByteBuffer ToBuffer(std::vector<WatchResponse::Piece> pieces) {
  std::vector<grpc::Slice> slices;
  slices.reserve(pieces.size());
  for (WatchResponse::Piece& piece : pieces) {
    if (piece.owner != nullptr) {
      slices.push_back(Wrap(piece.shared, std::move(piece.owner)));
    } else {
      auto own = std::make_unique<std::string>(std::move(piece.own));
      const std::string_view bytes = *own;
      slices.push_back(Wrap(bytes, std::move(own)));
    }
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

class RefusedWatch : public WatchReactor {
 public:
  explicit RefusedWatch(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

// One watch. It owns itself until OnDone, and is kept by whoever is about to run it after that.
//
// What happens to it (a write is done, something came, a page is read, it was cancelled) is noted down, and then it is
// run: whoever comes first decides what to do, one at a time, and looks again for those who came meanwhile. So no lock
// is held when gRPC or the feed is called.
class WatchCall : public WatchReactor, public WakeThread::Sleeper, public std::enable_shared_from_this<WatchCall> {
 public:
  WatchCall(Watches& watches, grpc::CallbackServerContext* context, WatchRequest request)
      : watches_(watches), context_(context), request_(std::move(request)) {}

  static WatchReactor* Start(Watches& watches, grpc::CallbackServerContext* context, WatchRequest request) {
    auto call = std::make_shared<WatchCall>(watches, context, std::move(request));
    const int64_t after = call->request_.after_revision;
    auto cursor = watches.feed_.Open(call->request_.host, after != 0 ? after : -1,
                                     [weak = std::weak_ptr<WatchCall>(call)] { Wake(weak); });
    if (!cursor.ok()) return RefuseWatch(cursor.status());
    call->cursor_ = *std::move(cursor);
    call->begun_at_ = call->cursor_->revision();
    call->in_snapshot_ = after == 0;
    WatchCall* const reactor = call.get();
    reactor->keep_ = call;
    // Nothing may come for long: the client is to know that its watch stands.
    reactor->StartSendInitialMetadata();
    call->Loop();
    return reactor;
  }

  void OnWriteDone(bool ok) override {
    const std::shared_ptr<WatchCall> self = shared_from_this();
    buffer_.Clear();
    {
      MutexLock lock(&mutex_);
      writing_ = false;
      if (!ok) gone_ = true;
    }
    Run();
  }
  void OnCancel() override {
    const std::shared_ptr<WatchCall> self = shared_from_this();
    {
      MutexLock lock(&mutex_);
      gone_ = true;
    }
    Run();
  }
  void OnDone() override { const std::shared_ptr<WatchCall> last = std::move(keep_); }

 private:
  static void Wake(const std::weak_ptr<WatchCall>& weak) {
    if (std::shared_ptr<WatchCall> call = weak.lock()) {
      WakeThread& thread = call->watches_.waking_;
      thread.Wake(std::move(call));
    }
  }
  void Awake() override { Run(); }

  void Run() {
    {
      MutexLock lock(&mutex_);
      again_ = true;
      if (running_) return;
      running_ = true;
    }
    Loop();
  }

  void Loop() {
    for (;;) {
      bool writing = false, gone = false, reading = false;
      std::optional<absl::StatusOr<SnapshotSource::Page>> page;
      {
        MutexLock lock(&mutex_);
        if (!again_) {
          running_ = false;
          return;
        }
        again_ = false;
        writing = writing_;
        gone = gone_;
        reading = reading_;
        if (!writing) page.swap(page_);
      }
      if (!ended_) Step(writing, gone, reading, std::move(page));
    }
  }

  // The rest is for whoever runs it.
  void Step(bool writing, bool gone, bool reading, std::optional<absl::StatusOr<SnapshotSource::Page>> page) {
    if (writing) {
      if (!gone) CutIfSlow();
      return;  // the write will be done, or fail
    }
    if (gone) return End(absl::CancelledError("the watch was cancelled"));
    if (!in_snapshot_) return Tell();
    if (const absl::Status status = cursor_->status(); !status.ok()) return End(status);
    if (reading) return;
    if (!page) return ReadPage();
    if (!page->ok()) return End(page->status());
    SendPage(**std::move(page));
  }

  void ReadPage() {
    {
      MutexLock lock(&mutex_);
      reading_ = true;
    }
    const bool taken = watches_.workers_.Post([self = shared_from_this()] { self->ReadPageNow(); });
    if (!taken) End(NotTaken(watches_.workers_));
  }

  // On the worker pool.
  void ReadPageNow() {
    bool gone = false;
    {
      MutexLock lock(&mutex_);
      gone = gone_;
    }
    std::optional<absl::StatusOr<SnapshotSource::Page>> page;
    if (!gone) {
      if (source_ == nullptr) source_ = request_.snapshot();
      page = source_->Next();
    }
    {
      MutexLock lock(&mutex_);
      reading_ = false;
      page_ = std::move(page);
    }
    Run();
  }

  void SendPage(SnapshotSource::Page page) {
    WatchResponse response;
    for (std::string& event : page.events) response.Add(std::move(event));
    int64_t revision = 0;
    if (page.last) {
      response.Add(EncodeSynced(begun_at_));
      revision = begun_at_;
      in_snapshot_ = false;
      source_.reset();
    }
    if (response.events() == 0) return ReadPage();
    Write(response.Finish(revision));
  }

  // Writes what has come; if that is nothing, Wake will be called.
  void Tell() {
    for (;;) {
      auto batch = cursor_->Take(watches_.options_.max_batch_events, watches_.options_.max_batch_bytes);
      if (!batch.ok()) return End(batch.status());
      if (batch->empty()) return;
      WatchResponse response;
      for (size_t i = 0; i < batch->events.size(); ++i) {
        const feed::EventPtr& event = batch->events[i];
        const std::string* bytes = Shown(*event);
        if (bytes == nullptr) continue;
        if (request_.full && event->late_full != nullptr && bytes == &event->changed) {
          if (IsReplaced(batch->events, i)) continue;
          const auto encoded = std::make_shared<const std::string>(event->late_full->Encode(event->revision));
          response.Add(*encoded, encoded);
        } else {
          response.Add(*bytes, event);
        }
      }
      if (response.events() > 0 || batch->events.empty()) return Write(response.Finish(batch->revision));
      cursor_->NotTold();
    }
  }

  // What is encoded late tells what came since: a later event of the same says no less.
  bool IsReplaced(const std::vector<feed::EventPtr>& events, size_t i) const {
    for (size_t later = i + 1; later < events.size(); ++later) {
      if (events[later]->late_full == events[i]->late_full && Shown(*events[later]) != nullptr) return true;
    }
    return false;
  }

  // Null: nothing of it is shown.
  const std::string* Shown(const feed::Event& event) const {
    const filter::Filter& filter = request_.filter;
    if (event.now != nullptr && filter.Matches(*event.now)) {
      return request_.full && !event.changed_full.empty() ? &event.changed_full : &event.changed;
    }
    if (event.deleted.empty()) return nullptr;  // it was never there before
    const bool shown = event.before == nullptr || filter.Matches(*event.before) ||
                       (event.or_before != nullptr && filter.Matches(*event.or_before));
    return shown ? &event.deleted : nullptr;
  }

  void Write(std::vector<WatchResponse::Piece> pieces) {
    buffer_ = ToBuffer(std::move(pieces));
    {
      MutexLock lock(&mutex_);
      writing_ = true;
    }
    StartWrite(&buffer_);
  }

  // The client does not read: a status would wait behind the message that is under way for ever. Cancelling the call
  // sends it past that.
  void CutIfSlow() {
    if (cut_) return;
    const absl::Status status = cursor_->status();
    if (status.code() != absl::StatusCode::kResourceExhausted) return;
    cut_ = true;
    grpc_call_cancel_with_status(context_->c_call(), GRPC_STATUS_RESOURCE_EXHAUSTED,
                                 std::string(status.message()).c_str(), nullptr);
  }

  void End(absl::Status status) {
    ended_ = true;
    if (cut_) status = cursor_->status();
    cursor_.reset();
    Finish(ToGrpc(status));
  }

  Watches& watches_;
  grpc::CallbackServerContext* const context_;
  const WatchRequest request_;
  std::shared_ptr<WatchCall> keep_;  // itself, until OnDone

  Mutex mutex_;
  bool running_ ABSL_GUARDED_BY(mutex_) = true;  // by Start, before all others
  bool again_ ABSL_GUARDED_BY(mutex_) = true;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;     // the client, or the time it gave
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;  // a page, on the worker pool
  std::optional<absl::StatusOr<SnapshotSource::Page>> page_ ABSL_GUARDED_BY(mutex_);

  // Of whoever runs it; source_ of the pool while it reads.
  std::unique_ptr<feed::Cursor> cursor_;
  int64_t begun_at_ = 0;
  bool in_snapshot_ = false;
  bool cut_ = false;
  bool ended_ = false;
  std::unique_ptr<SnapshotSource> source_;
  grpc::ByteBuffer buffer_;  // under way
};

Watches::Watches(feed::Feed& feed, WorkerPool& workers, Options options)
    : feed_(feed), workers_(workers), options_(options) {}

WatchReactor* Watches::Start(grpc::CallbackServerContext* context, WatchRequest request) {
  return WatchCall::Start(*this, context, std::move(request));
}

WatchReactor* RefuseWatch(const absl::Status& status) { return new RefusedWatch(status); }

}  // namespace warren::api
