// Any bytes on a connection, in pieces of any size: it answers and closes, and what reaches the handler is one request
// of whole parts.

#include <stdlib.h>

#include "absl/strings/ascii.h"
#include "server/gateway/connection.h"
#include "tests/fuzz/memory_stream.h"

namespace warren::gateway {
namespace {

class Check : public HttpHandler {
 public:
  void Handle(HttpRequest request, std::shared_ptr<HttpResponder> responder) override {
    if (request.verb.empty() || request.target.empty()) abort();
    for (const auto& [name, value] : request.headers) {
      if (name.empty() || name != absl::AsciiStrToLower(name)) abort();
      for (const char c : value) {
        if (c == '\r' || c == '\n' || c == '\0') abort();
      }
    }
    if (request.body.size() > 4096) abort();
    responder->Respond({200, {}, request.body});
  }
  HttpResponse Refusal(int status, std::string_view why) override { return {status, {}, std::string(why)}; }
};

}  // namespace
}  // namespace warren::gateway

// The first byte says how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warren::gateway;
  static auto* handler = new Check();
  static const auto* options = [] {
    auto* made = new Listener::Options();
    made->max_header_bytes = 2048;
    made->max_body_bytes = 4096;
    return made;
  }();
  if (size == 0) return 0;
  // Kept: making one takes longer than all the rest.
  static auto& context = *new asio::io_context(1);
  std::atomic<size_t> count = 1;
  const auto wire = std::make_shared<MemoryStream::Wire>();
  wire->left = {reinterpret_cast<const char*>(data) + 1, size - 1};
  wire->piece = size_t{1} + data[0] * size_t{8};
  std::make_shared<Connection<MemoryStream>>(MemoryStream(context, wire), *options, *handler, count)->Start();
  // All that is there is read and answered, then the client hangs up.
  context.restart();
  context.poll();
  wire->End();
  context.restart();
  context.poll();
  if (!wire->closed || count != 0) abort();
  if (!wire->written.empty() && wire->written.compare(0, 5, "HTTP/") != 0) abort();
  return 0;
}
