#ifndef WARREN_TESTS_SERVER_GATEWAY_SOCKET_CLIENT_H_
#define WARREN_TESTS_SERVER_GATEWAY_SOCKET_CLIENT_H_

// The client's end of a WebSocket, written after RFC 6455 and not with the library that the gateway uses: a test says
// every bit of a frame.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "tests/server/gateway/raw_client.h"

namespace warren::gateway {

// Opcodes.
inline constexpr int kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10, kMore = 0;

struct Frame {
  int opcode = kText;
  std::string data = "";
  bool fin = true;
  bool masked = true;
  int reserved = 0;  // the three bits
};

class SocketClient {
 public:
  // RFC 6455 section 1.3 has this key, and the answer to it.
  static constexpr char kKey[] = "dGhlIHNhbXBsZSBub25jZQ==";
  static constexpr char kAccept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

  static std::string Upgrade(const std::string& path, const std::string& headers = "",
                             const std::string& host = "localhost") {
    return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", host,
                        "\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n",
                        "Sec-WebSocket-Key: ", kKey, "\r\n", headers, "\r\n");
  }

  explicit SocketClient(int port) : raw_(port) {}
  // Opens it.
  SocketClient(int port, const std::string& path, const std::string& headers = "") : raw_(port) {
    raw_.Send(Upgrade(path, headers));
    head_ = raw_.TakeUntil("\r\n\r\n");
    EXPECT_EQ(head_.substr(0, 13), "HTTP/1.1 101 ") << head_;
  }

  RawClient& raw() { return raw_; }
  const std::string& head() const { return head_; }

  static std::string Bytes(const Frame& frame) {
    std::string bytes;
    bytes += static_cast<char>((frame.fin ? 0x80 : 0) | (frame.reserved << 4) | frame.opcode);
    const int mask_bit = frame.masked ? 0x80 : 0;
    const size_t size = frame.data.size();
    const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    bytes += static_cast<char>(mask_bit | (length_bytes == 0 ? static_cast<int>(size) : length_bytes == 2 ? 126 : 127));
    for (int i = length_bytes - 1; i >= 0; --i) bytes += static_cast<char>(size >> (8 * i));
    if (!frame.masked) return bytes + frame.data;
    const std::string mask = "\x12\x34\x56\x78";
    bytes += mask;
    for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(frame.data[i] ^ mask[i % 4]);
    return bytes;
  }
  void Send(const Frame& frame) { raw_.Send(Bytes(frame)); }
  void SendText(const std::string& text) { Send({kText, text}); }
  void SendBinary(const std::string& data) { Send({kBinary, data}); }

  // The next one; nothing: the other end has closed. The server's must not be masked.
  std::optional<Frame> Read() {
    const std::string head = raw_.Take(2);
    if (head.size() < 2) return std::nullopt;
    const auto byte = [](char c) { return static_cast<unsigned char>(c); };
    Frame frame;
    frame.fin = (byte(head[0]) & 0x80) != 0;
    frame.reserved = (byte(head[0]) >> 4) & 7;
    frame.opcode = byte(head[0]) & 15;
    EXPECT_EQ(byte(head[1]) & 0x80, 0);
    uint64_t size = byte(head[1]) & 0x7f;
    if (size >= 126) {
      const std::string length = raw_.Take(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : length) size = size << 8 | byte(c);
    }
    frame.data = raw_.Take(size);
    return frame;
  }
  // "text:...", "binary:...", "close:CODE:REASON", "ping:", "gone".
  std::string ReadShown() {
    const auto frame = Read();
    if (!frame) return "gone";
    if (frame->opcode == kText) return "text:" + frame->data;
    if (frame->opcode == kBinary) return "binary:" + frame->data;
    if (frame->opcode == kPing) return "ping:" + frame->data;
    if (frame->opcode == kPong) return "pong:" + frame->data;
    if (frame->opcode != kClose || frame->data.size() < 2) return absl::StrCat("opcode ", frame->opcode);
    return absl::StrCat(
        "close:", static_cast<unsigned char>(frame->data[0]) << 8 | static_cast<unsigned char>(frame->data[1]), ":",
        frame->data.substr(2));
  }
  static std::string CloseData(int code, const std::string& reason = "") {
    return std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + reason;
  }
  // The last frames and the end of the connection, once this end has answered a close frame.
  std::string ReadClose() {
    std::string shown = ReadShown();
    if (shown.starts_with("close:")) Send({kClose, CloseData(1000)});
    const std::string after = ReadShown();
    return after == "gone" ? shown : absl::StrCat(shown, " and then ", after);
  }

 private:
  RawClient raw_;
  std::string head_;
};

}  // namespace warren::gateway

#endif  // WARREN_TESTS_SERVER_GATEWAY_SOCKET_CLIENT_H_
