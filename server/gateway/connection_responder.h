#ifndef WARREN_SERVER_GATEWAY_CONNECTION_RESPONDER_H_
#define WARREN_SERVER_GATEWAY_CONNECTION_RESPONDER_H_

// The way back of one request over a Connection: takes each call to the connection's executor. For connection.h alone.

#include <boost/asio/dispatch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "server/gateway/http.h"

namespace warren::gateway {

template <typename Connection>
class ConnectionResponder : public HttpResponder {
 public:
  explicit ConnectionResponder(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  void Respond(HttpResponse response) override {
    Run([response = std::move(response)](Connection& c) mutable { c.Answer(std::move(response)); });
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
  void Upgrade(std::function<void(std::shared_ptr<WebSocket>)> ready) override {
    Run([ready = std::move(ready)](Connection& c) mutable { c.Upgrade(std::move(ready)); });
  }
  void OnGone(std::function<void()> gone) override {
    Run([gone = std::move(gone)](Connection& c) mutable {
      if (c.state_ == Connection::State::kClosed) return gone();
      c.on_gone_ = std::move(gone);
    });
  }

 private:
  // At once when this is the connection's thread.
  template <typename Work>
  void Run(Work work) {
    boost::asio::dispatch(connection_->stream_.get_executor(),
                          [connection = connection_, work = std::move(work)]() mutable { work(*connection); });
  }

  const std::shared_ptr<Connection> connection_;
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_CONNECTION_RESPONDER_H_
