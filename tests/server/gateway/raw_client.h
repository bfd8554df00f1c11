#ifndef WARREN_TESTS_SERVER_GATEWAY_RAW_CLIENT_H_
#define WARREN_TESTS_SERVER_GATEWAY_RAW_CLIENT_H_

// A TCP connection on which a test says exactly what it wants, which no well-behaved client would.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "proto/common/unique_fd.h"

namespace warren::gateway {

class RawClient {
 public:
  explicit RawClient(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  void Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the other end has closed, which the test sees when it reads
      text.remove_prefix(static_cast<size_t>(sent));
    }
  }

  void EndSending() { shutdown(fd_.get(), SHUT_WR); }

  // Until the other end closes, or what was read ends with this.
  std::string ReadUntil(std::string_view end = "") {
    while (end.empty() || text_.find(end) == std::string::npos) {
      char piece[16384];
      const ssize_t got = recv(fd_.get(), piece, sizeof piece, 0);
      if (got <= 0) break;
      text_.append(piece, static_cast<size_t>(got));
    }
    return std::exchange(text_, "");
  }
  // The status of the first answer, once its connection is closed.
  std::string Status(std::string_view request) {
    Send(request);
    const std::string answer = ReadUntil();
    return answer.size() < 12 ? answer : answer.substr(9, 3);
  }

 private:
  const UniqueFd fd_;
  std::string text_;
};

}  // namespace warren::gateway

#endif  // WARREN_TESTS_SERVER_GATEWAY_RAW_CLIENT_H_
