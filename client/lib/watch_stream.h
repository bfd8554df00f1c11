#ifndef WARREN_CLIENT_LIB_WATCH_STREAM_H_
#define WARREN_CLIENT_LIB_WATCH_STREAM_H_

// One server stream, read a message at a time by whoever waits for it. gRPC's threads only put a message or the end
// down and wake the reader.
//
// Threading: made, waited for and destroyed by its reader, on whose thread all of gRPC's objects end too: the last of a
// channel's must not end on a thread of gRPC's own, which would wait for itself. Mailbox's mutex guards what is shared.

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
  WatchStream(std::shared_ptr<Mailbox> mailbox, Request request, Start start)
      : mailbox_(std::move(mailbox)), request_(std::move(request)) {
    start(&context_, &request_, this);
    this->AddHold();
    this->StartRead(&incoming_);
    this->StartCall();
  }
  // Ends the call, and waits until gRPC's threads are through with it, which is soon.
  ~WatchStream() override {
    bool release = false;
    {
      MutexLock lock(&mailbox_->mutex);
      dropped_ = true;
      release = !reading_ && std::exchange(held_, false);
    }
    context_.TryCancel();
    if (release) this->RemoveHold();
    MutexLock lock(&mailbox_->mutex);
    while (!ended_) mailbox_->news.Wait(&mailbox_->mutex);
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
  // Reads on, once a message was taken.
  void Resume() {
    {
      MutexLock lock(&mailbox_->mutex);
      reading_ = true;
    }
    this->StartRead(&incoming_);
  }

  void OnReadInitialMetadataDone(bool ok) override {
    MutexLock lock(&mailbox_->mutex);
    answered_ = ok;
  }
  void OnReadDone(bool ok) override {
    bool release = false;
    {
      MutexLock lock(&mailbox_->mutex);
      reading_ = false;
      if (ok) {
        response_ = std::move(incoming_);
        answered_ = full_ = true;
        mailbox_->news.SignalAll();
      }
      release = (!ok || dropped_) && std::exchange(held_, false);
    }
    if (release) this->RemoveHold();  // no read follows; OnDone says why
  }
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Mailbox> kept = mailbox_;  // the stream is gone once the mutex is unlocked
    MutexLock lock(&mailbox_->mutex);
    ended_ = true;
    status_ = status;
    mailbox_->news.SignalAll();
  }

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  const Request request_;
  grpc::ClientContext context_;
  Response incoming_;
  // gRPC holds the call open for reads that are begun outside its callbacks, until there is none any more.
  bool held_ ABSL_GUARDED_BY(mailbox_->mutex) = true;
  bool reading_ ABSL_GUARDED_BY(mailbox_->mutex) = true;
  bool dropped_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool answered_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool full_ ABSL_GUARDED_BY(mailbox_->mutex) = false;  // response_ is to be taken; nothing is read until Resume
  bool ended_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  Response response_ ABSL_GUARDED_BY(mailbox_->mutex);
  grpc::Status status_ ABSL_GUARDED_BY(mailbox_->mutex);
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_WATCH_STREAM_H_
