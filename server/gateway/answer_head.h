#ifndef WARREN_SERVER_GATEWAY_ANSWER_HEAD_H_
#define WARREN_SERVER_GATEWAY_ANSWER_HEAD_H_

// The head of an HTTP answer as it goes over the wire, its empty line included. Pure; thread-safe.

#include <cstddef>
#include <optional>
#include <string>

#include "server/gateway/http.h"

namespace warren::gateway {

struct AnswerHeadOptions {
  unsigned version = 11;  // what the client speaks: 11 for HTTP/1.1, or 10
  bool keep_alive = true;
  std::optional<size_t> length;  // of the body; none: chunks, or to HTTP/1.0 whatever comes until the end
};
// Values must have no line ends.
std::string AnswerHead(int status, const Headers& headers, const AnswerHeadOptions& options);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_ANSWER_HEAD_H_
