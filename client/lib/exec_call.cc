#include "client/lib/exec_call.h"

#include <utility>

#include "client/lib/status.h"

namespace warren::client {
namespace {

constexpr size_t kReadAhead = 4;
constexpr size_t kMostFirst = 64;
// What Exec allows in one message.
constexpr size_t kMostStdin = 1 << 20;

absl::Status IsOver() { return absl::FailedPreconditionError("the session is over"); }

}  // namespace

ExecCall::ExecCall(std::shared_ptr<v1::Exec::Stub> stub, Reach reach, v1::SessionStart start, RetryOptions retry,
                   absl::Time deadline)
    : stub_(std::move(stub)), reach_(std::move(reach)), retry_(std::move(retry)), deadline_(deadline) {
  *outgoing_.mutable_start() = std::move(start);
}

ExecCall::~ExecCall() {
  bool release = false;
  {
    MutexLock lock(&mailbox_->mutex);
    dropped_ = true;
    release = !reading_ && std::exchange(held_, false);
  }
  Cancel();
  if (release) RemoveHold();
  MutexLock lock(&mailbox_->mutex);
  while (begun_ && !done_) mailbox_->news.Wait(&mailbox_->mutex);
}

absl::Status ExecCall::Begin() {
  absl::Status status = WithRetries(retry_, deadline_, [this] {
    {
      MutexLock lock(&mailbox_->mutex);
      if (mailbox_->stopped) return absl::CancelledError("the session was cancelled");
    }
    return reach_();
  });
  if (!status.ok()) return status;
  {
    MutexLock lock(&mailbox_->mutex);
    if (mailbox_->stopped) return absl::CancelledError("the session was cancelled");
    begun_ = held_ = reading_ = writing_ = true;
    mailbox_->news.SignalAll();
  }
  stub_->async()->Session(&context_, this);
  AddHold();
  StartWrite(&outgoing_);
  StartRead(&incoming_);
  StartCall();
  return absl::OkStatus();
}

absl::StatusOr<v1::SessionResponse> ExecCall::Next() {
  if (!not_reached_.ok()) return not_reached_;
  if (!reached()) {
    if (not_reached_ = Begin(); !not_reached_.ok()) {
      MutexLock lock(&mailbox_->mutex);
      closed_ = true;
      mailbox_->news.SignalAll();
      return not_reached_;
    }
  }
  v1::SessionResponse response;
  bool read = false;
  {
    MutexLock lock(&mailbox_->mutex);
    while (read_.empty() && !done_ && !mailbox_->stopped) mailbox_->news.Wait(&mailbox_->mutex);
    if (mailbox_->stopped || read_.empty()) return Final();
    response = std::move(read_.front());
    read_.pop_front();
    read = held_ && !std::exchange(reading_, held_ || reading_);
  }
  if (read) StartRead(&incoming_);
  if (response.has_exit()) exit_told_ = true;
  return response;
}

absl::Status ExecCall::Final() {
  if (mailbox_->stopped) return absl::CancelledError("the session was cancelled");
  if (exit_told_) return absl::OutOfRangeError("the command has ended");
  if (status_.ok()) {
    return absl::InternalError("the server ended the session without saying how the command ended");
  }
  return FromGrpc(status_);
}

bool ExecCall::reached() const {
  MutexLock lock(&mailbox_->mutex);
  return begun_;
}

absl::Status ExecCall::Send(std::string_view data) {
  while (!data.empty()) {
    v1::SessionRequest request;
    const std::string_view part = data.substr(0, kMostStdin);
    request.set_stdin(part.data(), part.size());
    if (absl::Status status = Put(std::move(request)); !status.ok()) return status;
    data.remove_prefix(part.size());
  }
  return absl::OkStatus();
}

absl::Status ExecCall::EndStdin() {
  v1::SessionRequest request;
  request.mutable_stdin_end();
  return Put(std::move(request));
}

absl::Status ExecCall::Resize(const v1::TerminalSize& size) {
  v1::SessionRequest request;
  *request.mutable_resize() = size;
  return PutFirst(std::move(request));
}

absl::Status ExecCall::Signal(std::string_view name) {
  v1::SessionRequest request;
  request.mutable_signal()->set_name(std::string(name));
  return PutFirst(std::move(request));
}

void ExecCall::Cancel() {
  {
    MutexLock lock(&mailbox_->mutex);
    mailbox_->stopped = true;
    mailbox_->news.SignalAll();
  }
  context_.TryCancel();
}

absl::Status ExecCall::Put(v1::SessionRequest request) {
  bool write = false;
  {
    MutexLock lock(&mailbox_->mutex);
    while (!Over() && (!begun_ || stdin_ || writing_stdin_)) mailbox_->news.Wait(&mailbox_->mutex);
    if (Over()) return IsOver();
    stdin_ = std::move(request);
    write = TakeOutgoing();
  }
  if (write) StartWrite(&outgoing_);
  return absl::OkStatus();
}

absl::Status ExecCall::PutFirst(v1::SessionRequest request) {
  bool write = false;
  {
    MutexLock lock(&mailbox_->mutex);
    if (Over()) return IsOver();
    if (request.has_resize()) {  // only the newest size matters
      std::erase_if(first_, [](const v1::SessionRequest& waiting) { return waiting.has_resize(); });
    } else if (first_.size() >= kMostFirst) {
      return absl::ResourceExhaustedError("too many signals are waiting to be sent");
    }
    first_.push_back(std::move(request));
    write = TakeOutgoing();
  }
  if (write) StartWrite(&outgoing_);
  return absl::OkStatus();
}

bool ExecCall::TakeOutgoing() {
  if (!begun_ || writing_ || closed_) return false;
  writing_stdin_ = first_.empty() && stdin_.has_value();
  if (writing_stdin_) {
    outgoing_ = *std::move(stdin_);
    stdin_.reset();
  } else if (!first_.empty()) {
    outgoing_ = std::move(first_.front());
    first_.pop_front();
  } else {
    return false;
  }
  writing_ = true;
  return true;
}

void ExecCall::OnReadDone(bool ok) {
  bool read = false;
  bool release = false;
  {
    MutexLock lock(&mailbox_->mutex);
    if (ok) {
      read_.push_back(std::move(incoming_));
      incoming_.Clear();
    } else {
      closed_ = true;
    }
    read = reading_ = ok && !dropped_ && read_.size() < kReadAhead;
    release = (!ok || dropped_) && std::exchange(held_, false);
    mailbox_->news.SignalAll();
  }
  if (read) StartRead(&incoming_);
  if (release) RemoveHold();
}

void ExecCall::OnWriteDone(bool ok) {
  bool write = false;
  {
    MutexLock lock(&mailbox_->mutex);
    writing_ = writing_stdin_ = false;
    if (!ok) closed_ = true;
    write = TakeOutgoing();
    mailbox_->news.SignalAll();
  }
  if (write) StartWrite(&outgoing_);
}

void ExecCall::OnDone(const grpc::Status& status) {
  const std::shared_ptr<Mailbox> kept = mailbox_;  // this is gone once the mutex is unlocked
  MutexLock lock(&mailbox_->mutex);
  done_ = closed_ = true;
  status_ = status;
  mailbox_->news.SignalAll();
}

}  // namespace warren::client
