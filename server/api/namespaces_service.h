#ifndef WARREN_SERVER_API_NAMESPACES_SERVICE_H_
#define WARREN_SERVER_API_NAMESPACES_SERVICE_H_

#include "server/api/call.h"
#include "server/api/watch_call.h"
#include "server/filter/filter.h"
#include "warren/v1/namespaces.grpc.pb.h"

namespace warren::api {

// warren.v1.Namespaces: the inventory, and two intents as calls of their own. Thread-safe.
class NamespacesService
    : public v1::Namespaces::WithRawCallbackMethod_WatchNamespaces<v1::Namespaces::CallbackService> {
 public:
  explicit NamespacesService(const Rooms& rooms) : rooms_(rooms), watches_(rooms.inventory.feed(), rooms.workers) {}

  grpc::ServerUnaryReactor* ListNamespaces(grpc::CallbackServerContext* context,
                                           const v1::ListNamespacesRequest* request,
                                           v1::ListNamespacesResponse* response) override;
  grpc::ServerUnaryReactor* GetNamespace(grpc::CallbackServerContext* context, const v1::GetNamespaceRequest* request,
                                         v1::Namespace* response) override;
  grpc::ServerUnaryReactor* ListHolders(grpc::CallbackServerContext* context, const v1::ListHoldersRequest* request,
                                        v1::ListHoldersResponse* response) override;
  grpc::ServerUnaryReactor* CreateNamespace(grpc::CallbackServerContext* context,
                                            const v1::CreateNamespaceRequest* request, v1::Intent* response) override;
  grpc::ServerUnaryReactor* DeleteNamespace(grpc::CallbackServerContext* context,
                                            const v1::DeleteNamespaceRequest* request, v1::Intent* response) override;
  // The request is a serialized v1::WatchNamespacesRequest.
  WatchReactor* WatchNamespaces(grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes) override;

 private:
  // OK, or why there is nothing to show of a host.
  absl::Status CheckInventory(const std::string& host) const;
  void List(const std::string& host, const std::string& after, const filter::Filter& filter,
            const v1::ListNamespacesRequest& request, v1::ListNamespacesResponse& response) const;

  const Rooms rooms_;
  Watches watches_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_NAMESPACES_SERVICE_H_
