#ifndef WARREN_SERVER_API_HOSTS_SERVICE_H_
#define WARREN_SERVER_API_HOSTS_SERVICE_H_

#include <string>

#include "server/api/call.h"
#include "warren/v1/hosts.grpc.pb.h"

namespace warren::api {

// warren.v1.Hosts. Thread-safe.
class HostsService : public v1::Hosts::CallbackService {
 public:
  explicit HostsService(const Rooms& rooms) : rooms_(rooms) {}

  grpc::ServerUnaryReactor* ListHosts(grpc::CallbackServerContext* context, const v1::ListHostsRequest* request,
                                      v1::ListHostsResponse* response) override;
  grpc::ServerUnaryReactor* GetHost(grpc::CallbackServerContext* context, const v1::GetHostRequest* request,
                                    v1::Host* response) override;

 private:
  // Of a host that is known.
  v1::Host Describe(const std::string& host) const;

  const Rooms rooms_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_HOSTS_SERVICE_H_
