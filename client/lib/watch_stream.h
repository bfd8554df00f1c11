#ifndef WARREN_CLIENT_LIB_WATCH_STREAM_H_
#define WARREN_CLIENT_LIB_WATCH_STREAM_H_

// One server stream, read a message at a time by whoever waits for it. gRPC's threads only put a message or the end
// down and wake the reader.
//
// Threading: Mailbox's members are guarded by its mutex. A stream owns itself until gRPC is through with it, so that it
// may be dropped at any time; Cancel and Resume are for its reader.

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

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
  // What there is to take, under Mailbox::mutex.
  struct Inbox {
    bool answered = false;  // the server has begun to answer
    bool full = false;      // response holds a message; nothing is read until Resume
    bool ended = false;     // status is why
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

  Inbox& inbox() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mailbox_->mutex) { return inbox_; }
  // Reads on, once the message was taken. Not under the mutex.
  void Resume() { this->StartRead(&incoming_); }
  void Cancel() { context_.TryCancel(); }

  void OnReadInitialMetadataDone(bool ok) override {
    MutexLock lock(&mailbox_->mutex);
    inbox_.answered = ok;
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;  // OnDone says why
    MutexLock lock(&mailbox_->mutex);
    inbox_.response = std::move(incoming_);
    inbox_.answered = inbox_.full = true;
    mailbox_->news.SignalAll();
  }
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<WatchStream> last = std::move(self_);
    MutexLock lock(&mailbox_->mutex);
    inbox_.ended = true;
    inbox_.status = status;
    mailbox_->news.SignalAll();
  }

 private:
  WatchStream(std::shared_ptr<Mailbox> mailbox, Request request)
      : mailbox_(std::move(mailbox)), request_(std::move(request)) {}

  const std::shared_ptr<Mailbox> mailbox_;
  const Request request_;
  grpc::ClientContext context_;
  Response incoming_;
  Inbox inbox_ ABSL_GUARDED_BY(mailbox_->mutex);
  std::shared_ptr<WatchStream> self_;  // gRPC's, until OnDone
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_WATCH_STREAM_H_
