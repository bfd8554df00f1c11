#include "server/gateway/openapi.h"

#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/gateway/json.h"

namespace warren::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr char kErrorType[] = "google.rpc.Status";
constexpr char kSocket[] =
    "It is a WebSocket (RFC 6455); a request that is none is answered with 426. A text frame is a message as JSON, the "
    "first one the client's, in which the path and the query are set already. A binary frame is one field of type "
    "bytes: "
    "its number in the message, one byte, and its content; the server sends such fields so. At a failure the last text "
    "frame is {\"error\": ...}, a google.rpc.Status. The close frame has 1000, or 4000 and the code of that.";
// Of messages within messages a query can name the fields of, so deep.
constexpr int kQueryDepth = 3;

void Set(Struct& object, const std::string& name, const std::string& text) {
  if (!text.empty()) (*object.mutable_fields())[name].set_string_value(text);
}
Struct& Object(Struct& object, const std::string& name) {
  return *(*object.mutable_fields())[name].mutable_struct_value();
}
Struct& Append(Struct& object, const std::string& name) {
  return *(*object.mutable_fields())[name].mutable_list_value()->add_values()->mutable_struct_value();
}
void AppendText(Struct& object, const std::string& name, const std::string& text) {
  (*object.mutable_fields())[name].mutable_list_value()->add_values()->set_string_value(text);
}

Struct Typed(const std::string& type, const std::string& format = "") {
  Struct schema;
  Set(schema, "type", type);
  Set(schema, "format", format);
  // JSON has them as strings; a format says little to most tools.
  if (type == "string" && format == "int64") Set(schema, "pattern", "^-?[0-9]+$");
  if (type == "string" && format == "uint64") Set(schema, "pattern", "^[0-9]+$");
  return schema;
}

// What stands for a well-known type in JSON (protobuf's mapping); nothing for another message.
bool WellKnown(const Descriptor& type, Struct& schema) {
  static const auto* known = new std::map<std::string, std::pair<std::string, std::string>>{
      {"google.protobuf.Timestamp", {"string", "date-time"}},
      {"google.protobuf.Duration", {"string", ""}},
      {"google.protobuf.FieldMask", {"string", ""}},
      {"google.protobuf.Struct", {"object", ""}},
      {"google.protobuf.Empty", {"object", ""}},
      {"google.protobuf.Any", {"object", ""}},
      {"google.protobuf.StringValue", {"string", ""}},
      {"google.protobuf.BytesValue", {"string", "byte"}},
      {"google.protobuf.BoolValue", {"boolean", ""}},
      {"google.protobuf.Int32Value", {"integer", "int32"}},
      {"google.protobuf.UInt32Value", {"integer", "int64"}},
      {"google.protobuf.Int64Value", {"string", "int64"}},
      {"google.protobuf.UInt64Value", {"string", "uint64"}},
      {"google.protobuf.FloatValue", {"number", "float"}},
      {"google.protobuf.DoubleValue", {"number", "double"}},
      {"google.protobuf.ListValue", {"array", ""}}};
  if (type.full_name() == "google.protobuf.Value") return true;  // anything
  const auto found = known->find(type.full_name());
  if (found == known->end()) return false;
  schema = Typed(found->second.first, found->second.second);
  if (type.full_name() == "google.protobuf.Duration") Set(schema, "pattern", "^-?[0-9]+([.][0-9]{1,9})?s$");
  if (type.full_name() == "google.protobuf.Any") {
    Set(Object(Object(schema, "properties"), "@type"), "type", "string");
    (*schema.mutable_fields())["additionalProperties"].set_bool_value(true);
  }
  return true;
}

class Document {
 public:
  Document(const ApiInfo& info, const Routes& routes, const Comments& comments) : comments_(comments) {
    Set(root_, "openapi", "3.1.0");
    Struct& about = Object(root_, "info");
    Set(about, "title", info.title);
    Set(about, "version", info.version);
    Set(about, "description", info.description);
    std::map<std::string, int> times;  // an RPC with several bindings has several operations
    std::set<std::string> services;
    for (const Route* route : routes.All()) {
      const auto& service = *route->method->service();
      if (services.insert(service.full_name()).second) {
        Struct& tag = Append(root_, "tags");
        Set(tag, "name", service.name());
        Set(tag, "description", comments_(service.full_name()));
      }
      AddRoute(*route, ++times[route->method->full_name()]);
    }
    Struct status = Typed("object");
    Set(status, "description", "Why a request failed: a code of google.rpc.Code, and details for programs.");
    Struct& fields = Object(status, "properties");
    Object(fields, "code") = Typed("integer", "int32");
    Object(fields, "message") = Typed("string");
    Struct details = Typed("array");
    Struct& item = Object(details, "items");
    item = Typed("object");
    Object(Object(item, "properties"), "@type") = Typed("string");
    Object(fields, "details") = details;
    Object(Schemas(), kErrorType) = status;
  }

