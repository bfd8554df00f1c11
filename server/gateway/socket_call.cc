#include "server/gateway/socket_call.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"
#include "server/gateway/call.h"
#include "server/gateway/frames.h"
#include "server/gateway/http_status.h"
#include "server/gateway/json.h"

namespace warren::gateway {
namespace {

using google::protobuf::Message;

std::string TextOf(const grpc::ByteBuffer& wire) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!wire.Dump(&slices).ok()) return text;
  text.reserve(wire.Length());
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

// Two chains of callbacks, each one after the other: the client's messages to the call, and the call's to the client.
// Kept by itself while the call goes on, and by what it waits for.
class SocketCall final : public grpc::ClientBidiReactor<Message, grpc::ByteBuffer>,
                         public std::enable_shared_from_this<SocketCall> {
 public:
  SocketCall(grpc::Channel& channel, SocketCallRequest request)
      : channel_(channel),
        request_(std::move(request)),
        socket_(request_.socket),
        context_(request_.context),
        slot_(std::move(request_.slot)),
        prototype_(
            google::protobuf::MessageFactory::generated_factory()->GetPrototype(request_.route->method->input_type())) {
  }

  void Start() {
    socket_->OnGone([context = context_] { context->TryCancel(); });
    ReadNext();
  }

  void OnWriteDone(bool ok) override {
    if (ok) ReadNext();  // otherwise the call is over, as its reads tell
  }

  void OnReadDone(bool ok) override {
    if (!ok) return EndReading();
    SocketMessage message{false, TextOf(response_)};
    response_.Clear();
    const auto& type = *request_.route->method->output_type();
    if (!ToFrame(type, message.data)) {
      google::protobuf::io::ArrayInputStream wire(message.data.data(), static_cast<int>(message.data.size()));
      auto json = WireToJson(wire, type, *request_.types, /*pretty=*/false);
      if (!json.ok()) {
        Fail(json.status());
        return EndReading();
      }
      message = {true, *std::move(json)};
    }
    socket_->Write(std::move(message), [self = shared_from_this()](bool written) {
      if (written) return self->StartRead(&self->response_);
      self->context_->TryCancel();
      self->EndReading();
    });
  }

  void OnDone(const grpc::Status& status) override {
    const auto self = std::exchange(self_, nullptr);
    grpc::Status said = status;
    {
      MutexLock lock(&mutex_);
      if (!failed_.ok()) said = ToGrpc(failed_);
    }
    Finish(said);
  }

 private:
  void ReadNext() {
    socket_->Read([self = shared_from_this()](std::optional<SocketMessage> message) {
      if (!message) return self->Leave();
      self->Take(*std::move(message));
    });
  }

  // The client is gone.
  void Leave() {
    context_->TryCancel();
    if (received_ == 0) Finish(grpc::Status::CANCELLED);
  }

  void Take(SocketMessage message) {
    std::shared_ptr<void> slot;
    {
      MutexLock lock(&mutex_);
      if (over_) return;
      slot = slot_;  // what is read needs more than the socket
    }
    ++received_;
    if (!message.is_text) {
      return Send(received_ == 1 ? absl::InvalidArgumentError("is to be text, what is asked for as JSON")
                                 : Binary(message.data));
    }
    const size_t size = message.data.size();
    const bool taken =
        request_.elsewhere(size, [self = shared_from_this(), slot = std::move(slot), text = std::move(message.data)] {
          self->Send(self->received_ == 1 ? self->request_.first(text) : self->Json(text));
        });
    if (!taken) Refuse(absl::UnavailableError("too many large messages are being read; try again"));
  }

  absl::StatusOr<std::unique_ptr<Message>> Binary(const std::string& frame) const {
    std::unique_ptr<Message> message(prototype_->New());
    if (auto status = FromFrame(frame, *message); !status.ok()) return status;
    return message;
  }
  absl::StatusOr<std::unique_ptr<Message>> Json(const std::string& text) const {
    std::unique_ptr<Message> message(prototype_->New());
    if (auto status = FromJson(text, *message, request_.max_values); !status.ok()) return status;
    return message;
  }

  void Send(absl::StatusOr<std::unique_ptr<Message>> message) {
    if (!message.ok()) {
      return Refuse({message.status().code(),
                     absl::StrCat("message ", received_, " of the socket: ", std::string(message.status().message()))});
    }
    message_ = *std::move(message);
    if (received_ == 1) return Begin();
    {
      MutexLock lock(&mutex_);
      if (over_) return;
      AddHold();  // so that it is not over before the write has begun
    }
    StartWrite(message_.get());
    RemoveHold();
  }

  void Begin() {
    self_ = shared_from_this();
    const grpc::internal::RpcMethod method(request_.route->grpc_method.c_str(),
                                           grpc::internal::RpcMethod::BIDI_STREAMING);
    grpc::internal::ClientCallbackReaderWriterFactory<Message, grpc::ByteBuffer>::Create(&channel_, method,
                                                                                         context_.get(), this);
    // Until the reads are over: OnDone may otherwise come between a read and the write of what it brought.
    AddHold();
    StartRead(&response_);
    StartWrite(message_.get());
    StartCall();
  }

  void EndReading() {
    {
      MutexLock lock(&mutex_);
      over_ = true;
    }
    RemoveHold();
  }

  // What the client sent is wrong, or cannot be read.
  void Refuse(const absl::Status& status) {
    if (received_ == 1) return Finish(ToGrpc(status));  // there is no call yet
    Fail(status);
  }
  void Fail(const absl::Status& status) {
    {
      MutexLock lock(&mutex_);
      if (failed_.ok()) failed_ = status;
    }
    context_->TryCancel();
  }

  // Nothing of the call is left.
  void Finish(const grpc::Status& status) {
    const google::rpc::Status rpc = RpcStatusOf(status);
    const uint16_t code = CloseCodeOf(rpc.code());
    if (status.ok()) {
      socket_->Close(code, "");
    } else {
      socket_->Write(
          {true, absl::StrCat("{\"error\":", ErrorBody(rpc, false), "}")},
          [socket = socket_, code, reason = CloseReasonOf(rpc.message())](bool) { socket->Close(code, reason); });
    }
    std::shared_ptr<void> slot;
    MutexLock lock(&mutex_);
    over_ = true;
    slot.swap(slot_);
  }

  grpc::Channel& channel_;
  const SocketCallRequest request_;
  const std::shared_ptr<WebSocket> socket_;
  const std::shared_ptr<grpc::ClientContext> context_;
  grpc::ByteBuffer response_;

  // Of the client's messages.
  size_t received_ = 0;
  std::unique_ptr<Message> message_;

  Mutex mutex_;
  std::shared_ptr<void> slot_ ABSL_GUARDED_BY(mutex_);
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);

  const Message* const prototype_;
  std::shared_ptr<SocketCall> self_;
};

}  // namespace

void StartSocketCall(grpc::Channel& channel, SocketCallRequest request) {
  std::make_shared<SocketCall>(channel, std::move(request))->Start();
}

}  // namespace warren::gateway
