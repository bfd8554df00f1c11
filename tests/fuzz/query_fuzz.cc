// Any query into a message that has every kind of field: what is taken can be printed.

#include <stdlib.h>

#include "server/gateway/json.h"
#include "server/gateway/query.h"
#include "tests/server/gateway/library.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warren::gateway;
  const auto parameters = ParseQuery({reinterpret_cast<const char*>(data), size});
  if (!parameters.ok()) return 0;
  test::Everything message;
  if (!FillFromQuery(*parameters, {"a_bool", "inner.text"}, message).ok()) return 0;
  if (message.a_bool() || !message.inner().text().empty()) abort();  // they were bound
  if (!ToJson(message, false).ok()) abort();
  return 0;
}
