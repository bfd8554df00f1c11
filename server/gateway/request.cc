#include "server/gateway/request.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/common/utf8.h"
#include "server/gateway/fields.h"
#include "server/gateway/json.h"

namespace warren::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status SetRequestId(std::string_view key, Message& message) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("request_id");
  if (key.empty() || field == nullptr || field->is_repeated() || field->type() != FieldDescriptor::TYPE_STRING) {
    return absl::OkStatus();
  }
  if (!IsUtf8(key)) return absl::InvalidArgumentError("Idempotency-Key is not UTF-8");
  const std::string given = message.GetReflection()->GetString(message, field);
  if (given.empty()) {
    message.GetReflection()->SetString(&message, field, std::string(key));
  } else if (given != key) {
    return absl::InvalidArgumentError("Idempotency-Key and request_id differ; give one of them");
  }
  return absl::OkStatus();
}

// To go into a field of a oneof would drop what the body has given of it.
absl::Status WhyNotBeside(const Message& message, const FieldDescriptor& field, const std::string& name) {
  const auto* oneof = field.real_containing_oneof();
  if (oneof == nullptr || !message.GetReflection()->HasOneof(message, oneof)) return absl::OkStatus();
  const FieldDescriptor* other = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  if (other == &field) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the path's ", name, " cannot be given together with the body's ", other->name()));
}

// A parameter adds to a list, which the body is then to have left alone.
absl::Status WhyNotBoth(const Message& message, const Parameters& query) {
  for (const auto& [name, value] : query) {
    const auto path = FindField(*message.GetDescriptor(), name);
    if (!path.ok()) continue;  // as FillFromQuery says
    const Message* in = &message;
    for (size_t i = 0; i + 1 < path->size(); ++i) in = &in->GetReflection()->GetMessage(*in, (*path)[i]);
    if (path->back()->is_repeated() && in->GetReflection()->FieldSize(*in, path->back()) > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("query parameter \"", absl::Utf8SafeCHexEscape(name), "\": the body gives it too"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> BuildRequest(const Route& route, const Pattern::Bindings& bindings,
                                                      const RequestParts& parts) {
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(route.method->input_type());
  std::unique_ptr<Message> message(prototype->New());
  const bool takes_body = route.has_body || route.is_socket;
  if (!takes_body && !parts.body.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(route.verb, " ", route.pattern.text(), " takes no body; use the query"));
  }
  if (takes_body) {
    // "*" with nothing to say may be left out.
    const std::string_view text = parts.body.empty() && route.body_field == nullptr ? "{}" : parts.body;
    if (text.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("a body is missing: the ", route.body_field->name(), ", as JSON"));
    }
    const absl::Status status = route.body_field == nullptr
                                    ? FromJson(text, *message, parts.max_values)
                                    : FieldFromJson(text, *route.body_field, *message, parts.max_values);
    if (!status.ok()) return status;
  }
  for (const auto& [name, text] : bindings) {
    const auto path = FindField(*message->GetDescriptor(), name);
    if (!path.ok()) return path.status();
    // The path has the last word: a body may repeat it, but not say something else.
    Message* in = message.get();
    for (size_t i = 0; i + 1 < path->size(); ++i) {
      if (auto status = WhyNotBeside(*in, *(*path)[i], name); !status.ok()) return status;
      in = in->GetReflection()->MutableMessage(in, (*path)[i]);
    }
    const std::unique_ptr<Message> before(in->New());
    before->CopyFrom(*in);
    in->GetReflection()->ClearField(in, path->back());
    if (auto status = SetField(*in, {path->back()}, text); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("the path's ", name, ": ", std::string(status.message())));
    }
    if (before->GetReflection()->HasField(*before, path->back()) &&
        before->SerializeAsString() != in->SerializeAsString()) {
      return absl::InvalidArgumentError(absl::StrCat("the body's ", name, " is not the path's, \"",
                                                     absl::Utf8SafeCHexEscape(text), "\"; leave it out"));
    }
  }
  // With the whole message as body there is nothing left for a query; a socket's path is all that its opening says.
  if (route.has_body && route.body_field == nullptr && !parts.query.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "query parameter \"", absl::Utf8SafeCHexEscape(parts.query.front().first), "\": the body gives every field"));
  }
  if (auto status = WhyNotBoth(*message, parts.query); !status.ok()) return status;
  if (auto status = FillFromQuery(parts.query, route.bound, *message); !status.ok()) return status;
  if (auto status = SetRequestId(parts.idempotency_key, *message); !status.ok()) return status;
  return message;
}

absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(absl::StrCat("Grpc-Timeout \"", absl::Utf8SafeCHexEscape(std::string(text)),
                                                   "\" is not up to 8 digits and a unit of H M S m u n, such as 10S"));
  };
  if (text.size() < 2 || text.size() > 9) return bad();
  int64_t value = 0;
  const std::string digits(text.substr(0, text.size() - 1));
  if (digits.find_first_not_of("0123456789") != std::string::npos || !absl::SimpleAtoi(digits, &value)) return bad();
  switch (text.back()) {
    case 'H':
      return absl::Hours(value);
    case 'M':
      return absl::Minutes(value);
    case 'S':
      return absl::Seconds(value);
    case 'm':
      return absl::Milliseconds(value);
    case 'u':
      return absl::Microseconds(value);
    case 'n':
      return absl::Nanoseconds(value);
    default:
      return bad();
  }
}

}  // namespace warren::gateway
