#ifndef WARREN_SERVER_GATEWAY_CONNECTION_H_
#define WARREN_SERVER_GATEWAY_CONNECTION_H_

// One HTTP connection of a Listener: reads a request, has it answered, and goes on with the next. Its work is on its
// executor, one piece at a time. A read is under way all the while, so that a client that hangs up while it is being
// answered is seen; what it sends ahead waits for its turn, up to the size of a request's headers, beyond which it is
// not read before that. For listener.cc alone: Boost.Beast takes long to compile.

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/gateway/answer_head.h"
#include "server/gateway/connection_responder.h"
#include "server/gateway/head_rules.h"
#include "server/gateway/http.h"
#include "server/gateway/listener.h"
#include "server/gateway/socket_connection.h"

namespace warren::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using beast::error_code;
using Clock = std::chrono::steady_clock;
using Executor = asio::io_context::executor_type;

// Read at once: most heads fit into the first, and it is all that a connection which waits holds.
inline constexpr size_t kHeadPiece = 512;
inline constexpr size_t kBodyPiece = 64 << 10;
inline constexpr size_t kLastChunk = sizeof "0\r\n\r\n" - 1;
inline constexpr std::chrono::seconds kLinger{1};
inline constexpr Clock::time_point kNever = Clock::time_point::max();

inline Headers HeadersOf(const http::request<http::string_body>& message) {
  Headers headers;
  for (const auto& field : message) {
    headers.emplace_back(
        absl::AsciiStrToLower(absl::string_view(field.name_string().data(), field.name_string().size())),
        std::string(field.value().data(), field.value().size()));
  }
  return headers;
}

