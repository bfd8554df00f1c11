#ifndef WARREN_SERVER_GATEWAY_SOCKET_LAYER_H_
#define WARREN_SERVER_GATEWAY_SOCKET_LAYER_H_

// What Boost.Beast's WebSocket is laid over: a connection's stream, but for how it ends. Beast closes it with bytes
// unread, at which the kernel takes back what is on its way (RST), the close frame among it; here they are read until
// the client has hung up. For listener.cc alone.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <memory>
#include <utility>

namespace warren::gateway {

template <typename Stream>
class SocketLayer {
 public:
  using executor_type = typename Stream::executor_type;
  using next_layer_type = Stream;

  explicit SocketLayer(Stream stream) : stream_(std::move(stream)) {}

  executor_type get_executor() { return stream_.get_executor(); }
  Stream& next_layer() { return stream_; }
  const Stream& next_layer() const { return stream_; }

  template <typename Buffers, typename Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return stream_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return stream_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  Stream stream_;
};

template <typename Stream, typename Handler>
void ReadToTheEnd(SocketLayer<Stream>& layer, Handler handler) {
  const auto piece = std::make_shared<std::array<char, 4096>>();
  layer.async_read_some(boost::asio::buffer(*piece),
                        [&layer, piece, handler = std::move(handler)](boost::system::error_code error, size_t) mutable {
                          if (!error) return ReadToTheEnd(layer, std::move(handler));
                          handler(error == boost::asio::error::eof ? boost::system::error_code() : error);
                        });
}

// Found by Beast, which lets a stream have its own. How long it may take is for who has the socket.
template <typename Stream, typename Handler>
void async_teardown(boost::beast::role_type, SocketLayer<Stream>& layer, Handler&& handler) {
  boost::system::error_code ignored;
  boost::beast::get_lowest_layer(layer).shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  ReadToTheEnd(layer, std::forward<Handler>(handler));
}

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_SOCKET_LAYER_H_
