#ifndef WARREN_SERVER_GATEWAY_WEBSOCKET_H_
#define WARREN_SERVER_GATEWAY_WEBSOCKET_H_

// A WebSocket (RFC 6455) as plain calls, so that only listener.cc knows the library that speaks it. Pings, pongs, the
// masks and the pieces that messages come in are below this.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace warren::gateway {

struct SocketMessage {
  bool is_text = true;  // then it is UTF-8
  std::string data;
};

// Why a socket is closed, beside 1000: what RFC 6455 section 7.4.1 has numbers for.
inline constexpr uint16_t kSocketDone = 1000;
inline constexpr uint16_t kSocketGoingAway = 1001;
inline constexpr uint16_t kSocketBadData = 1007;
inline constexpr uint16_t kSocketPolicy = 1008;
// A close frame holds no longer reason than this.
inline constexpr size_t kMaxCloseReason = 123;

// Thread-safe; each method returns at once. What is given to it is called once, on any thread.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // The next message, whole; one Read at a time. Nothing is read from the client before this asks for it, so that who
  // sends too fast is held up. Nothing: none comes any more, since the socket is closed or the client gone.
  virtual void Read(std::function<void(std::optional<SocketMessage>)> read) = 0;
  // One at a time. `written`: false when it is closed, or the client gone, or took nothing for too long.
  virtual void Write(SocketMessage message, std::function<void(bool)> written) = 0;
  // After the last Write was written. The reason is UTF-8, of at most kMaxCloseReason bytes.
  virtual void Close(uint16_t code, std::string reason) = 0;
  // Called when it is closed, by whomever, or the client is gone.
  virtual void OnGone(std::function<void()> gone) = 0;
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_WEBSOCKET_H_