// Templated on the stream, so that TLS is one more instance.
template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(Stream stream, const Listener::Options& options, HttpHandler& handler, std::atomic<size_t>& count)
      : stream_(std::move(stream)), options_(options), handler_(handler), count_(count) {
    options_.observer->OnConnections(1);
    error_code ignored;
    const auto peer = Socket().remote_endpoint(ignored);
    if (!ignored) peer_ = absl::StrCat(peer.address().to_string(), ":", peer.port());
  }
  ~Connection() {
    options_.observer->OnConnections(-1);
    --count_;
  }

  void Start() {
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] { self->Next(); });
  }
  // One too many.
  void RefuseWhole() {
    asio::dispatch(stream_.get_executor(),
                   [self = this->shared_from_this()] { self->Refuse(503, "too many connections"); });
  }
  void Cut() {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
      self->Close();
      if (auto socket = self->socket_.lock()) socket->Stop();
    });
  }

 private:
  friend class ConnectionResponder<Connection>;
  using SocketReady = typename SocketConnection<Stream>::Ready;
  enum class State {
    kIdle,       // no byte of the next request is here
    kHead,       // some of its head
    kBody,       // its head, and not all of its body
    kAnswering,  // it is with the handler, or an answer is being written
    kUpgrading,  // to a WebSocket, once nothing is being read
    kLeaving,    // the last answer is out: until the client has hung up
    kClosed,     // or a WebSocket
  };

  auto& Socket() { return beast::get_lowest_layer(stream_); }

  // The next request.
  void Next() {
    if (!buffer_.empty()) return ReadHead();
    Await(State::kIdle, Clock::now() + options_.idle_timeout);
  }

  void Await(State state, Clock::time_point deadline) {
    state_ = state;
    SetDeadline(deadline);
    Read();
  }

  // No more than one at a time.
  void Read() {
    if (std::exchange(reading_, true)) return;
    piece_.resize(state_ == State::kBody ? kBodyPiece : kHeadPiece);
    stream_.async_read_some(asio::buffer(piece_), [self = this->shared_from_this()](error_code error, size_t size) {
      self->reading_ = false;
      if (self->state_ == State::kClosed) return;
      const bool stopped = self->state_ == State::kUpgrading && error == asio::error::operation_aborted;
      if (error && !stopped) return self->Close();
      self->buffer_.append(self->piece_, 0, size);
      if (self->piece_.size() > kHeadPiece) std::string().swap(self->piece_);
      self->OnRead();
    });
  }

  void OnRead() {
    switch (state_) {
      case State::kIdle:
      case State::kHead:
        return ReadHead();
      case State::kBody:
        return ReadBody();
      case State::kLeaving:
        buffer_.clear();
        return Read();
      case State::kAnswering:
        return ReadAhead();
      case State::kUpgrading:
        return BecomeSocket();
      case State::kClosed:
        return;
    }
  }

  // While it is being answered: only so much, since its client could leave unseen behind more.
  void ReadAhead() {
    if (buffer_.size() < options_.max_header_bytes) return Read();
    // Nobody has that much to say behind a stream, which may go on for days.
    if (streaming_) return Close();
    // An answer that takes its time is not waited for either. One that is being written has its own deadline.
    if (deadline_ == kNever) SetDeadline(Clock::now() + options_.write_timeout);
  }

  // Up to the empty line.
  void ReadHead() {
    // RFC 9112 section 2.2: empty lines before a request are passed over.
    while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
    const std::string_view have = buffer_;
    const size_t end = have.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      // TLS, say: no use waiting for the rest.
      if (!MayBeHead(have)) return Refuse(400, "not HTTP/1.1 in plain text");
      if (have.size() >= options_.max_header_bytes) return Refuse(431, "the headers are too large");
      if (have.empty()) {
        return state_ == State::kIdle ? Read() : Await(State::kIdle, Clock::now() + options_.idle_timeout);
      }
      return Await(State::kHead, state_ == State::kHead ? deadline_ : Clock::now() + options_.header_timeout);
    }
    const std::string_view head = have.substr(0, end + 4);
    if (head.size() > options_.max_header_bytes) return Refuse(431, "the headers are too large");
    if (HasFoldedLine(head)) return Refuse(400, "a header line that is folded");
    if (head.find('\0') != std::string_view::npos) return Refuse(400, "a NUL in the headers");
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
    parser_->body_limit(options_.max_body_bytes);
    error_code error;
    const size_t used = parser_->put(asio::buffer(head.data(), head.size()), error);
    if (error == http::error::need_more) error = {};
    if (error) return RefuseFor(error);
    buffer_.erase(0, used);
    const auto& message = parser_->get();
    headers_ = HeadersOf(message);
    if (auto why = WhyBadHead(message.version(), headers_); !why.empty()) return Refuse(400, why);
    // Several codings are none that we know either.
    const std::string_view coding = HeaderOf(headers_, "transfer-encoding");
    if (!coding.empty() && !beast::iequals(coding, "chunked")) {
      return Refuse(501, "a transfer coding other than chunked");
    }
    body_read_ = 0;
    // HTTP/1.0 has no such header (RFC 9110 section 10.1.1).
    if (const auto expect = message.find(http::field::expect); expect != message.end() && message.version() >= 11) {
      if (!beast::iequals(expect->value(), "100-continue"))
        return Refuse(417, "an expectation other than 100-continue");
      if (!parser_->is_done() && buffer_.empty()) {
        state_ = State::kAnswering;
        out_ = "HTTP/1.1 100 Continue\r\n\r\n";
        return Write(&Connection::ReadBody);
      }
    }
    ReadBody();
  }

  void ReadBody() {
    while (!parser_->is_done()) {
      // Of what is there the parser may leave the beginning of a piece, a chunk's head, say. Beast 1.81 asserts that
      // the last chunk comes with no less than its five bytes, which every body that is not over yet still has to come.
      if (buffer_.size() == left_ || (parser_->chunked() && buffer_.size() < kLastChunk)) {
        // Chunks' extensions and trailers are no part of the body that the parser limits.
        if (left_ > options_.max_header_bytes)
          return Refuse(431, "a chunk's extensions, or the trailers, are too large");
        if (body_read_ > 2 * options_.max_body_bytes + options_.max_header_bytes) return RefuseBody();
        return Await(State::kBody, state_ == State::kBody ? deadline_ : Clock::now() + options_.body_timeout);
      }
      error_code error;
      const size_t used = parser_->put(asio::buffer(buffer_), error);
      buffer_.erase(0, used);
      body_read_ += used;
      left_ = error == http::error::need_more ? buffer_.size() : 0;
      if (error && error != http::error::need_more) return RefuseFor(error);
    }
    left_ = 0;
    Dispatch();
  }

  void Dispatch() {
    auto message = parser_->release();
    parser_.reset();
    HttpRequest request;
    request.verb = std::string(message.method_string().data(), message.method_string().size());
    request.target = std::string(message.target().data(), message.target().size());
    request.headers = std::exchange(headers_, {});
    request.body = std::move(message.body());
    request.peer = peer_;
    request.version = message.version();
    key_ = std::string(HeaderOf(request.headers, "sec-websocket-key"));
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    head_only_ = request.verb == "HEAD";
    state_ = State::kAnswering;
    streaming_ = false;
    deadline_ = kNever;
    if (buffer_.empty()) std::string().swap(buffer_);
    handler_.Handle(std::move(request), std::make_shared<ConnectionResponder<Connection>>(this->shared_from_this()));
    // Not before that: what is to be a WebSocket reads by itself.
    if (state_ == State::kAnswering) ReadAhead();
  }

  // One timer for all deadlines: most are over long before it rings, and then it is set to the one of that moment.
  void SetDeadline(Clock::time_point deadline) {
    deadline_ = deadline;
    if (deadline_ < rings_) SetTimer();
  }
  void SetTimer() {
    rings_ = deadline_;
    timer_.expires_at(rings_);
    timer_.async_wait([self = this->shared_from_this()](error_code error) {
      if (error || self->state_ == State::kClosed) return;  // it was set anew
      self->rings_ = kNever;
      if (Clock::now() >= self->deadline_) return self->OnDeadline();
      if (self->deadline_ != kNever) self->SetTimer();
    });
  }
  void OnDeadline() {
    if (state_ == State::kHead) return Refuse(408, "the headers took too long");
    if (state_ == State::kBody) return Refuse(408, "the body took too long");
    if (state_ == State::kAnswering && (!out_.empty() || !body_.empty())) options_.observer->OnSlowReader();
    Close();
  }

  void RefuseFor(error_code error) {
    if (error == http::error::header_limit) return Refuse(431, "the headers are too large");
    if (error == http::error::body_limit || error == http::error::buffer_overflow) {
      return RefuseBody();
    }
    Refuse(400, absl::StrCat("not HTTP: ", error.message()));
  }
  void RefuseBody() { Refuse(413, absl::StrCat("the body is larger than ", options_.max_body_bytes, " bytes")); }
  void Refuse(int status, const std::string& why) {
    keep_alive_ = false;
    head_only_ = false;
    Answer(handler_.Refusal(status, why));
  }

  void Answer(HttpResponse response) {
    if (state_ == State::kClosed) return;
    state_ = State::kAnswering;
    options_.observer->OnAnswer(response.status);
    out_ = AnswerHead(response.status, response.headers, {version_, keep_alive_, response.body.size()});
    if (!head_only_) body_ = std::move(response.body);
    Write(&Connection::Answered);
  }
  void Answered() {
    streaming_ = false;
    on_gone_ = nullptr;
    keep_alive_ ? Next() : Leave();
  }

  void BeginStream(int status, const Headers& headers) {
    options_.observer->OnAnswer(status);
    // HTTP/1.0 has no chunks: its answer ends with the connection.
    if (version_ < 11) keep_alive_ = false;
    streaming_ = true;
    if (buffer_.size() >= options_.max_header_bytes) return Close();
    out_ = AnswerHead(status, headers, {version_, keep_alive_, std::nullopt});
  }

  void WriteStream(std::string part, std::function<void(bool)> written) {
    if (state_ == State::kClosed) return written(false);
    written_ = std::move(written);
    if (!head_only_ && !part.empty()) {
      body_ = std::move(part);
      if (version_ >= 11) {
        absl::StrAppend(&out_, absl::Hex(body_.size()), "\r\n");
        body_ += "\r\n";
      }
    }
    Write(&Connection::PartWritten);
  }
  void PartWritten() {
    if (auto tell = std::exchange(written_, nullptr)) tell(true);
  }

  void EndStream(bool whole) {
    if (state_ == State::kClosed) return;
    if (!whole) keep_alive_ = false;
    if (whole && version_ >= 11 && !head_only_) out_ += "0\r\n\r\n";
    Write(&Connection::Answered);
  }

  void Upgrade(SocketReady ready) {
    if (state_ != State::kAnswering) return ready(nullptr);
    state_ = State::kUpgrading;
    upgraded_ = std::move(ready);
    if (!reading_) return BecomeSocket();
    // It was sent ahead, while the request before it was being answered.
    error_code ignored;
    Socket().cancel(ignored);
  }
  void BecomeSocket() {
    const auto ready = std::exchange(upgraded_, nullptr);
    if (buffer_.size() > kMaxSentAhead) {
      ready(nullptr);
      return Refuse(400, "too much is sent before the answer to the upgrade");
    }
    options_.observer->OnAnswer(101);
    const auto socket =
        std::make_shared<SocketConnection<Stream>>(std::move(stream_), options_, this->shared_from_this());
    socket_ = socket;
    state_ = State::kClosed;
    timer_.cancel();
    socket->Accept(key_, std::exchange(buffer_, {}), ready);
  }

  // out_ and body_.
  void Write(void (Connection::*then)()) {
    SetDeadline(Clock::now() + options_.write_timeout);
    const std::array<asio::const_buffer, 2> all = {asio::buffer(out_), asio::buffer(body_)};
    asio::async_write(stream_, all, [self = this->shared_from_this(), then](error_code error, size_t) {
      if (self->state_ == State::kClosed) return;
      if (error) return self->Close();
      self->deadline_ = kNever;
      // A watch that waits holds nothing. (An assignment would keep the capacity.)
      std::string().swap(self->out_);
      std::string().swap(self->body_);
      (self.get()->*then)();
    });
  }

  // Until the client has read the last answer and hung up, for a moment: closed with something unread, the kernel
  // would take back what is on its way (RST).
  void Leave() {
    error_code ignored;
    Socket().shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    Await(State::kLeaving, Clock::now() + kLinger);
  }

  void Close() {
    if (std::exchange(state_, State::kClosed) == State::kClosed) return;
    if (auto tell = std::exchange(on_gone_, nullptr)) tell();
    if (auto tell = std::exchange(written_, nullptr)) tell(false);
    if (auto tell = std::exchange(upgraded_, nullptr)) tell(nullptr);
    timer_.cancel();
    error_code ignored;
    Socket().shutdown(tcp::socket::shutdown_both, ignored);
    Socket().close(ignored);
  }

  Stream stream_;
  const Listener::Options& options_;
  HttpHandler& handler_;
  std::atomic<size_t>& count_;
  std::string peer_;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer_{stream_.get_executor()};
  Clock::time_point rings_ = kNever;  // the timer
  Clock::time_point deadline_ = kNever;
  State state_ = State::kIdle;
  bool reading_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool streaming_ = false;  // the answer
  unsigned version_ = 11;
  std::string piece_;     // being read
  std::string buffer_;    // what was read and is not taken yet
  size_t left_ = 0;       // of the buffer, that the parser could do nothing with
  size_t body_read_ = 0;  // as it came, chunks' heads and all
  std::optional<http::request_parser<http::string_body>> parser_;
  Headers headers_;  // of the request whose body is being read
  std::string out_;  // to be written, or being written, and body_ after it
  std::string body_;
  std::function<void()> on_gone_;
  std::function<void(bool)> written_;
  std::string key_;  // of the request, for an upgrade
  SocketReady upgraded_;
  std::weak_ptr<SocketConnection<Stream>> socket_;  // what it became
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_CONNECTION_H_
