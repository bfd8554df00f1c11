#ifndef WARREN_SERVER_GATEWAY_QUERY_H_
#define WARREN_SERVER_GATEWAY_QUERY_H_

// The query of a URL, "a=1&b.c=x+y", and how it fills a request message. Pure functions; thread-safe.

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::gateway {

// More parameters than this are refused.
inline constexpr size_t kMaxParameters = 1000;

// Names and values, decoded, in order; of "a" the value is "". INVALID_ARGUMENT: DecodeQuery's reasons, or too many.
using Parameters = std::vector<std::pair<std::string, std::string>>;
absl::StatusOr<Parameters> ParseQuery(std::string_view query);

// Sets each as SetField does. `bound`: fields that the path or the body gives, as dotted names of the proto, which a
// parameter may not name, nor anything inside them. INVALID_ARGUMENT names the parameter and what is wrong with it.
absl::Status FillFromQuery(const Parameters& parameters, const std::vector<std::string>& bound,
                           google::protobuf::Message& message);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_QUERY_H_
