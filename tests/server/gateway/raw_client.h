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

  // As Send, until the other end has taken nothing for a while; how much it took.
  size_t SendWhatFits(std::string_view text) {
    const timeval patience{0, 300'000};
    setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    size_t all = 0;
    while (all < text.size()) {
      const ssize_t sent = send(fd_.get(), text.data() + all, text.size() - all, MSG_NOSIGNAL);
      if (sent <= 0) break;
      all += static_cast<size_t>(sent);
    }
    return all;
  }

  void EndSending() { shutdown(fd_.get(), SHUT_WR); }

  // Until the other end closes, or what was read ends with this.
  std::string ReadUntil(std::string_view end = "") {
    while ((end.empty() || text_.find(end) == std::string::npos) && Receive()) {
    }
    return std::exchange(text_, "");
  }
  // So many bytes, or those up to the end of the first of this; less: the other end has closed.
  std::string Take(size_t size) {
    while (text_.size() < size && Receive()) {
    }
    const std::string taken = text_.substr(0, size);
    text_.erase(0, size);
    return taken;
  }
  std::string TakeUntil(std::string_view end) {
    while (text_.find(end) == std::string::npos && Receive()) {
    }
    const size_t at = text_.find(end);
    return Take(at == std::string::npos ? text_.size() : at + end.size());
  }
  // What is still to be read is dropped, and the connection with it, so that the other end is told at once (RST).
  void Vanish() {
    const linger now{1, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }
  // The status of the first answer, once its connection is closed.
  std::string Status(std::string_view request) {
    Send(request);
    const std::string answer = ReadUntil();
    return answer.size() < 12 ? answer : answer.substr(9, 3);
  }

 private:
  bool Receive() {
    char piece[16384];
    const ssize_t got = recv(fd_.get(), piece, sizeof piece, 0);
    if (got > 0) text_.append(piece, static_cast<size_t>(got));
    return got > 0;
  }

  UniqueFd fd_;
  std::string text_;
};

}  // namespace warren::gateway

#endif  // WARREN_TESTS_SERVER_GATEWAY_RAW_CLIENT_H_
