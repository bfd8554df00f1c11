#ifndef WARREN_SERVER_GATEWAY_OPENAPI_H_
#define WARREN_SERVER_GATEWAY_OPENAPI_H_

// The API as OpenAPI 3.1, from the same descriptors as the routes, with the protos' comments as descriptions. Those are
// not in the descriptors that are linked in: the build puts a descriptor set with its source into the program
// (comments.h). Pure; thread-safe.

#include <google/protobuf/descriptor.h>

#include <functional>
#include <string>

#include "server/gateway/routes.h"

namespace warren::gateway {

// What is written above a service, an RPC, a message, a field, an enum or one of its values, by its full name; "":
// nothing.
using Comments = std::function<std::string(const std::string& full_name)>;

struct ApiInfo {
  std::string title, version, description;
};

// JSON. Names of schemas are full names of messages and enums. Cost: 1 ms for the intents and the namespaces.
std::string OpenApi(const ApiInfo& info, const Routes& routes, const Comments& comments);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_OPENAPI_H_
