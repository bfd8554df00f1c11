#include "agent/session/exec_calls.h"

#include <grpcpp/client_context.h>

#include <utility>

#include "agent/session/channel.h"
#include "warren/v1/agents.grpc.pb.h"

namespace warren::session {
namespace {

// For a command that does not read its input.
constexpr int kStreamWindow = 256 << 10;

}  // namespace

// Kept by ExecCalls until gRPC is done with it.
class ExecCall : public grpc::ClientBidiReactor<v1::SessionResponse, v1::SessionRequest>,
                 public exec::Caller,
                 public std::enable_shared_from_this<ExecCall> {
 public:
  ExecCall(ExecCalls& owner, const std::shared_ptr<grpc::Channel>& channel)
      : owner_(owner), stub_(v1::Agents::NewStub(channel)) {}

  void Start(v1::OpenExec open) {
    // What is begun meanwhile waits for there to be a session.
    MutexLock lock(&mutex_);
    context_.AddMetadata("warren-exec-session", open.session_id());
    stub_->async()->AttachExec(&context_, this);
    // What is read and written is begun from another thread than gRPC's.
    AddHold();
    StartCall();
    session_ = owner_.commands_.Open(std::move(open), shared_from_this());
  }

  void Read() override {
    MutexLock lock(&mutex_);
    if (!closed_) StartRead(&incoming_);
  }
  void Write(v1::SessionResponse message) override {
    MutexLock lock(&mutex_);
    if (closed_) return;
    outgoing_ = std::move(message);
    StartWrite(&outgoing_);
  }
  void End() override {
    MutexLock lock(&mutex_);
    if (closed_) return;
    StartWritesDone();
    closed_ = true;
    RemoveHold();
  }
  void Cancel() override {
    context_.TryCancel();
    Close();
  }

  void OnReadDone(bool ok) override { ok ? session_->Received(std::exchange(incoming_, {})) : Close(); }
  void OnWriteDone(bool ok) override {
    if (ok) return session_->Written();
    Cancel();
  }
  void OnDone(const grpc::Status& status) override {
    session_->Gone(absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message()));
    owner_.Ended(shared_from_this());
  }

 private:
  // From here on nothing is begun.
  void Close() {
    MutexLock lock(&mutex_);
    if (std::exchange(closed_, true)) return;
    RemoveHold();
  }

  ExecCalls& owner_;
  const std::unique_ptr<v1::Agents::Stub> stub_;
  grpc::ClientContext context_;
  std::shared_ptr<exec::Session> session_;
  v1::SessionRequest incoming_;
  v1::SessionResponse outgoing_;
  Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

void ExecCalls::Open(v1::OpenExec open) {
  MutexLock lock(&mutex_);
  if (stopping_) return;
  if (channel_ == nullptr) channel_ = Dial(target_, kStreamWindow);
  const auto call = std::make_shared<ExecCall>(*this, channel_);
  calls_.insert(call);
  // Still under the lock: Stop breaks off what has begun.
  call->Start(std::move(open));
}

void ExecCalls::Ended(const std::shared_ptr<ExecCall>& call) {
  MutexLock lock(&mutex_);
  calls_.erase(call);
  changed_.SignalAll();
}

void ExecCalls::Stop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  const auto calls = calls_;
  for (const auto& call : calls) call->Cancel();
  while (!calls_.empty()) changed_.Wait(&mutex_);
}

}  // namespace warren::session
