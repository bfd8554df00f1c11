#include "server/api/exec_run.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "server/api/exec_request.h"
#include "server/api/exec_service.h"
#include "server/api/exec_stream.h"
#include "server/api/status.h"
#include "server/api/watch_call.h"
#include "server/exec/wire.h"

namespace warren::api {
namespace {

// Deletes itself when the call is done.
class RunCall final : public grpc::ServerUnaryReactor, public exec::RelayEnd<grpc::ByteBuffer> {
 public:
  RunCall(size_t limit, v1::RunResponse* response, exec::ExecObserver* observer)
      : limit_(limit),
        response_(response),
        relay_(std::make_shared<ExecRelay>(*this, ToByteBuffer(exec::StdinEndMessage()), observer)) {}

  void Begin(const ExecService& service, grpc::CallbackServerContext* context, const v1::RunRequest& request) {
    if (absl::Status refused = Open(service, context, request); !refused.ok()) relay_->End(refused);
  }

  // exec::RelayEnd
  void StartRead() override {}  // all was said at once
  bool StartWrite(grpc::ByteBuffer& bytes) override {
    v1::SessionResponse message;
    if (!ParseRequest(bytes, message).ok()) {
      understood_ = false;
    } else if (message.has_stdout()) {
      response_->set_stdout_bytes(response_->stdout_bytes() + static_cast<int64_t>(message.stdout().size()));
      Append(message.stdout(), *response_->mutable_stdout());
    } else if (message.has_stderr()) {
      response_->set_stderr_bytes(response_->stderr_bytes() + static_cast<int64_t>(message.stderr().size()));
      Append(message.stderr(), *response_->mutable_stderr());
    } else if (message.has_exit()) {
      *response_->mutable_exit() = std::move(*message.mutable_exit());
    }
    return true;
  }
  void Finish(const absl::Status& status) override {
    const bool strange = status.ok() && !understood_;
    ServerUnaryReactor::Finish(
        ToGrpc(strange ? absl::InternalError("the agent said what is no warren.v1.SessionResponse") : status));
  }
  void Cancel() override {}  // no write of it takes any time

  void OnCancel() override { relay_->Gone(exec::Side::kCaller); }
  void OnDone() override {
    relay_->Closed(exec::Side::kCaller);
    delete this;
  }

 private:
  absl::Status Open(const ExecService& service, grpc::CallbackServerContext* context, const v1::RunRequest& run) {
    auto asker = service.CheckAccess(*context);
    if (!asker.ok()) return asker.status();
    auto request = CheckRun(run);
    if (!request.ok()) return request.status();
    return service.Open(*std::move(asker), *std::move(request), relay_);
  }
  void Append(const std::string& from, std::string& to) const {
    to.append(from, 0, std::min(from.size(), limit_ - to.size()));
  }

  // Of the relay's calls, one after the other.
  const size_t limit_;
  v1::RunResponse* const response_;
  bool understood_ = true;

  const std::shared_ptr<ExecRelay> relay_;
};

}  // namespace

grpc::ServerUnaryReactor* StartRun(const ExecService& service, exec::ExecObserver* observer,
                                   grpc::CallbackServerContext* context, const v1::RunRequest& request,
                                   v1::RunResponse* response) {
  // A limit that is none is refused before anything is appended.
  auto* call = new RunCall(OutputLimit(request), response, observer);
  call->Begin(service, context, request);
  return call;
}

}  // namespace warren::api
