// The one file that compiles Boost.Beast, which takes long.

#include "server/gateway/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/gateway/connection.h"

namespace warren::gateway {
namespace {

// One thread with what it waits for.
class Loop {
 public:
  ~Loop() { Join(); }
  asio::io_context& context() { return context_; }
  // When nothing is left that it could wait for.
  void Join() {
    work_.reset();
    if (thread_.joinable()) thread_.join();
  }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<Executor> work_{context_.get_executor()};
  std::jthread thread_{[this] { context_.run(); }};
};

// A peer that is gone without a word, behind a watch that has nothing to say, is missed after two minutes.
void KeepAlive(int fd) {
  for (const auto& [level, option, value] : {std::tuple{SOL_SOCKET, SO_KEEPALIVE, 1},
                                             {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                                             {IPPROTO_TCP, TCP_KEEPINTVL, 20},
                                             {IPPROTO_TCP, TCP_KEEPCNT, 3}}) {
    setsockopt(fd, level, option, &value, sizeof value);
  }
}

class TcpListener final : public Listener {
 public:
  TcpListener(Options options, HttpHandler& handler)
      : options_(std::move(options)), handler_(handler), loops_(static_cast<size_t>(options_.threads)) {}
  ~TcpListener() override {
    Stop();
    // The first one first: it tells the others' connections.
    for (Loop& loop : loops_) loop.Join();
  }

  absl::Status Open() {
    error_code error;
    const auto address = asio::ip::make_address(options_.host == "localhost" ? "127.0.0.1" : options_.host, error);
    const tcp::endpoint endpoint(address, static_cast<uint16_t>(options_.port));
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot serve HTTP on ", options_.host, ":", options_.port, ": ", error.message()));
    }
    const std::string shown = address.is_v6() ? absl::StrCat("[", address.to_string(), "]") : address.to_string();
    address_ = absl::StrCat(shown, ":", acceptor_.local_endpoint().port());
    asio::post(acceptor_.get_executor(), [this] { Accept(); });
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }
  size_t connections() const override { return count_; }

  void Stop() override {
    if (std::exchange(stopped_, true)) return;
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      retry_.cancel();
      for (const auto& weak : all_) {
        if (auto connection = weak.lock()) connection->Cut();
      }
      all_.clear();
    });
  }

 private:
  using Socket = asio::basic_stream_socket<tcp, Executor>;

  void Accept() {
    // In turn, so that each loop has as many.
    next_ = (next_ + 1) % loops_.size();
    acceptor_.async_accept(loops_[next_].context().get_executor(), [this](error_code error, Socket socket) {
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
      if (error) {
        // No descriptor is left, say: another try when one may be.
        retry_.expires_after(std::chrono::milliseconds(50));
        return retry_.async_wait([this](error_code cancelled) {
          if (!cancelled && acceptor_.is_open()) Accept();
        });
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      KeepAlive(socket.native_handle());
      const bool too_many = ++count_ > options_.max_connections;
      auto connection = std::make_shared<Connection<Socket>>(std::move(socket), options_, handler_, count_);
      too_many ? connection->RefuseWhole() : connection->Start();
      Remember(connection);
      Accept();
    });
  }

  // To be cut when it stops. Those that are gone are forgotten now and then.
  void Remember(const std::shared_ptr<Connection<Socket>>& connection) {
    if (all_.size() >= 2 * count_ + 64) {
      std::erase_if(all_, [](const auto& weak) { return weak.expired(); });
    }
    all_.push_back(connection);
  }

  const Options options_;
  HttpHandler& handler_;
  std::atomic<size_t> count_ = 0;
  std::vector<Loop> loops_;
  // The first loop's, as are next_ and all_.
  asio::basic_socket_acceptor<tcp, Executor> acceptor_{loops_.front().context().get_executor()};
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> retry_{acceptor_.get_executor()};
  size_t next_ = 0;
  std::vector<std::weak_ptr<Connection<Socket>>> all_;
  std::string address_;
  bool stopped_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(Options options, HttpHandler& handler) {
  auto listener = std::make_unique<TcpListener>(std::move(options), handler);
  if (auto status = listener->Open(); !status.ok()) return status;
  return listener;
}

}  // namespace warren::gateway
