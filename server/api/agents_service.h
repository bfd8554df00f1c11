#ifndef WARREN_SERVER_API_AGENTS_SERVICE_H_
#define WARREN_SERVER_API_AGENTS_SERVICE_H_

#include "server/api/exec_stream.h"
#include "server/exec/sessions.h"
#include "server/hosts/host_registry.h"
#include "warren/v1/agents.grpc.pb.h"

namespace warren::api {

// warren.v1.Agents: brings each stream to the registry, or to its session of Exec, which do the rest. Thread-safe.
class AgentsService
    : public v1::Agents::WithRawCallbackMethod_AttachExec<v1::Agents::WithCallbackMethod_Connect<v1::Agents::Service>> {
 public:
  // Both outlive the gRPC server.
  AgentsService(hosts::HostRegistry& hosts, exec::Sessions& sessions) : hosts_(hosts), sessions_(sessions) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::ServerMessage>* Connect(grpc::CallbackServerContext* context) override;
  // Reads serialized v1::SessionResponses, writes v1::SessionRequests.
  ExecReactor* AttachExec(grpc::CallbackServerContext* context) override {
    return StartAgentStream(sessions_, context);
  }

 private:
  hosts::HostRegistry& hosts_;
  exec::Sessions& sessions_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_AGENTS_SERVICE_H_
