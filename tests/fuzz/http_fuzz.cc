// Any bytes on a connection to a listener: it answers or closes, and what reaches the handler is one request of whole
// parts.

#include <stdlib.h>
#include <sys/socket.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "server/gateway/listener.h"
#include "tests/server/gateway/raw_client.h"

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

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warren::gateway;
  static auto* handler = new Check();
  static auto* listener = [] {
    Listener::Options options;
    options.threads = 1;
    options.max_header_bytes = 2048;
    options.max_body_bytes = 4096;
    auto started = Listener::Start(options, *handler);
    if (!started.ok()) abort();
    return started->release();
  }();
  static const int port = [] {
    int number = 0;
    (void)absl::SimpleAtoi(listener->address().substr(listener->address().rfind(':') + 1), &number);
    return number;
  }();
  RawClient client(port);
  client.Send({reinterpret_cast<const char*>(data), size});
  // What is not over is over with this: the other end sees the end, and closes.
  client.EndSending();
  const std::string answer = client.ReadUntil();
  if (!answer.empty() && answer.compare(0, 5, "HTTP/") != 0) abort();
  return 0;
}
