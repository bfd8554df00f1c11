#ifndef WARREN_SERVER_API_INTENTS_SERVICE_H_
#define WARREN_SERVER_API_INTENTS_SERVICE_H_

#include "server/api/call.h"
#include "server/api/watch_call.h"
#include "warren/v1/intents.grpc.pb.h"

namespace warren::api {

// warren.v1.Intents. Thread-safe.
class IntentsService : public v1::Intents::WithRawCallbackMethod_WatchIntents<v1::Intents::CallbackService> {
 public:
  explicit IntentsService(const Rooms& rooms) : rooms_(rooms), watches_(rooms.intents.feed(), rooms.workers) {}

  grpc::ServerUnaryReactor* CreateIntent(grpc::CallbackServerContext* context, const v1::CreateIntentRequest* request,
                                         v1::Intent* response) override;
  grpc::ServerUnaryReactor* BatchCreateIntents(grpc::CallbackServerContext* context,
                                               const v1::BatchCreateIntentsRequest* request,
                                               v1::BatchCreateIntentsResponse* response) override;
  grpc::ServerUnaryReactor* GetIntent(grpc::CallbackServerContext* context, const v1::GetIntentRequest* request,
                                      v1::Intent* response) override;
  grpc::ServerUnaryReactor* ListIntents(grpc::CallbackServerContext* context, const v1::ListIntentsRequest* request,
                                        v1::ListIntentsResponse* response) override;
  grpc::ServerUnaryReactor* CancelIntent(grpc::CallbackServerContext* context, const v1::CancelIntentRequest* request,
                                         v1::Intent* response) override;
  grpc::ServerUnaryReactor* WaitIntent(grpc::CallbackServerContext* context, const v1::WaitIntentRequest* request,
                                       v1::Intent* response) override;
  // The request is a serialized v1::WatchIntentsRequest.
  WatchReactor* WatchIntents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes) override;

 private:
  const Rooms rooms_;
  Watches watches_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_INTENTS_SERVICE_H_