  std::string Text() { return ToJson(root_, false).value_or("{}"); }

 private:
  Struct& Schemas() { return Object(Object(root_, "components"), "schemas"); }

  Struct Reference(const std::string& full_name) {
    Struct schema;
    Set(schema, "$ref", "#/components/schemas/" + full_name);
    return schema;
  }

  Struct SchemaOf(const Descriptor& type) {
    Struct schema;
    if (WellKnown(type, schema)) return schema;
    if (type.full_name() != kErrorType && seen_.insert(type.full_name()).second) {
      Struct definition = Typed("object");
      Set(definition, "description", comments_(type.full_name()));
      for (int i = 0; i < type.field_count(); ++i) {
        const FieldDescriptor& field = *type.field(i);
        Struct property = SchemaOf(field);
        Set(property, "description", comments_(field.full_name()));
        Object(Object(definition, "properties"), field.json_name()) = property;
      }
      Object(Schemas(), type.full_name()) = definition;
    }
    return Reference(type.full_name());
  }

  Struct SchemaOf(const EnumDescriptor& type) {
    if (seen_.insert(type.full_name()).second) {
      Struct definition = Typed("string");
      std::string description = comments_(type.full_name());
      for (int i = 0; i < type.value_count(); ++i) {
        AppendText(definition, "enum", type.value(i)->name());
        const std::string of_value = comments_(type.value(i)->full_name());
        if (!of_value.empty()) absl::StrAppend(&description, "\n\n* `", type.value(i)->name(), "`: ", of_value);
      }
      Set(definition, "description", std::string(absl::StripLeadingAsciiWhitespace(description)));
      Object(Schemas(), type.full_name()) = definition;
    }
    return Reference(type.full_name());
  }

