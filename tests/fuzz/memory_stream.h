#ifndef WARREN_TESTS_FUZZ_MEMORY_STREAM_H_
#define WARREN_TESTS_FUZZ_MEMORY_STREAM_H_

// A connection's other end without a socket: gives a Connection what it is to read, piece by piece, and keeps what it
// writes. One thread; what is asked for is done when the io_context is polled.

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace warren::gateway {

class MemoryStream {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using error_code = boost::system::error_code;

  // What both ends see of it.
  struct Wire {
    std::string_view left;   // to be read
    size_t piece = 1;        // so much at once, at most
    bool ended = false;      // nothing follows
    bool closed = false;     // by the connection
    bool cancelled = false;  // the read that waits
    std::string written;
    std::function<void()> waiting;  // a read that has nothing to read yet

    // The client hangs up.
    void End() {
      ended = true;
      if (auto go = std::exchange(waiting, nullptr)) go();
    }
  };

  MemoryStream(boost::asio::io_context& context, std::shared_ptr<Wire> wire)
      : context_(context), wire_(std::move(wire)) {}

  executor_type get_executor() { return context_.get_executor(); }

  template <typename Buffers, typename Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return Later(
        [wire = wire_, buffers](auto& done) {
          const auto read = [wire, buffers, done] {
            if (std::exchange(wire->cancelled, false) || wire->closed) {
              return (*done)(boost::asio::error::operation_aborted, 0);
            }
            const size_t room = std::min(wire->piece, wire->left.size());
            const size_t size = boost::asio::buffer_copy(buffers, boost::asio::buffer(wire->left.data(), room));
            wire->left.remove_prefix(size);
            (*done)(size == 0 ? error_code(boost::asio::error::eof) : error_code(), size);
          };
          if (wire->left.empty() && !wire->ended && !wire->closed) {
            wire->waiting = read;
          } else {
            read();
          }
        },
        std::forward<Handler>(handler));
  }

  template <typename Buffers, typename Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return Later(
        [wire = wire_, buffers](auto& done) {
          if (wire->closed) return (*done)(boost::asio::error::operation_aborted, 0);
          const size_t before = wire->written.size(), size = boost::asio::buffer_size(buffers);
          wire->written.resize(before + size);
          boost::asio::buffer_copy(boost::asio::buffer(&wire->written[before], size), buffers);
          (*done)(error_code(), size);
        },
        std::forward<Handler>(handler));
  }

  boost::asio::ip::tcp::endpoint remote_endpoint(error_code& error) const {
    error = boost::asio::error::not_connected;
    return {};
  }
  void shutdown(boost::asio::ip::tcp::socket::shutdown_type, error_code&) {}
  void cancel(error_code&) {
    if (wire_->waiting == nullptr) return;
    wire_->cancelled = true;
    boost::asio::post(context_, std::exchange(wire_->waiting, nullptr));
  }
  void close(error_code&) {
    wire_->closed = true;
    if (auto go = std::exchange(wire_->waiting, nullptr)) boost::asio::post(context_, std::move(go));
  }

 private:
  template <typename Work, typename Handler>
  auto Later(Work work, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, size_t)>(
        [this](auto done, Work what) {
          auto shared = std::make_shared<decltype(done)>(std::move(done));
          boost::asio::post(context_, [what = std::move(what), shared]() mutable { what(shared); });
        },
        handler, std::move(work));
  }

  boost::asio::io_context& context_;
  std::shared_ptr<Wire> wire_;
};

// Beast asks for it.
inline void beast_close_socket(MemoryStream& stream) {
  MemoryStream::error_code ignored;
  stream.close(ignored);
}

}  // namespace warren::gateway

#endif  // WARREN_TESTS_FUZZ_MEMORY_STREAM_H_
