#ifndef WARREN_SERVER_GATEWAY_CONNECTION_H_
#define WARREN_SERVER_GATEWAY_CONNECTION_H_

// One HTTP connection of a Listener: reads a request, has it answered, and goes on with the next. Its work is on its
// strand. For listener.cc alone: Boost.Beast takes long to compile.

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/gateway/head_rules.h"
#include "server/gateway/http.h"
#include "server/gateway/listener.h"

namespace warren::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using beast::error_code;
using Clock = std::chrono::steady_clock;

// Read at once: more is taken when it is there.
inline constexpr size_t kPiece = 16 << 10;
inline constexpr std::chrono::seconds kLinger{1};

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
    error_code ignored;
    const auto peer = stream_.socket().remote_endpoint(ignored);
    if (!ignored) peer_ = absl::StrCat(peer.address().to_string(), ":", peer.port());
  }
  ~Connection() { --count_; }

  void Start() {
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] { self->Await(); });
  }
  // One too many.
  void Refuse() {
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] {
      self->Answer(self->handler_.Refusal(503, "too many connections"), /*close=*/true, nullptr);
    });
  }
  void Cut() {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] { self->Close(); });
  }

 private:
  class Responder;

  // The next request's first byte, unless it is here.
  void Await() {
    if (buffer_.size() > 0) return ReadHead();
    Read(Clock::now() + options_.idle_timeout,
         [self = this->shared_from_this()](bool ok) { ok ? self->ReadHead() : self->Close(); });
  }

  // Up to the empty line.
  void ReadHead() {
    const std::string_view have(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    const size_t end = have.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (have.size() >= options_.max_header_bytes) return Refuse(431, "the headers are too large");
      if (head_deadline_ == Clock::time_point()) head_deadline_ = Clock::now() + options_.header_timeout;
      return Read(head_deadline_, [self = this->shared_from_this()](bool ok) {
        if (ok) return self->ReadHead();
        self->timed_out_ ? self->Refuse(408, "the headers took too long") : self->Close();
      });
    }
    head_deadline_ = {};
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
    buffer_.consume(used);
    const auto& message = parser_->get();
    headers_ = HeadersOf(message);
    if (auto why = WhyBadHead(message.version(), headers_); !why.empty()) return Refuse(400, why);
    if (message.find(http::field::transfer_encoding) != message.end() && !parser_->chunked()) {
      return Refuse(501, "a transfer coding other than chunked");
    }
    if (const auto expect = message.find(http::field::expect); expect != message.end()) {
      if (!beast::iequals(expect->value(), "100-continue"))
        return Refuse(417, "an expectation other than 100-continue");
      if (!parser_->is_done() && buffer_.size() == 0) return Continue();
    }
    ReadBody();
  }

  void Continue() {
    stream_.expires_after(options_.write_timeout);
    auto text = std::make_shared<std::string>("HTTP/1.1 100 Continue\r\n\r\n");
    asio::async_write(stream_, asio::buffer(*text), [self = this->shared_from_this(), text](error_code error, size_t) {
      error ? self->Close() : self->ReadBody();
    });
  }

  void ReadBody() {
    while (!parser_->is_done()) {
      // Of what is there the parser may leave the beginning of a piece, a chunk's head, say.
      if (buffer_.size() == left_) return ReadMore();
      error_code error;
      const size_t used = parser_->put(buffer_.data(), error);
      buffer_.consume(used);
      left_ = error == http::error::need_more ? buffer_.size() : 0;
      if (error && error != http::error::need_more) return RefuseFor(error);
    }
    left_ = 0;
    Dispatch();
  }
  void ReadMore() {
    Read(Clock::now() + options_.body_timeout, [self = this->shared_from_this()](bool ok) {
      if (ok) return self->ReadBody();
      self->timed_out_ ? self->Refuse(408, "the body took too long") : self->Close();
    });
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
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    head_only_ = request.verb == "HEAD";
    stream_.expires_never();
    auto responder = std::make_shared<Responder>(this->shared_from_this());
    WatchForEnd();
    handler_.Handle(std::move(request), std::move(responder));
  }

  // While a request is being answered, nothing is read but the end of the connection.
  void WatchForEnd() {
    answering_ = true;
    stream_.socket().async_wait(tcp::socket::wait_read, [self = this->shared_from_this()](error_code error) {
      if (error || !self->answering_) return;
      char byte;
      const auto got = recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      // The next request is here already: its turn comes.
      if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
      self->Close();
    });
  }

  // Not by the stream's own timer, which closes the socket: there may be something to say first.
  void Read(Clock::time_point deadline, std::function<void(bool)> then) {
    timed_out_ = false;
    timer_.expires_at(deadline);
    timer_.async_wait([self = this->shared_from_this()](error_code error) {
      if (error || Clock::now() < self->timer_.expiry()) return;  // it is for another read by now
      self->timed_out_ = true;
      error_code ignored;
      self->stream_.socket().cancel(ignored);
    });
    stream_.expires_never();
    stream_.async_read_some(buffer_.prepare(kPiece),
                            [self = this->shared_from_this(), then = std::move(then)](error_code error, size_t size) {
                              self->timer_.expires_at(Clock::time_point::max());
                              self->buffer_.commit(size);
                              then(!error);
                            });
  }

  void RefuseFor(error_code error) {
    if (error == http::error::header_limit) return Refuse(431, "the headers are too large");
    if (error == http::error::body_limit || error == http::error::buffer_overflow) {
      return Refuse(413, absl::StrCat("the body is larger than ", options_.max_body_bytes, " bytes"));
    }
    Refuse(400, absl::StrCat("not HTTP: ", error.message()));
  }
  void Refuse(int status, const std::string& why) { Answer(handler_.Refusal(status, why), /*close=*/true, nullptr); }

  // The connection can be used for another request.
  void Next() {
    answering_ = false;
    on_gone_ = nullptr;
    error_code ignored;
    stream_.socket().cancel(ignored);  // the wait for its end
    if (!keep_alive_) return Close();
    Await();
  }

  void Answer(HttpResponse response, bool close, const std::function<void()>& then) {
    if (closed_) return;
    keep_alive_ = keep_alive_ && !close;
    auto message = std::make_shared<http::response<http::string_body>>();
    message->result(static_cast<unsigned>(response.status));
    message->version(version_);
    for (const auto& [name, value] : response.headers) message->insert(name, value);
    message->keep_alive(keep_alive_);
    message->body() = std::move(response.body);
    message->prepare_payload();
    auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*message);
    stream_.expires_after(options_.write_timeout);
    const auto done = [self = this->shared_from_this(), message, serializer, then](error_code error, size_t) {
      if (error) return self->Close();
      if (then) return then();
      self->Linger();
    };
    if (head_only_) {
      // With the length that a GET's body has, and without the body.
      http::async_write_header(stream_, *serializer, done);
    } else {
      http::async_write(stream_, *serializer, done);
    }
  }

  void BeginStream(int status, const Headers& headers) {
    if (closed_) return;
    auto text =
        absl::StrCat("HTTP/1.1 ", status, " ", std::string(http::obsolete_reason(http::int_to_status(status))), "\r\n");
    for (const auto& [name, value] : headers) absl::StrAppend(&text, name, ": ", value, "\r\n");
    // HTTP/1.0 has no chunks: its answer ends with the connection.
    if (version_ < 11) keep_alive_ = false;
    absl::StrAppend(&text, version_ < 11 ? "Connection: close\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
    pending_ = std::move(text);
  }

  void WriteStream(std::string part, std::function<void(bool)> written) {
    if (closed_) return written(false);
    written_ = std::move(written);
    auto text = std::make_shared<std::string>(std::exchange(pending_, ""));
    if (!head_only_ && !part.empty()) {
      if (version_ < 11) {
        text->append(part);
      } else {
        absl::StrAppend(text.get(), absl::Hex(part.size()), "\r\n", part, "\r\n");
      }
    }
    stream_.expires_after(options_.write_timeout);
    asio::async_write(stream_, asio::buffer(*text), [self = this->shared_from_this(), text](error_code error, size_t) {
      if (error) return self->Close();
      self->stream_.expires_never();
      if (auto tell = std::exchange(self->written_, nullptr)) tell(true);
    });
  }

  void EndStream(bool whole) {
    if (closed_) return;
    auto text = std::make_shared<std::string>(std::exchange(pending_, ""));
    if (!whole) keep_alive_ = false;
    if (whole && version_ >= 11 && !head_only_) text->append("0\r\n\r\n");
    stream_.expires_after(options_.write_timeout);
    asio::async_write(stream_, asio::buffer(*text), [self = this->shared_from_this(), text](error_code error, size_t) {
      error ? self->Close() : self->Next();
    });
  }

  // Until the client has read the refusal and hung up, for a moment: closed with something unread, the kernel would
  // take back what is on its way (RST).
  void Linger() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    Drain(Clock::now() + kLinger);
  }
  void Drain(Clock::time_point until) {
    buffer_.clear();
    Read(until, [self = this->shared_from_this(), until](bool ok) { ok ? self->Drain(until) : self->Close(); });
  }

  void Close() {
    if (std::exchange(closed_, true)) return;
    answering_ = false;
    if (auto tell = std::exchange(on_gone_, nullptr)) tell();
    if (auto written = std::exchange(written_, nullptr)) written(false);
    timer_.cancel();
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  Stream stream_;
  const Listener::Options& options_;
  HttpHandler& handler_;
  std::atomic<size_t>& count_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  asio::steady_timer timer_{stream_.get_executor()};  // of reads
  Clock::time_point head_deadline_;
  size_t left_ = 0;  // of the buffer, that the parser could do nothing with
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool timed_out_ = false;
  bool answering_ = false;
  bool closed_ = false;
  Headers headers_;      // of the request whose body is being read
  std::string pending_;  // a stream's head, to go with its first part
  std::function<void()> on_gone_;
  std::function<void(bool)> written_;
};

template <typename Stream>
class Connection<Stream>::Responder : public HttpResponder {
 public:
  explicit Responder(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  void Respond(HttpResponse response) override {
    Run([response = std::move(response)](Connection& c) mutable {
      c.Answer(std::move(response), false, [self = c.shared_from_this()] { self->Next(); });
    });
  }
  void Begin(int status, Headers headers) override {
    Run([status, headers = std::move(headers)](Connection& c) { c.BeginStream(status, headers); });
  }
  void Write(std::string part, std::function<void(bool)> written) override {
    Run([part = std::move(part), written = std::move(written)](Connection& c) mutable {
      c.WriteStream(std::move(part), std::move(written));
    });
  }
  void End(bool whole) override {
    Run([whole](Connection& c) { c.EndStream(whole); });
  }
  void OnGone(std::function<void()> gone) override {
    Run([gone = std::move(gone)](Connection& c) mutable {
      if (c.closed_) return gone();
      c.on_gone_ = std::move(gone);
    });
  }

 private:
  template <typename Work>
  void Run(Work work) {
    asio::post(connection_->stream_.get_executor(),
               [connection = connection_, work = std::move(work)]() mutable { work(*connection); });
  }

  const std::shared_ptr<Connection> connection_;
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_CONNECTION_H_
