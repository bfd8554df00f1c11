#include "server/api/exec_service.h"

#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "server/api/exec_run.h"
#include "server/api/peer.h"
#include "server/api/watch_call.h"
#include "server/exec/wire.h"

namespace warren::api {
namespace {

// The caller's end of a session.
class CallerStream final : public ExecStream {
 public:
  CallerStream(const ExecService& service, grpc::CallbackServerContext* context)
      : ExecStream(exec::Side::kCaller, context), service_(service) {}

  void Begin(exec::ExecObserver* observer) {
    SetRelay(std::make_shared<ExecRelay>(*this, ToByteBuffer(exec::StdinEndMessage()), observer));
    auto asker = service_.CheckAccess(*context());
    if (!asker.ok()) return relay()->End(asker.status());
    asker_ = *std::move(asker);
    StartRead();
  }

  void OnReadDone(bool ok) override {
    // It has half-closed, and said nothing.
    if (!ok && !opened_) return relay()->End(CheckSession({}).status());
    ExecStream::OnReadDone(ok);
  }

 private:
  void OnMessage(grpc::ByteBuffer& bytes) override {
    if (!std::exchange(opened_, true)) {
      if (absl::Status refused = Open(bytes); !refused.ok()) relay()->End(refused);
      return;
    }
    ExecMessage message;
    message.size = bytes.Length();
    if (message.size > exec::kMaxRequest) {
      return relay()->End(BadRequestError(
          {{"stdin", absl::StrCat("the message has ", message.size, " bytes; stdin may have ", exec::kMaxStdin)}}));
    }
    message.kind = exec::KindOfRequest(FirstByte(bytes));
    message.bytes.Swap(&bytes);
    relay()->Received(exec::Side::kCaller, message);
  }

  absl::Status Open(const grpc::ByteBuffer& bytes) {
    v1::SessionRequest first;
    if (absl::Status bad = ParseRequest(bytes, first); !bad.ok()) return bad;
    auto request = CheckSession(std::move(first));
    if (!request.ok()) return request.status();
    return service_.Open(std::move(asker_), *std::move(request), relay());
  }

  const ExecService& service_;
  exec::Asker asker_;
  bool opened_ = false;  // of the reads, one after the other
};

}  // namespace

absl::StatusOr<exec::Asker> ExecService::CheckAccess(const grpc::ServerContextBase& context) const {
  auth::Peer peer = PeerOf(context);
  auto caller = access_.CallerOf(peer);
  if (!caller.ok()) return caller.status();
  return exec::Asker{"", *std::move(caller), std::move(peer.source)};
}

absl::Status ExecService::Open(exec::Asker asker, ExecRequest request, const std::shared_ptr<ExecRelay>& relay) const {
  const ChildName& name = request.name;
  const auto seen = rooms_.hosts.Look(name.host);
  if (!seen) return UnknownHost(name.host);
  if (seen->record->connected() && rooms_.inventory.Complete(name.host) &&
      rooms_.inventory.Get(name.host, name.id, inventory::View::kBasic) == nullptr) {
    return UnknownNamespace(name);
  }
  std::deque<grpc::ByteBuffer> first;
  for (const std::string& bytes : request.first) first.push_back(ToByteBuffer(bytes));
  relay->Prepare(name.host, std::move(first));
  asker.host = name.host;
  auto slot = sessions_.Open(asker, relay);
  if (!slot.ok()) return slot.status();
  relay->Keep(*std::move(slot));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ExecService::Run(grpc::CallbackServerContext* context, const v1::RunRequest* request,
                                           v1::RunResponse* response) {
  return StartRun(*this, observer_, context, *request, response);
}

ExecReactor* ExecService::Session(grpc::CallbackServerContext* context) {
  auto* stream = new CallerStream(*this, context);
  stream->Begin(observer_);
  return stream;
}

}  // namespace warren::api
