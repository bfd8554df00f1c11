#ifndef WARREN_SERVER_API_HOSTS_SERVICE_H_
#define WARREN_SERVER_API_HOSTS_SERVICE_H_

#include <string>

#include "server/api/call.h"
#include "server/api/watch_call.h"
#include "server/hosts/host_feed.h"
#include "server/hosts/host_registry.h"
#include "warren/v1/hosts.grpc.pb.h"

namespace warren::api {

// warren.v1.Hosts. Thread-safe.
class HostsService : public v1::Hosts::WithRawCallbackMethod_WatchHosts<v1::Hosts::CallbackService> {
 public:
  // `registry` is that of the rooms. All outlive the gRPC server.
  HostsService(const Rooms& rooms, hosts::HostRegistry& registry, hosts::HostFeed& feed)
      : rooms_(rooms), registry_(registry), feed_(feed), watches_(feed.feed(), rooms.workers) {}

  grpc::ServerUnaryReactor* ListHosts(grpc::CallbackServerContext* context, const v1::ListHostsRequest* request,
                                      v1::ListHostsResponse* response) override;
  grpc::ServerUnaryReactor* GetHost(grpc::CallbackServerContext* context, const v1::GetHostRequest* request,
                                    v1::Host* response) override;
  grpc::ServerUnaryReactor* DeleteHost(grpc::CallbackServerContext* context, const v1::DeleteHostRequest* request,
                                       google::protobuf::Empty* response) override;
  // The request is a serialized v1::WatchHostsRequest.
  WatchReactor* WatchHosts(grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes) override;

 private:
  // Of a host that is known.
  v1::Host Describe(const std::string& host) const;
  bool Matches(const filter::Filter& filter, const std::string& host) const;

  const Rooms rooms_;
  hosts::HostRegistry& registry_;
  hosts::HostFeed& feed_;
  Watches watches_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_HOSTS_SERVICE_H_
