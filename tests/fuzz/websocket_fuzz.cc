// Any bytes after an upgrade, in pieces of any size: what reaches the handler is whole messages within the limit, text
// is UTF-8, what a binary one says goes back as the same frame, and in the end the connection is gone.

#include <stdlib.h>

#include <optional>

#include "proto/common/utf8.h"
#include "server/gateway/frames.h"
#include "server/gateway/upgrade.h"
#include "tests/fuzz/converse.h"
#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

constexpr size_t kMaxMessage = 4096;
constexpr char kUpgrade[] =
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// Gives every message back; "!" closes.
void Echo(const std::shared_ptr<WebSocket>& socket) {
  socket->Read([socket](std::optional<SocketMessage> message) {
    if (!message) return;
    if (message->data.size() > kMaxMessage || (message->is_text && !IsUtf8(message->data))) abort();
    test::Said said;
    if (!message->is_text && FromFrame(message->data, said).ok()) {
      std::string wire = said.SerializeAsString();
      if (said.has_voice() && (!ToFrame(*said.GetDescriptor(), wire) || wire != message->data)) abort();
    }
    if (message->data == "!") return socket->Close(CloseCodeOf(5), CloseReasonOf("said so"));
    socket->Write(*std::move(message), [socket](bool written) {
      if (written) Echo(socket);
    });
  });
}

class Check : public HttpHandler {
 public:
  void Handle(HttpRequest request, std::shared_ptr<HttpResponder> responder) override {
    if (WhyNoUpgrade(request)) abort();
    responder->Upgrade([this](std::shared_ptr<WebSocket> socket) {
      if (socket == nullptr) return;
      ++open;
      socket->OnGone([this] { --open; });
      Echo(socket);
    });
  }
  HttpResponse Refusal(int status, std::string_view why) override { return {status, {}, std::string(why)}; }

  int open = 0;
};

}  // namespace
}  // namespace warren::gateway

// The first byte says how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warren::gateway;
  static auto* handler = new Check();
  static const auto* options = [] {
    auto* made = new Listener::Options();
    made->max_body_bytes = kMaxMessage;
    return made;
  }();
  if (size == 0) return 0;
  const std::string sent = kUpgrade + std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto wire = Converse(sent, data[0], *options, *handler);
  if (handler->open != 0) abort();
  if (wire->written.compare(0, 13, "HTTP/1.1 101 ") != 0) abort();
  return 0;
}
