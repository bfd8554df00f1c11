#include "agent/session/stream.h"

#include <grpcpp/channel.h>

#include <utility>

namespace warren::session {

Stream::Stream(const std::shared_ptr<grpc::Channel>& channel, std::shared_ptr<Outbox> outbox, OnMessage on_message,
               OnEnd on_end)
    : stub_(v1::Agents::NewStub(channel)),
      outbox_(std::move(outbox)),
      on_message_(std::move(on_message)),
      on_end_(std::move(on_end)) {}

void Stream::Start() {
  self_ = shared_from_this();
  stub_->async()->Connect(&context_, this);
  // Writes are begun from other threads than gRPC's: the call may not be over before Close says that none will be.
  AddHold();
  StartRead(&incoming_);
  StartCall();
  outbox_->SetWake([weak = weak_from_this()] {
    if (const auto stream = weak.lock()) stream->Write();
  });
  Write();
}

void Stream::Cancel(absl::Status reason) {
  {
    MutexLock lock(&mutex_);
    if (reason_.ok()) reason_ = std::move(reason);
  }
  context_.TryCancel();
}

void Stream::HalfClose() {
  {
    MutexLock lock(&mutex_);
    half_close_ = true;
  }
  Write();
}

void Stream::Write() {
  // Under the lock, so that Close cannot come between the decision and the write. gRPC does not call back from inside.
  MutexLock lock(&mutex_);
  if (writing_ || closed_) return;
  auto message = outbox_->Take();
  if (!message) {
    if (half_close_) StartWritesDone();
    closed_ = half_close_;
    return;
  }
  outgoing_ = *std::move(message);
  writing_ = true;
  StartWrite(&outgoing_);
}

void Stream::OnWriteDone(bool ok) {
  {
    MutexLock lock(&mutex_);
    writing_ = false;
  }
  if (!ok) return;  // the call is ending; the read says so too
  outbox_->Written();
  Write();
}

void Stream::OnReadDone(bool ok) {
  if (!ok) return Close();
  absl::Status status = on_message_(std::exchange(incoming_, {}), context_.peer());
  if (!status.ok()) {
    Cancel(std::move(status));
    return Close();
  }
  StartRead(&incoming_);
}

void Stream::Close() {
  {
    MutexLock lock(&mutex_);
    closed_ = true;
  }
  RemoveHold();
}

void Stream::OnDone(const grpc::Status& status) {
  const OnEnd on_end = on_end_;
  absl::Status reason;
  {
    MutexLock lock(&mutex_);
    reason = reason_;
  }
  if (reason.ok()) {
    reason = status.ok() ? absl::UnavailableError("the server ended the session")
                         : absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  // Whoever started the stream holds it until it was told of the end, and lets go of it then: were this thread the last
  // to do so, the call and the channel could outlive main.
  self_.reset();
  on_end(std::move(reason));
}

}  // namespace warren::session
