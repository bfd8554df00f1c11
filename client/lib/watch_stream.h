#ifndef WARREN_CLIENT_LIB_WATCH_STREAM_H_
#define WARREN_CLIENT_LIB_WATCH_STREAM_H_

// One server stream, read a message at a time by whoever waits for it. gRPC's threads only put a message or the end
// down and wake the reader.
//
// Threading: Mailbox's mutex guards what is shared with gRPC's threads. A stream owns itself until gRPC is through with
// it, so that it may be dropped at any time; Wait, Cancel and Resume are for its reader.

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "proto/common/mutex.h"

namespace warren::client {

// Where the reader waits: outlives every stream that was given it.
struct Mailbox {
  Mutex mutex;
  CondVar news;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
};

template <typename Request, typename Response>
class WatchStream : public grpc::ClientReadReactor<Response> {
 public:
  using Clock = std::chrono::steady_clock;

  // What a wait came to: the first of these that is so.
  struct News {
    bool stopped = false;   // Mailbox::stopped
    bool full = false;      // response is the next message; Resume before the next wait
    bool ended = false;     // status is why
    bool answered = false;  // the server has begun to answer, now or before
    Response response;
    grpc::Status status;
  };

  // start: begins the call on the stub, given context, request and reactor.
  template <typename Start>
  static std::shared_ptr<WatchStream> Open(std::shared_ptr<Mailbox> mailbox, Request request, Start start) {
    std::shared_ptr<WatchStream> stream(new WatchStream(std::move(mailbox), std::move(request)));
    stream->self_ = stream;
    start(&stream->context_, &stream->request_, stream.get());
    stream->StartRead(&stream->incoming_);
    stream->StartCall();
    return stream;
  }

  // Waits for news, until then.
  News Wait(Clock::time_point until) {
    News news;
    MutexLock lock(&mailbox_->mutex);
    while (!full_ && !ended_ && !mailbox_->stopped && Clock::now() < until) {
      mailbox_->news.WaitUntil(&mailbox_->mutex, until);
    }
    news.answered = answered_;
    news.stopped = mailbox_->stopped;
    if (news.stopped) return news;
    news.full = std::exchange(full_, false);
    if (news.full) news.response = std::move(response_);
    news.ended = !news.full && ended_;
    if (news.ended) news.status = status_;
    return news;
  }
  // Reads on, once the message was taken. Not under the mutex.
  void Resume() { this->StartRead(&incoming_); }
  void Cancel() { context_.TryCancel(); }

  void OnReadInitialMetadataDone(bool ok) override {
    MutexLock lock(&mailbox_->mutex);
    answered_ = ok;
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;  // OnDone says why
    MutexLock lock(&mailbox_->mutex);
    response_ = std::move(incoming_);
    answered_ = full_ = true;
    mailbox_->news.SignalAll();
  }
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<WatchStream> last = std::move(self_);
    MutexLock lock(&mailbox_->mutex);
    ended_ = true;
    status_ = status;
    mailbox_->news.SignalAll();
  }

 private:
  WatchStream(std::shared_ptr<Mailbox> mailbox, Request request)
      : mailbox_(std::move(mailbox)), request_(std::move(request)) {}

  const std::shared_ptr<Mailbox> mailbox_;
  const Request request_;
  grpc::ClientContext context_;
  Response incoming_;
  bool answered_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool full_ ABSL_GUARDED_BY(mailbox_->mutex) = false;  // response_ is to be taken; nothing is read until Resume
  bool ended_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  Response response_ ABSL_GUARDED_BY(mailbox_->mutex);
  grpc::Status status_ ABSL_GUARDED_BY(mailbox_->mutex);
  std::shared_ptr<WatchStream> self_;  // gRPC's, until OnDone
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_WATCH_STREAM_H_
