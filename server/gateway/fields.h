#ifndef WARREN_SERVER_GATEWAY_FIELDS_H_
#define WARREN_SERVER_GATEWAY_FIELDS_H_

// Fills fields of a request message from text, as a path or a query carries it (google/api/http.proto):
// "intent.labels", by the names of the proto or of its JSON form. Pure functions; thread-safe on different messages.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::gateway {

// The fields from the message down to the one that "a.b.c" names, which may be nested but not within a repeated one.
// INVALID_ARGUMENT: there is none of that name, or it is deeper than protobuf's parsers go (100; JSON's less).
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;
absl::StatusOr<FieldPath> FindField(const google::protobuf::Descriptor& message, std::string_view path);

// Sets the field, or adds to it when it is repeated. The text is what JSON would have between its quotes: numbers,
// "true", enum values by name or number, bytes in base64 (of both alphabets), well-known types in their JSON form
// ("2026-01-02T03:04:05Z", "1.5s", "a,b.c").
//
// INVALID_ARGUMENT, without the field's name, which the caller knows: the text is not of the type; the field is a
// message or a map, which cannot be given so; it is set already; another field of its oneof is.
absl::Status SetField(google::protobuf::Message& message, const FieldPath& path, std::string_view text);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_FIELDS_H_
