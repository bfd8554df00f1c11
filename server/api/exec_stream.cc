#include "server/api/exec_stream.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "server/api/status.h"
#include "server/api/watch_call.h"
#include "server/exec/wire.h"

namespace warren::api {
namespace {

constexpr char kSessionKey[] = "warren-exec-session";

class AgentStream final : public ExecStream {
 public:
  using ExecStream::ExecStream;

  void Begin(exec::Sessions& sessions) {
    const auto [begin, end] = context()->client_metadata().equal_range(kSessionKey);
    if (begin == end || std::next(begin) != end) {
      return Finish(absl::InvalidArgumentError(absl::StrCat("metadata ", kSessionKey, " must name one session")));
    }
    auto session = sessions.Attach(std::string(begin->second.data(), begin->second.size()));
    if (!session.ok()) return Finish(session.status());
    // What is opened in this folder is a relay.
    auto relay = std::static_pointer_cast<ExecRelay>(*std::move(session));
    SetRelay(relay);
    if (relay->Attach(*this)) return;
    SetRelay(nullptr);
    Finish(exec::NoSuchSession());
  }

 private:
  void OnMessage(grpc::ByteBuffer& bytes) override {
    ExecMessage message;
    message.size = bytes.Length();
    message.kind = exec::KindOfResponse(FirstByte(bytes));
    if (message.kind == exec::Kind::kError) message.error = ErrorIn(bytes);
    message.bytes.Swap(&bytes);
    relay()->Received(exec::Side::kAgent, message);
  }
  absl::Status ErrorIn(const grpc::ByteBuffer& bytes) const {
    v1::SessionResponse response;
    if (absl::Status bad = ParseRequest(bytes, response); !bad.ok()) return absl::InternalError(bad.message());
    return exec::ErrorOf(relay()->host(), response.error());
  }
};

}  // namespace

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::optional<uint8_t> FirstByte(const grpc::ByteBuffer& bytes) {
  grpc::ByteBuffer copy = bytes;  // of references
  grpc::ProtoBufferReader reader(&copy);
  const void* data = nullptr;
  int size = 0;
  while (reader.Next(&data, &size)) {
    if (size > 0) return *static_cast<const uint8_t*>(data);
  }
  return std::nullopt;
}

void ExecStream::Finish(const absl::Status& status) { ExecReactor::Finish(ToGrpc(status)); }

void ExecStream::OnReadDone(bool ok) {
  if (ok) return OnMessage(in_);
  if (relay_ != nullptr) relay_->ReadEnded(side_);
}

ExecReactor* StartAgentStream(exec::Sessions& sessions, grpc::CallbackServerContext* context) {
  auto* stream = new AgentStream(exec::Side::kAgent, context);
  stream->Begin(sessions);
  return stream;
}

}  // namespace warren::api
