#include "server/gateway/routes.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "google/api/annotations.pb.h"
#include "server/gateway/fields.h"

namespace warren::gateway {
namespace {

using google::api::HttpRule;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

absl::Status Bad(const MethodDescriptor& method, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("google.api.http of ", method.full_name(), ": ", std::string(what)));
}

// Verb and template.
std::pair<std::string, std::string> VerbOf(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return {"GET", rule.get()};
    case HttpRule::kPut:
      return {"PUT", rule.put()};
    case HttpRule::kPost:
      return {"POST", rule.post()};
    case HttpRule::kDelete:
      return {"DELETE", rule.delete_()};
    case HttpRule::kPatch:
      return {"PATCH", rule.patch()};
    case HttpRule::kCustom:
      return {rule.custom().kind(), rule.custom().path()};
    case HttpRule::PATTERN_NOT_SET:
      break;
  }
  return {};
}

absl::StatusOr<const FieldDescriptor*> TopField(const MethodDescriptor& method, const Descriptor& message,
                                                const std::string& name) {
  const FieldDescriptor* field = message.FindFieldByName(name);
  if (field == nullptr) return Bad(method, absl::StrCat(message.full_name(), " has no field ", name));
  return field;
}

absl::StatusOr<Route> RouteOf(const MethodDescriptor& method, const HttpRule& rule) {
  const auto [verb, path] = VerbOf(rule);
  if (verb.empty()) return Bad(method, "it has no verb");
  auto pattern = Pattern::Parse(path);
  if (!pattern.ok()) return Bad(method, std::string(pattern.status().message()));
  Route route;
  route.verb = verb;
  route.method = &method;
  route.is_socket = method.client_streaming();
  route.grpc_method = absl::StrCat("/", method.service()->full_name(), "/", method.name());
  route.bound = pattern->fields();
  for (const std::string& name : route.bound) {
    const auto field = FindField(*method.input_type(), name);
    if (!field.ok()) return Bad(method, std::string(field.status().message()));
    if (field->back()->is_repeated() || field->back()->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Bad(method, absl::StrCat("the path cannot give ", name, ", which is repeated or a message"));
    }
  }
  route.pattern = *std::move(pattern);
  route.has_body = !rule.body().empty();
  if (route.has_body && (verb == "GET" || verb == "DELETE")) return Bad(method, absl::StrCat("a body for ", verb));
  if (route.has_body && rule.body() != "*") {
    const auto field = TopField(method, *method.input_type(), rule.body());
    if (!field.ok()) return field.status();
    route.body_field = *field;
    route.bound.push_back(rule.body());
  }
  if (!rule.response_body().empty()) {
    if (route.is_socket) return Bad(method, "a response_body where messages go both ways");
    const auto field = TopField(method, *method.output_type(), rule.response_body());
    if (!field.ok()) return field.status();
    route.response_field = *field;
  }
  return route;
}

}  // namespace

absl::StatusOr<Routes> Routes::Of(const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  Routes routes;
  std::map<std::pair<std::string, std::string>, const MethodDescriptor*> shapes;
  const auto add = [&](const MethodDescriptor& method, const HttpRule& rule) -> absl::Status {
    if (method.client_streaming() && (!method.server_streaming() || !rule.has_get())) return absl::OkStatus();
    auto route = RouteOf(method, rule);
    if (!route.ok()) return route.status();
    const auto [other, is_new] = shapes.try_emplace({route->verb, route->pattern.Shape()}, &method);
    if (!is_new) {
      return Bad(method,
                 absl::StrCat(route->verb, " ", route->pattern.text(), " is ", other->second->full_name(), "'s"));
    }
    routes.order_.emplace_back(route->verb, route->pattern.text());
    routes.by_verb_[route->verb].push_back(*std::move(route));
    return absl::OkStatus();
  };
  for (const auto* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor& method = *service->method(i);
      if (!method.options().HasExtension(google::api::http)) continue;
      const HttpRule& rule = method.options().GetExtension(google::api::http);
      if (auto status = add(method, rule); !status.ok()) return status;
      for (const HttpRule& more : rule.additional_bindings()) {
        if (more.additional_bindings_size() > 0) return Bad(method, "additional_bindings within additional_bindings");
        if (auto status = add(method, more); !status.ok()) return status;
      }
    }
  }
  for (auto& [verb, all] : routes.by_verb_) {
    std::stable_sort(all.begin(), all.end(),
                     [](const Route& a, const Route& b) { return a.pattern.Before(b.pattern); });
  }
  return routes;
}

bool Routes::EndsWithVerb(const std::vector<std::string_view>& path) const {
  if (path.back().find(':') == std::string_view::npos) return false;
  for (const auto& [verb, all] : by_verb_) {
    for (const Route& route : all) {
      if (route.pattern.has_verb() && route.pattern.Match(path)) return true;
    }
  }
  return false;
}

std::variant<Routes::Found, Routes::OtherVerbs, Routes::None> Routes::Find(
    std::string_view verb, const std::vector<std::string_view>& path) const {
  const bool with_verb = EndsWithVerb(path);
  const auto match = [&](const Route& route) {
    return with_verb && !route.pattern.has_verb() ? std::nullopt : route.pattern.Match(path);
  };
  if (const auto same = by_verb_.find(verb); same != by_verb_.end()) {
    for (const Route& route : same->second) {
      if (auto bindings = match(route)) return Found{&route, *std::move(bindings)};
    }
  }
  OtherVerbs others;
  for (const auto& [other, all] : by_verb_) {
    if (std::any_of(all.begin(), all.end(), [&](const Route& route) { return match(route).has_value(); })) {
      others.allowed.push_back(other);
    }
  }
  if (others.allowed.empty()) return None{};
  return others;
}

std::vector<const Route*> Routes::All() const {
  std::vector<const Route*> all;
  for (const auto& [verb, text] : order_) {
    for (const Route& route : by_verb_.find(verb)->second) {
      if (route.pattern.text() == text) all.push_back(&route);
    }
  }
  return all;
}

}  // namespace warren::gateway
