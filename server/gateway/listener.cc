// The one file that compiles Boost.Beast, which takes long.

#include "server/gateway/listener.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/gateway/connection.h"

namespace warren::gateway {
namespace {

class TcpListener final : public Listener {
 public:
  TcpListener(Options options, HttpHandler& handler) : options_(std::move(options)), handler_(handler) {}
  ~TcpListener() override {
    Stop();
    work_.reset();
    threads_.clear();
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
    Accept();
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { context_.run(); });
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }
  size_t connections() const override { return count_; }

  void Stop() override {
    if (std::exchange(stopped_, true)) return;
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      for (const auto& weak : all_) {
        if (auto connection = weak.lock()) connection->Cut();
      }
      all_.clear();
    });
  }

 private:
  using Tcp = Connection<beast::tcp_stream>;

  void Accept() {
    acceptor_.async_accept(asio::make_strand(context_), [this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {
        // No descriptor is left, say: another try when one may be.
        retry_.expires_after(std::chrono::milliseconds(50));
        return retry_.async_wait([this](error_code cancelled) {
          if (!cancelled) Accept();
        });
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      const bool too_many = ++count_ > options_.max_connections;
      auto connection = std::make_shared<Tcp>(beast::tcp_stream(std::move(socket)), options_, handler_, count_);
      too_many ? connection->Refuse() : connection->Start();
      Remember(connection);
      Accept();
    });
  }

  // To be cut when it stops. Those that are gone are forgotten now and then.
  void Remember(const std::shared_ptr<Tcp>& connection) {
    if (all_.size() >= 2 * count_ + 64) {
      std::erase_if(all_, [](const std::weak_ptr<Tcp>& weak) { return weak.expired(); });
    }
    all_.push_back(connection);
  }

  const Options options_;
  HttpHandler& handler_;
  std::atomic<size_t> count_ = 0;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  tcp::acceptor acceptor_{asio::make_strand(context_)};
  asio::steady_timer retry_{acceptor_.get_executor()};
  std::vector<std::weak_ptr<Tcp>> all_;  // the acceptor's strand's
  std::string address_;
  bool stopped_ = false;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(Options options, HttpHandler& handler) {
  auto listener = std::make_unique<TcpListener>(std::move(options), handler);
  if (auto status = listener->Open(); !status.ok()) return status;
  return listener;
}

}  // namespace warren::gateway
