// Any body: what is taken is taken again, and as the same, when it is printed.

#include <stdlib.h>

#include "server/gateway/json.h"
#include "server/gateway/json_syntax.h"
#include "tests/server/gateway/library.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warren::gateway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  test::Everything message, again;
  test::CreateBookRequest request;
  const bool syntax = CheckJson(text).ok();
  if (FieldFromJson(text, *request.GetDescriptor()->FindFieldByName("book"), request).ok() && !syntax) abort();
  if (!request.parent().empty() || !request.book_id().empty()) abort();  // a field's text reached another
  if (!FromJson(text, message).ok()) return 0;
  if (!syntax) abort();
  const auto printed = ToJson(message, false);
  if (!printed.ok() || !FromJson(*printed, again).ok()) abort();
  // The order of a map is any; and of names that are not in snake_case protobuf's JSON of a field mask makes others.
  const bool exact = message.labels().size() + message.by_number().size() < 2 && !message.has_mask();
  if (exact && *ToJson(again, false) != *printed) abort();
  return 0;
}
