#include "server/gateway/http.h"

namespace warren::gateway {

std::string_view HeaderOf(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace warren::gateway
