#include "server/metrics/rpc_metrics.h"

#include <chrono>

#include "google/rpc/code.pb.h"
#include "server/metrics/families.h"

namespace warren::metrics {
namespace {

using grpc::experimental::InterceptionHookPoints;
using Clock = std::chrono::steady_clock;

class Interceptor : public grpc::experimental::Interceptor {
 public:
  Interceptor(RpcMetrics::Method& method, bool unary) : method_(method), unary_(unary), begun_(Clock::now()) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
      method_.Ended(methods->GetSendStatus().error_code(), seconds, unary_);
    }
    methods->Proceed();
  }

 private:
  RpcMetrics::Method& method_;
  const bool unary_;
  const Clock::time_point begun_;
};

prometheus::Histogram::BucketBoundaries Buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};
}

}  // namespace

RpcMetrics::RpcMetrics(prometheus::Registry& registry,
                       const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  auto& requests = Counter(registry, "warren_grpc_requests_total", "Calls that ended, by method and google.rpc.Code");
  auto& seconds = HistogramFamily(registry, "warren_grpc_request_seconds", "Time that unary calls took");
  const auto make = [&](const std::string& name) {
    return std::make_unique<Method>(requests, seconds.Add({{"method", name}}, Buckets()), name);
  };
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string name = service->full_name() + "/" + service->method(i)->name();
      methods_.emplace("/" + name, make(name));
    }
  }
  other_ = make("other");
}

grpc::experimental::Interceptor* RpcMetrics::CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) {
  const auto found = methods_.find(info->method());
  Method& method = found == methods_.end() ? *other_ : *found->second;
  return new Interceptor(method, info->type() == grpc::experimental::ServerRpcInfo::Type::UNARY);
}

void RpcMetrics::Method::Ended(int code, double seconds, bool unary) {
  if (code < 0 || static_cast<size_t>(code) >= kCodes) code = google::rpc::UNKNOWN;
  prometheus::Counter* counter = by_code_[code].load(std::memory_order_acquire);
  if (counter == nullptr) {
    // Two that come here at once get the same counter.
    counter =
        &requests_.Add({{"method", name_}, {"code", google::rpc::Code_Name(static_cast<google::rpc::Code>(code))}});
    by_code_[code].store(counter, std::memory_order_release);
  }
  counter->Increment();
  if (unary) seconds_.Observe(seconds);
}

}  // namespace warren::metrics
