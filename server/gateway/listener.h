#ifndef WARREN_SERVER_GATEWAY_LISTENER_H_
#define WARREN_SERVER_GATEWAY_LISTENER_H_

// Listens for HTTP/1.1: connections that are kept alive, requests one after the other however many the client sends
// ahead (pipelining), and WebSockets that connections become (socket_connection.h). Refuses, and closes the connection:
// what could be read in two ways (a body with both lengths, folded header lines, a header that must come once twice,
// bad chunks), and what is over a limit: 400, 408, 413, 431, 503.
//
// Threading: a few threads of its own; a connection's work is on one of them at a time. Thread-safe but for Start and
// Stop. Cost: a connection that is kept alive some 2 KiB, a WebSocket some 6.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/gateway/http.h"
#include "server/gateway/observer.h"

namespace warren::gateway {

class Listener {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;  // 0: a free one
    int threads = 2;
    size_t max_connections = 10000;
    size_t max_header_bytes = 16 << 10;
    size_t max_body_bytes = 4 << 20;
    // From the connection, or the last answer, to the first byte of a request; from there to the end of its headers;
    // from there to the end of its body; and for an answer, or each part of a stream, to be taken.
    std::chrono::milliseconds idle_timeout{60'000};
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds body_timeout{30'000};
    std::chrono::milliseconds write_timeout{30'000};
    // After which a WebSocket's client is asked whether it is there.
    std::chrono::milliseconds ping_interval{25'000};
    std::shared_ptr<HttpObserver> observer = std::make_shared<HttpObserver>();
  };

  // `handler` outlives it. UNAVAILABLE: the address cannot be had, with the system's reason.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(Options options, HttpHandler& handler);
  // Stops, and ends its threads. Every responder is gone by then: until then they need those.
  virtual ~Listener() = default;

  // "HOST:PORT" in use.
  virtual const std::string& address() const = 0;
  virtual size_t connections() const = 0;
  // Takes no more connections and closes those there are, a moment later; what is being answered is cut off.
  // Idempotent.
  virtual void Stop() = 0;
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_LISTENER_H_
