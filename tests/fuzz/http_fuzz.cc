// Any bytes on a connection, in pieces of any size: it answers and closes, and what reaches the handler is one request
// of whole parts.

#include <stdlib.h>

#include "absl/strings/ascii.h"
#include "tests/fuzz/converse.h"

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
  const auto wire = Converse({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0], *options, *handler);
  if (!wire->written.empty() && wire->written.compare(0, 5, "HTTP/") != 0) abort();
  return 0;
}
