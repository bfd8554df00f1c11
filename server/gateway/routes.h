#ifndef WARREN_SERVER_GATEWAY_ROUTES_H_
#define WARREN_SERVER_GATEWAY_ROUTES_H_

// Which RPC an HTTP request is for: read from the google.api.http annotations of the services that are linked in, so
// that a new RPC with one appears by itself. Immutable; thread-safe. Cost: a look-up tries the patterns of the
// request's verb one after the other; among those of the intents and the namespaces it takes 0.23 µs.

#include <google/protobuf/descriptor.h>

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "server/gateway/pattern.h"

namespace warren::gateway {

// One binding of one RPC.
struct Route {
  std::string verb;  // "GET"
  Pattern pattern;
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::string grpc_method;  // "/warren.v1.Hosts/GetHost"
  // What the body is: nothing, the whole message, or a field of it.
  bool has_body = false;
  const google::protobuf::FieldDescriptor* body_field = nullptr;
  // What of the response is the answer; null: all of it.
  const google::protobuf::FieldDescriptor* response_field = nullptr;
  // Messages go both ways, over a WebSocket: the first one is what a body "*" would be.
  bool is_socket = false;
  // What a query may not give: the pattern's fields, and the body's.
  std::vector<std::string> bound;
};

class Routes {
 public:
  // RPCs without an annotation have no route, nor have those that the client streams to, but for the GETs of those that
  // stream both ways. INVALID_ARGUMENT names the RPC whose annotation is wrong: a template that is none, a field that
  // is not there or that text cannot fill, a body where the query is to be, an answer of one field where there are
  // messages both ways, two RPCs with the same verb and path.
  static absl::StatusOr<Routes> Of(const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  struct Found {
    const Route* route = nullptr;
    Pattern::Bindings bindings;
  };
  // There is that path, for these verbs, sorted.
  struct OtherVerbs {
    std::vector<std::string> allowed;
  };
  struct None {};
  // `path` as SplitPath cut it. A custom verb of some route is no part of a name for another: GET of a path that POST
  // has as ".../x:cancel" is not GET of one called "x:cancel".
  std::variant<Found, OtherVerbs, None> Find(std::string_view verb, const std::vector<std::string_view>& path) const;

  // In the order of the services, RPCs and bindings.
  std::vector<const Route*> All() const;

 private:
  // With a custom verb that some route has there.
  bool EndsWithVerb(const std::vector<std::string_view>& path) const;

  std::map<std::string, std::vector<Route>, std::less<>> by_verb_;  // in the order in which they are tried
  std::vector<std::pair<std::string, std::string>> order_;          // verb and template
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_ROUTES_H_
