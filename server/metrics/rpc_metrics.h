#ifndef WARREN_SERVER_METRICS_RPC_METRICS_H_
#define WARREN_SERVER_METRICS_RPC_METRICS_H_

// Counts calls, as an interceptor of the gRPC server:
//
//   warren_grpc_requests_total{method,code}   calls that ended; code as in google.rpc.Code, "OK", "NOT_FOUND"
//   warren_grpc_request_seconds{method}       time of unary calls
//
// Labels are bounded: a method is one of those served ("warren.v1.Hosts/GetHost"), anything else "other". Thread-safe.

#include <grpcpp/support/server_interceptor.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace warren::metrics {

class RpcMetrics : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // The registry outlives the server.
  RpcMetrics(prometheus::Registry& registry, const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override;

  // Of one method; metrics of a code are made when it is first seen.
  class Method {
   public:
    Method(prometheus::Family<prometheus::Counter>& requests, prometheus::Histogram& seconds, std::string name)
        : requests_(requests), seconds_(seconds), name_(std::move(name)) {}
    void Ended(int code, double seconds, bool unary);

   private:
    static constexpr size_t kCodes = 17;
    prometheus::Family<prometheus::Counter>& requests_;
    prometheus::Histogram& seconds_;
    const std::string name_;
    std::array<std::atomic<prometheus::Counter*>, kCodes> by_code_{};
  };

 private:
  std::map<std::string, std::unique_ptr<Method>> methods_;  // by path, "/warren.v1.Hosts/GetHost"; fixed
  std::unique_ptr<Method> other_;
};

}  // namespace warren::metrics

#endif  // WARREN_SERVER_METRICS_RPC_METRICS_H_
