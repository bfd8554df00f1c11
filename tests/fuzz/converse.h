#ifndef WARREN_TESTS_FUZZ_CONVERSE_H_
#define WARREN_TESTS_FUZZ_CONVERSE_H_

#include <stdlib.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "server/gateway/connection.h"
#include "tests/fuzz/memory_stream.h"

namespace warren::gateway {

// A client sends that in pieces, the larger the greater `pace` is, takes what is answered, and hangs up. Returns what
// it saw; the connection is gone by then, or the program ends.
inline std::shared_ptr<MemoryStream::Wire> Converse(std::string_view sent, uint8_t pace,
                                                    const Listener::Options& options, HttpHandler& handler) {
  // Kept: making one takes longer than all the rest.
  static auto& context = *new asio::io_context(1);
  std::atomic<size_t> count = 1;
  const auto wire = std::make_shared<MemoryStream::Wire>();
  wire->left = sent;
  wire->piece = size_t{1} + pace * size_t{8};
  std::make_shared<Connection<MemoryStream>>(MemoryStream(context, wire), options, handler, count)->Start();
  context.restart();
  context.poll();
  wire->End();
  context.restart();
  context.poll();
  if (!wire->closed || count != 0) abort();
  return wire;
}

}  // namespace warren::gateway

#endif  // WARREN_TESTS_FUZZ_CONVERSE_H_
