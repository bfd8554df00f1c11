#ifndef WARREN_SERVER_API_CALL_H_
#define WARREN_SERVER_API_CALL_H_

// How the handlers answer: on the worker pool for what may read the store, later for what the queue answers, and with a
// wait that ends when the caller gives up.

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/common/names.h"
#include "server/api/worker_pool.h"
#include "server/hosts/host_registry.h"
#include "server/intents/intents.h"
#include "server/inventory/inventory.h"

namespace warren::api {

// What the handlers call. Everything outlives the gRPC server.
struct Rooms {
  intents::Intents& intents;
  hosts::HostRegistry& hosts;
  inventory::Inventory& inventory;
  WorkerPool& workers;
  size_t max_operations = 1000;
  size_t max_intent_bytes = 1 << 20;
};

// Answers at once.
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const absl::Status& status);

// Answers with what `work` returns, on the pool, or with NotTaken.
grpc::ServerUnaryReactor* AnswerOn(WorkerPool& workers, grpc::CallbackServerContext* context,
                                   std::function<absl::Status()> work);

// A call that is answered with an intent, perhaps after waiting for it. Deletes itself when the call is done.
//
// Threading: one thing at a time: Start, then Accept, Cancel or Wait from its task, then the answer.
class IntentCall : public grpc::ServerUnaryReactor {
 public:
  // Runs `begin` on the pool, or answers NotTaken. The call may be over when this returns.
  static grpc::ServerUnaryReactor* Start(const Rooms& rooms, v1::Intent* response,
                                         std::function<void(IntentCall&)> begin);

  void Fail(const absl::Status& status) { Give(status); }
  // Submits and answers at once, or with `wait` when the intent is finished or that time is over.
  void Accept(intents::AcceptRequest request, std::optional<absl::Duration> wait);
  void Cancel(const std::string& host, const std::string& id);
  void Wait(const std::string& host, const std::string& id, absl::Duration timeout);

  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  // Outlives the call by as long as somebody is about to note down or stop its wait.
  class Waiting;

  IntentCall(const Rooms& rooms, v1::Intent* response);
  ~IntentCall() override = default;
  void Give(absl::StatusOr<v1::Intent> result);

  intents::Intents& intents_;
  v1::Intent* const response_;
  const std::shared_ptr<Waiting> waiting_;
};

// How long a call may wait at `now`: `asked`, if given, but never longer than 1 h nor than until the caller's deadline,
// less what the answer needs to get there in time. (time_point::max(): it has none.)
absl::Duration WaitTime(std::chrono::system_clock::time_point deadline, absl::Time now,
                        std::optional<absl::Duration> asked);

// Why a pool has not taken a task, with google.rpc.RetryInfo. RESOURCE_EXHAUSTED (SERVER_BUSY): it is full. UNAVAILABLE
// (SERVER_STOPPING): it was stopped.
absl::Status NotTaken(const WorkerPool& workers);

// NOT_FOUND, saying what to do.
absl::Status UnknownHost(const std::string& host);
// NOT_FOUND (NAMESPACE_NOT_FOUND).
absl::Status UnknownNamespace(const ChildName& name);
// A host is known when an agent of it ever connected, or intents were accepted for it, until it is deleted.
bool IsKnown(const Rooms& rooms, const std::string& host);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_CALL_H_
