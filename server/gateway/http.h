#ifndef WARREN_SERVER_GATEWAY_HTTP_H_
#define WARREN_SERVER_GATEWAY_HTTP_H_

// An HTTP request and its answer as plain values, so that only listener.cc knows the library that speaks HTTP.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/gateway/websocket.h"

namespace warren::gateway {

// In order. Names of a request are in lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

// The first of that name; "": none.
std::string_view HeaderOf(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string verb;    // "GET"
  std::string target;  // "/v1/hosts?page_size=3", as it was sent
  Headers headers;
  std::string body;
  std::string peer;       // "127.0.0.1:40123"
  unsigned version = 11;  // of HTTP: 11, or 10
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
};

// The way back of one request. Thread-safe; each method returns at once. Either Respond, once; or Begin, then Writes,
// each after the one before was written, then End; or Upgrade, once.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;

  virtual void Respond(HttpResponse response) = 0;

  virtual void Begin(int status, Headers headers) = 0;
  // `written` is called once, on any thread: false when the client is gone, or took nothing for too long.
  virtual void Write(std::string part, std::function<void(bool)> written) = 0;
  // Whole, or cut off, so that the client sees that it is not.
  virtual void End(bool whole) = 0;

  // For a request that WhyNoUpgrade (upgrade.h) takes: answers with 101, and gives the connection as a WebSocket; null:
  // the client is gone, or was refused since it had sent too much ahead.
  virtual void Upgrade(std::function<void(std::shared_ptr<WebSocket>)> ready) = 0;

  // `gone` is called once, on any thread, if the client hangs up before the answer is over.
  virtual void OnGone(std::function<void()> gone) = 0;
};

// What answers requests.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // On a thread of the listener, which must not be blocked.
  virtual void Handle(HttpRequest request, std::shared_ptr<HttpResponder> responder) = 0;
  // The answer to what is no request: its status and why.
  virtual HttpResponse Refusal(int status, std::string_view why) = 0;
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_HTTP_H_
