#ifndef WARREN_SERVER_GATEWAY_SOCKET_CONNECTION_H_
#define WARREN_SERVER_GATEWAY_SOCKET_CONNECTION_H_

// A WebSocket of a Listener: what a Connection becomes when a request upgrades it. Its work is on its executor, one
// piece at a time. Nothing is read between one message and the Read of the next: pings are not answered then, nor is
// the client's close frame seen, but that it has hung up is. For listener.cc alone.

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/utf8.h"
#include "server/gateway/listener.h"
#include "server/gateway/socket_layer.h"
#include "server/gateway/websocket.h"

namespace warren::gateway {

// Bytes that a client may send before it has the answer to its upgrade, which Beast keeps with the request in 1.5 KiB.
inline constexpr size_t kMaxSentAhead = 1024;

// Templated on the stream, as Connection is.
template <typename Stream>
class SocketConnection : public WebSocket, public std::enable_shared_from_this<SocketConnection<Stream>> {
  using error_code = boost::system::error_code;
  using Clock = std::chrono::steady_clock;

 public:
  using Ready = std::function<void(std::shared_ptr<WebSocket>)>;

  // `connection` is kept as long as this lives, which counts it.
  SocketConnection(Stream stream, const Listener::Options& options, std::shared_ptr<void> connection)
      : connection_(std::move(connection)), options_(options), socket_(std::move(stream)) {
    deadlines_.fill(kNever);
    namespace websocket = boost::beast::websocket;
    socket_.auto_fragment(false);
    socket_.read_message_max(options_.max_body_bytes);
    socket_.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& answer) { answer.set(boost::beast::http::field::server, "Warren"); }));
    socket_.control_callback([this](websocket::frame_type type, boost::beast::string_view) {
      Set(kPong, kNever);
      // Beast answers it, and the read ends once the client has hung up.
      if (type == websocket::frame_type::close) {
        Set(kClose, Clock::now() + kLeaveTime);
        TellGone();
      }
    });
  }

  // Answers an upgrade with that key; `ahead` is what the client has sent since, at most kMaxSentAhead.
  void Accept(const std::string& key, const std::string& ahead, Ready ready) {
    // The request was read and looked at; Beast gets what is left to be done.
    head_ = absl::StrCat(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
        key, "\r\n\r\n", ahead);
    Set(kClose, Clock::now() + options_.write_timeout);
    socket_.async_accept(boost::asio::buffer(head_),
                         [self = this->shared_from_this(), ready = std::move(ready)](error_code error) {
                           std::string().swap(self->head_);
                           if (error) self->Cut();
                           if (self->state_ != State::kOpening) return ready(nullptr);
                           self->state_ = State::kOpen;
                           self->Set(kClose, kNever);
                           self->Set(kPing, Clock::now() + self->options_.ping_interval);
                           // The first one has its time, too.
                           self->Set(kMessage, Clock::now() + self->options_.body_timeout);
                           ready(self);
                         });
  }

  // The listener's. The client gets a moment to take that.
  void Stop() {
    boost::asio::post(socket_.get_executor(), [self = this->shared_from_this()] {
      const bool stuck = self->state_ == State::kOpening || self->writing_;
      stuck ? self->Cut() : self->Leave(kSocketGoingAway, "the server stops", kLeaveTime);
    });
  }

  void Read(std::function<void(std::optional<SocketMessage>)> read) override {
    Run([read = std::move(read)](SocketConnection& s) mutable {
      if (s.state_ != State::kOpen) return read(std::nullopt);
      s.read_ = std::move(read);
      s.Set(kLook, kNever);
      s.ReadPiece();
    });
  }
  void Write(SocketMessage message, std::function<void(bool)> written) override {
    Run([message = std::move(message), written = std::move(written)](SocketConnection& s) mutable {
      s.WriteMessage(std::move(message), std::move(written));
    });
  }
  void Close(uint16_t code, std::string reason) override {
    Run([code, reason = std::move(reason)](SocketConnection& s) { s.Leave(code, reason, s.options_.write_timeout); });
  }
  void OnGone(std::function<void()> gone) override {
    Run([gone = std::move(gone)](SocketConnection& s) mutable {
      if (s.state_ != State::kOpen) return gone();
      s.on_gone_ = std::move(gone);
    });
  }

 private:
  enum class State {
    kOpening,
    kOpen,
    kClosing,  // the close frame is being written, or the client's awaited
    kClosed,
  };
  // What has a deadline: the next ping, its answer, a write, the rest of a message, the end of a closing (or opening),
  // and a look whether a client that is not read from is there.
  enum Deadline { kPing, kPong, kWrite, kMessage, kClose, kLook, kDeadlines };

  static constexpr auto kNever = Clock::time_point::max();
  static constexpr std::chrono::seconds kLookInterval{1};
  static constexpr std::chrono::seconds kLeaveTime{1};
  // Read at once: that one waits with, and that the rest of a long message comes in.
  static constexpr size_t kFirstPiece = 512;
  static constexpr size_t kPiece = 16 << 10;

  auto& Lowest() { return boost::beast::get_lowest_layer(socket_); }

  // At once when this is its thread.
  template <typename Work>
  void Run(Work work) {
    boost::asio::dispatch(socket_.get_executor(),
                          [self = this->shared_from_this(), work = std::move(work)]() mutable { work(*self); });
  }

  void ReadPiece() {
    piece_.resize(message_.empty() ? kFirstPiece : kPiece);
    socket_.async_read_some(boost::asio::buffer(piece_),
                            [self = this->shared_from_this()](error_code e, size_t size) { self->OnPiece(e, size); });
  }
  void OnPiece(error_code error, size_t size) {
    if (state_ != State::kOpen) return;  // the closing goes on by itself
    if (error) return Cut();
    Set(kPong, kNever);
    message_.append(piece_, 0, size);
    if (!socket_.is_message_done()) {
      if (deadlines_[kMessage] == kNever) Set(kMessage, Clock::now() + options_.body_timeout);
      return ReadPiece();
    }
    std::string().swap(piece_);
    Set(kMessage, kNever);
    Set(kLook, Clock::now() + kLookInterval);
    const bool is_text = socket_.got_text();
    // Beast does not look at the end of a text whose last frame is empty.
    if (is_text && !IsUtf8(message_)) return Leave(kSocketBadData, "the text is not UTF-8", kLeaveTime);
    if (auto tell = std::exchange(read_, nullptr)) tell(SocketMessage{is_text, std::exchange(message_, {})});
  }

  void WriteMessage(SocketMessage message, std::function<void(bool)> written) {
    if (state_ != State::kOpen) return written(false);
    writing_ = true;
    out_ = std::move(message.data);
    written_ = std::move(written);
    Set(kWrite, Clock::now() + options_.write_timeout);
    socket_.text(message.is_text);
    socket_.async_write(boost::asio::buffer(out_), [self = this->shared_from_this()](error_code error, size_t) {
      self->writing_ = false;
      self->Set(kWrite, kNever);
      std::string().swap(self->out_);
      if (error) return self->Cut();
      if (auto tell = std::exchange(self->written_, nullptr)) tell(true);
    });
  }

  void Leave(uint16_t code, const std::string& reason, std::chrono::milliseconds time) {
    if (state_ != State::kOpen) return;
    state_ = State::kClosing;
    for (const Deadline none : {kPing, kPong, kMessage, kLook}) Set(none, kNever);
    Set(kClose, Clock::now() + time);
    TellGone();
    boost::beast::websocket::close_reason why;
    why.code = code;
    why.reason = reason.substr(0, kMaxCloseReason);
    socket_.async_close(why, [self = this->shared_from_this()](error_code) { self->Cut(); });
  }

  void Cut() {
    if (std::exchange(state_, State::kClosed) == State::kClosed) return;
    timer_.cancel();
    error_code ignored;
    Lowest().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    Lowest().close(ignored);
    TellGone();
  }

  void TellGone() {
    if (auto tell = std::exchange(on_gone_, nullptr)) tell();
    if (auto tell = std::exchange(read_, nullptr)) tell(std::nullopt);
    if (auto tell = std::exchange(written_, nullptr)) tell(false);
  }

  void Set(Deadline which, Clock::time_point when) {
    deadlines_[which] = when;
    if (when < rings_ && state_ != State::kClosed) SetTimer(when);
  }
  // One timer for all: most deadlines are over long before it rings, and then it is set to the next.
  void SetTimer(Clock::time_point when) {
    rings_ = when;
    timer_.expires_at(when);
    timer_.async_wait([self = this->shared_from_this()](error_code error) {
      if (error || self->state_ == State::kClosed) return;
      self->rings_ = kNever;
      self->OnTime(Clock::now());
      const auto next = *std::min_element(self->deadlines_.begin(), self->deadlines_.end());
      if (next < self->rings_ && self->state_ != State::kClosed) self->SetTimer(next);
    });
  }
  void OnTime(Clock::time_point now) {
    const auto is_due = [&](Deadline which) { return deadlines_[which] <= now; };
    if (is_due(kWrite)) options_.observer->OnSlowReader();
    if (is_due(kWrite) || is_due(kClose) || is_due(kPong)) return Cut();
    if (is_due(kMessage)) return Leave(kSocketPolicy, "a message took too long", kLeaveTime);
    const bool looks = is_due(kLook);
    if (looks) {
      if (HasLeft(Lowest())) return Cut();
      Set(kLook, now + kLookInterval);
    }
    // Its hanging up may wait behind what is not read: then it is its system that says so, at the next ping.
    if (looks || is_due(kPing)) Ping(now);
  }

  void Ping(Clock::time_point now) {
    // Beast has refused what the client sent, and waits for it to hang up.
    if (!socket_.is_open()) return Cut();
    Set(kPing, now + options_.ping_interval);
    if (deadlines_[kPong] == kNever) Set(kPong, now + options_.write_timeout);
    if (std::exchange(pinging_, true)) return;
    socket_.async_ping({}, [self = this->shared_from_this()](error_code error) {
      self->pinging_ = false;
      if (self->state_ != State::kOpen) return;
      if (error) return self->Cut();
      // Of a client that is not read from no answer can be seen.
      if (self->read_ == nullptr) self->Set(kPong, kNever);
    });
  }

  template <typename Socket>
  static bool HasLeft(Socket& socket) {
    if constexpr (requires { socket.native_handle(); }) {
      pollfd peer{socket.native_handle(), POLLRDHUP, 0};
      return poll(&peer, 1, 0) > 0;
    } else {
      return false;
    }
  }

  const std::shared_ptr<void> connection_;
  const Listener::Options& options_;
  boost::beast::websocket::stream<SocketLayer<Stream>, /*deflateSupported=*/false> socket_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, typename Stream::executor_type> timer_{
      socket_.get_executor()};
  Clock::time_point rings_ = kNever;
  std::array<Clock::time_point, kDeadlines> deadlines_;
  State state_ = State::kOpening;
  bool writing_ = false;
  bool pinging_ = false;
  std::string head_;     // being answered
  std::string piece_;    // being read
  std::string message_;  // its pieces so far
  std::string out_;      // being written
  std::function<void(std::optional<SocketMessage>)> read_;
  std::function<void(bool)> written_;
  std::function<void()> on_gone_;
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_SOCKET_CONNECTION_H_
