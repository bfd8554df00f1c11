#ifndef WARREN_SERVER_API_AGENTS_SERVICE_H_
#define WARREN_SERVER_API_AGENTS_SERVICE_H_

#include "server/hosts/host_registry.h"
#include "warren/v1/agents.grpc.pb.h"

namespace warren::api {

// warren.v1.Agents: brings each stream to the registry, which does the rest. Thread-safe.
class AgentsService : public v1::Agents::CallbackService {
 public:
  // The registry outlives the gRPC server.
  explicit AgentsService(hosts::HostRegistry& hosts) : hosts_(hosts) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::ServerMessage>* Connect(grpc::CallbackServerContext* context) override;

 private:
  hosts::HostRegistry& hosts_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_AGENTS_SERVICE_H_
