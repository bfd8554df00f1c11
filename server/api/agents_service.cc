#include "server/api/agents_service.h"

#include <memory>
#include <utility>

#include "server/api/status.h"

namespace warren::api {
namespace {

// gRPC's stream as a session sees it. gRPC does not run a reaction from within the call that it answers, so the session
// may hold its lock while it starts reads and writes. Deletes itself when the stream is done.
class Stream : public grpc::ServerBidiReactor<v1::AgentMessage, v1::ServerMessage>, public hosts::AgentStream {
 public:
  Stream(hosts::HostRegistry& hosts, grpc::CallbackServerContext* context)
      : context_(context), session_(hosts.Accept(*this)) {}

  void StartRead() override {
    in_.Clear();
    ServerBidiReactor::StartRead(&in_);
  }
  void StartWrite(v1::ServerMessage message) override {
    out_ = std::move(message);
    ServerBidiReactor::StartWrite(&out_);
  }
  void Finish(const absl::Status& status) override { ServerBidiReactor::Finish(ToGrpc(status)); }
  void Cancel() override { context_->TryCancel(); }

  void OnReadDone(bool ok) override {
    if (ok) {
      session_->Received(std::move(in_));
    } else {
      session_->PeerGone(absl::OkStatus());
    }
  }
  void OnWriteDone(bool ok) override { session_->Written(ok); }
  void OnCancel() override { session_->PeerGone(absl::CancelledError("the agent went away")); }
  void OnDone() override {
    session_->Closed();
    delete this;
  }

 private:
  grpc::CallbackServerContext* const context_;
  v1::AgentMessage in_;
  v1::ServerMessage out_;
  const std::shared_ptr<hosts::AgentSession> session_;  // last: it uses the rest from its beginning
};

}  // namespace

grpc::ServerBidiReactor<v1::AgentMessage, v1::ServerMessage>* AgentsService::Connect(
    grpc::CallbackServerContext* context) {
  return new Stream(hosts_, context);
}

}  // namespace warren::api
