#ifndef WARREN_SERVER_API_EXEC_STREAM_H_
#define WARREN_SERVER_API_EXEC_STREAM_H_

// gRPC's streams as the ends of a relay (server/exec/relay.h): bytes in, the same bytes out. gRPC does not run a
// reaction from within the call that it answers, so the relay may hold its lock while it starts reads and writes.

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/exec/relay.h"

namespace warren::api {

using ExecReactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
using ExecRelay = exec::Relay<grpc::ByteBuffer>;
using ExecMessage = exec::Message<grpc::ByteBuffer>;

grpc::ByteBuffer ToByteBuffer(const std::string& bytes);
// Nothing: it is empty.
std::optional<uint8_t> FirstByte(const grpc::ByteBuffer& bytes);

// Deletes itself when the stream is done.
class ExecStream : public ExecReactor, public exec::RelayEnd<grpc::ByteBuffer> {
 public:
  ExecStream(exec::Side side, grpc::CallbackServerContext* context) : side_(side), context_(context) {}

  // exec::RelayEnd
  void StartRead() override {
    in_.Clear();
    ExecReactor::StartRead(&in_);
  }
  bool StartWrite(grpc::ByteBuffer& bytes) override {
    out_.Swap(&bytes);
    ExecReactor::StartWrite(&out_);
    return false;
  }
  void Finish(const absl::Status& status) override;
  void Cancel() override { context_->TryCancel(); }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override {
    out_.Clear();
    relay_->Written(side_, ok);
  }
  void OnCancel() override {
    if (relay_ != nullptr) relay_->Gone(side_);
  }
  void OnDone() override {
    if (relay_ != nullptr) relay_->Closed(side_);
    delete this;
  }

 protected:
  // From the beginning on, but of a stream that is refused.
  void SetRelay(std::shared_ptr<ExecRelay> relay) { relay_ = std::move(relay); }
  const std::shared_ptr<ExecRelay>& relay() const { return relay_; }
  grpc::CallbackServerContext* context() const { return context_; }
  // What is to be done with a message that was read.
  virtual void OnMessage(grpc::ByteBuffer& bytes) = 0;

 private:
  const exec::Side side_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer in_, out_;
  std::shared_ptr<ExecRelay> relay_;
};

// The agent's call AttachExec: metadata says which session. Over at once with INVALID_ARGUMENT without that, and as
// Sessions::Attach.
ExecReactor* StartAgentStream(exec::Sessions& sessions, grpc::CallbackServerContext* context);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_EXEC_STREAM_H_
