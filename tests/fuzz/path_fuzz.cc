// Any path against a route table: what is found has decoded text for its fields that is clean.

#include <stdlib.h>

#include "proto/common/utf8.h"
#include "server/gateway/path.h"
#include "server/gateway/routes.h"
#include "tests/server/gateway/library.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warren::gateway;
  static const Routes routes = *Routes::Of({test::Book::descriptor()->file()->FindServiceByName("Library")});
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto segments = SplitPath(text);
  if (!segments.ok()) return 0;
  for (const char* verb : {"GET", "POST", "PUT", "LOCK"}) {
    const auto found = routes.Find(verb, *segments);
    const auto* route = std::get_if<Routes::Found>(&found);
    if (route == nullptr) continue;
    for (const auto& [field, value] : route->bindings) {
      if (field.empty() || !warren::IsUtf8(value) || value.find('\0') != std::string::npos) abort();
      if (value == ".." || value.find("/../") != std::string::npos) abort();
    }
  }
  return 0;
}
