#include "server/gateway/answer_head.h"

#include <boost/beast/http/status.hpp>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace warren::gateway {

std::string AnswerHead(int status, const Headers& headers, const AnswerHeadOptions& options) {
  namespace http = boost::beast::http;
  std::string_view reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  if (status == 499) reason = "Client Closed Request";  // of no standard, but what gRPC's CANCELLED is mapped to
  std::string text = absl::StrCat(options.version < 11 ? "HTTP/1.0 " : "HTTP/1.1 ", status, " ",
                                  absl::string_view(reason.data(), reason.size()), "\r\n");
  for (const auto& [name, value] : headers) absl::StrAppend(&text, name, ": ", value, "\r\n");
  // RFC 9110 section 8.6: an answer without content has no length.
  if (options.length && status != 204 && status != 304) {
    absl::StrAppend(&text, "Content-Length: ", *options.length, "\r\n");
  }
  if (!options.length && options.version >= 11) text += "Transfer-Encoding: chunked\r\n";
  if (!options.keep_alive) text += "Connection: close\r\n";
  if (options.keep_alive && options.version < 11) text += "Connection: keep-alive\r\n";
  text += "\r\n";
  return text;
}

}  // namespace warren::gateway