  // Of one element.
  Struct ElementSchema(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Typed("integer", "int32");
      case FieldDescriptor::CPPTYPE_UINT32:
        return Typed("integer", "int64");
      case FieldDescriptor::CPPTYPE_INT64:
        return Typed("string", "int64");
      case FieldDescriptor::CPPTYPE_UINT64:
        return Typed("string", "uint64");
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Typed("number", "float");
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Typed("number", "double");
      case FieldDescriptor::CPPTYPE_BOOL:
        return Typed("boolean");
      case FieldDescriptor::CPPTYPE_STRING:
        return Typed("string", field.type() == FieldDescriptor::TYPE_BYTES ? "byte" : "");
      case FieldDescriptor::CPPTYPE_ENUM:
        return SchemaOf(*field.enum_type());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return SchemaOf(*field.message_type());
    }
    return {};
  }

  Struct SchemaOf(const FieldDescriptor& field) {
    if (field.is_map()) {
      Struct schema = Typed("object");
      Object(schema, "additionalProperties") = ElementSchema(*field.message_type()->map_value());
      return schema;
    }
    if (!field.is_repeated()) return ElementSchema(field);
    Struct schema = Typed("array");
    Object(schema, "items") = ElementSchema(field);
    return schema;
  }

  // "/v1/{name=hosts/*}:cancel" is "/v1/hosts/{host}:cancel": OpenAPI has no slash in a parameter. Wildcards are called
  // as the collection before them, in the singular.
  std::string PathOf(const Pattern& pattern, std::vector<std::string>& parameters) {
    std::string path;
    std::string before = "segment";
    std::map<std::string, int> used;
    const std::string shape = pattern.Shape();
    for (size_t begin = 1; begin <= shape.size();) {
      const size_t end = std::min(shape.find('/', begin), shape.size());
      std::string segment = shape.substr(begin, end - begin);
      begin = end + 1;
      std::string verb;
      if (const size_t colon = segment.find(':'); colon != std::string::npos) {
        verb = segment.substr(colon);
        segment.resize(colon);
      }
      if (segment == "*" || segment == "**") {
        std::string name = before.size() > 1 && before.back() == 's' ? before.substr(0, before.size() - 1) : before;
        if (segment == "**") name = "path";
        if (const int again = ++used[name]; again > 1) absl::StrAppend(&name, again);
        parameters.push_back(name);
        absl::StrAppend(&path, "/{", name, "}", verb);
      } else {
        before = segment;
        absl::StrAppend(&path, "/", segment, verb);
      }
    }
    return path;
  }

  // Whether the path gives another field of the same oneof, or of a message that is one.
  static bool IsInsteadOfBound(const FieldDescriptor& field, const std::string& prefix, const Route& route) {
    const auto* oneof = field.real_containing_oneof();
    for (int i = 0; oneof != nullptr && i < oneof->field_count(); ++i) {
      const std::string other = prefix + oneof->field(i)->name();
      if (oneof->field(i) == &field) continue;
      for (const std::string& bound : route.bound) {
        if (bound == other || absl::StartsWith(bound, other + ".")) return true;
      }
    }
    return false;
  }

  void AddQuery(const Descriptor& message, const std::string& prefix, const std::string& proto_prefix,
                const Route& route, int depth, Struct& operation) {
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      const std::string proto_name = proto_prefix + field.name();
      if (IsInsteadOfBound(field, proto_prefix, route)) continue;
      if (std::find(route.bound.begin(), route.bound.end(), proto_name) != route.bound.end() || field.is_map())
        continue;
      Struct ignored;
      const bool is_message =
          field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !WellKnown(*field.message_type(), ignored);
      if (is_message) {
        if (!field.is_repeated() && depth < kQueryDepth) {
          AddQuery(*field.message_type(), prefix + field.json_name() + ".", proto_name + ".", route, depth + 1,
                   operation);
        }
        continue;
      }
      Struct& parameter = Append(operation, "parameters");
      Set(parameter, "name", prefix + field.json_name());
      Set(parameter, "in", "query");
      Set(parameter, "description", comments_(field.full_name()));
      Object(parameter, "schema") = SchemaOf(field);
    }
  }

  void AddRoute(const Route& route, int time) {
    std::vector<std::string> parameters;
    const std::string path = PathOf(route.pattern, parameters);
    std::string verb = absl::AsciiStrToLower(route.verb);
    static const auto* verbs =
        new std::set<std::string>{"get", "put", "post", "delete", "patch", "head", "options", "trace"};
    if (!verbs->contains(verb)) return;  // OpenAPI 3.1 knows no others
    Struct& operation = Object(Object(Object(root_, "paths"), path), verb);
    AppendText(operation, "tags", route.method->service()->name());
    Set(operation, "operationId",
        absl::StrCat(route.method->service()->name(), "_", route.method->name(),
                     time > 1 ? absl::StrCat("_", time) : ""));
    const std::string comment = comments_(route.method->full_name());
    Set(operation, "summary", comment.substr(0, comment.find('\n')));
    Set(operation, "description", comment);
    for (const std::string& name : parameters) {
      Struct& parameter = Append(operation, "parameters");
      Set(parameter, "name", name);
      Set(parameter, "in", "path");
      (*parameter.mutable_fields())["required"].set_bool_value(true);
      Object(parameter, "schema") = Typed("string");
    }
    if (!route.has_body || route.body_field != nullptr) {
      AddQuery(*route.method->input_type(), "", "", route, 0, operation);
    }
    if (route.has_body) {
      Struct& body = Object(operation, "requestBody");
      (*body.mutable_fields())["required"].set_bool_value(route.body_field != nullptr);
      Object(Object(Object(body, "content"), "application/json"), "schema") =
          route.body_field != nullptr ? SchemaOf(*route.body_field) : SchemaOf(*route.method->input_type());
    }
    Struct& responses = Object(operation, "responses");
    route.is_socket ? AddSocket(route, comment, operation) : AddAnswer(route, Object(responses, "200"));
    Struct& bad = Object(responses, "default");
    Set(bad, "description", "It failed; the body says why.");
    Object(Object(Object(bad, "content"), "application/json"), "schema") = Reference(kErrorType);
  }

  void AddAnswer(const Route& route, Struct& good) {
    Struct answer =
        route.response_field != nullptr ? SchemaOf(*route.response_field) : SchemaOf(*route.method->output_type());
    if (route.method->server_streaming()) {
      Struct line = Typed("object");
      Object(Object(line, "properties"), "result") = answer;
      Object(Object(line, "properties"), "error") = Reference(kErrorType);
      Set(good, "description",
          "A line for each message, {\"result\": ...}; at a failure a last one, {\"error\": ...}.");
      Object(Object(Object(good, "content"), "application/x-ndjson"), "schema") = line;
    } else {
      Set(good, "description", "OK");
      Object(Object(Object(good, "content"), "application/json"), "schema") = answer;
    }
  }

  // OpenAPI knows no messages after a 101: they stand in a member of our own.
  void AddSocket(const Route& route, const std::string& comment, Struct& operation) {
    Set(operation, "description", comment.empty() ? kSocket : absl::StrCat(comment, "\n\n", kSocket));
    Set(Object(Object(operation, "responses"), "101"), "description", "It is open.");
    Struct& messages = Object(operation, "x-websocket");
    Object(messages, "client") = SchemaOf(*route.method->input_type());
    Object(messages, "server") = SchemaOf(*route.method->output_type());
  }

  const Comments& comments_;
  Struct root_;
  std::set<std::string> seen_;
};

}  // namespace

std::string OpenApi(const ApiInfo& info, const Routes& routes, const Comments& comments) {
  return Document(info, routes, comments).Text();
}

}  // namespace warren::gateway
