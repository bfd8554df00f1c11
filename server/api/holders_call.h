#ifndef WARREN_SERVER_API_HOLDERS_CALL_H_
#define WARREN_SERVER_API_HOLDERS_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/common/names.h"
#include "server/hosts/host_registry.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/namespaces.pb.h"

namespace warren::api {

// A call that an agent answers: what keeps a namespace alive. Deletes itself when the call is done.
//
// Threading: gRPC's threads, and the one that ends the query.
class HoldersCall : public grpc::ServerUnaryReactor {
 public:
  static grpc::ServerUnaryReactor* Start(hosts::HostRegistry& hosts, grpc::CallbackServerContext* context,
                                         const ChildName& name, v1::ListHoldersResponse* response);

  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  HoldersCall(hosts::HostRegistry& hosts, ChildName name, v1::ListHoldersResponse* response)
      : hosts_(hosts), name_(std::move(name)), response_(response) {}
  ~HoldersCall() override = default;
  void Give(absl::StatusOr<v1::HoldersAnswer> answer);

  hosts::HostRegistry& hosts_;
  const ChildName name_;
  v1::ListHoldersResponse* const response_;
  std::atomic<uint64_t> query_ = 0;  // 0: not asked
  std::atomic<bool> cancelled_ = false;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_HOLDERS_CALL_H_
