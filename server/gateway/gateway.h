#ifndef WARREN_SERVER_GATEWAY_GATEWAY_H_
#define WARREN_SERVER_GATEWAY_GATEWAY_H_

// Everything that gRPC offers, over HTTP and JSON: routes come from the google.api.http annotations of the services
// (routes.h), calls go over a channel, so that every interceptor of the server sees them. Knows no service.
//
// A request: path and verb find the route (404; 405 with Allow); body, path and query make the message (request.h;
// 400); headers become metadata, Grpc-Timeout the deadline, Idempotency-Key the request_id; the answer is JSON
// (call.h), with ?pretty for people, gzip for who takes it. A body must say that it is application/json (415): a
// browser's page of another origin cannot send that without asking (CORS), which is refused unless its origin is
// listed. A GET of what streams both ways opens a WebSocket (socket_call.h).
//
// Threading: thread-safe. Cost: docs/performance.md.

#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "server/gateway/call.h"
#include "server/gateway/http.h"
#include "server/gateway/listener.h"
#include "server/gateway/openapi.h"
#include "server/gateway/routes.h"

namespace warren::gateway {

class Gateway : private HttpHandler {
 public:
  struct Options {
    Listener::Options listener;
    std::vector<const google::protobuf::ServiceDescriptor*> services;
    std::shared_ptr<grpc::Channel> channel;
    size_t max_in_flight = 10000;
    // "https://console.example.org"; "*": any. Empty: none.
    std::vector<std::string> cors_origins;
    // What cors_origins says nothing of, since it is worth more than the rest: RPCs by full name
    // ("warren.v1.Exec.Run"), and every WebSocket, which a browser opens to any server. Only pages of these origins may
    // call them, each of which is named: "*" is none.
    struct Guard {
      std::set<std::string> methods;
      std::vector<std::string> origins;
      std::string flag = "the guard's origins";  // what the operator sets them with
    };
    Guard guard;
    // Names by which clients call it, beside "localhost" and addresses; "*": any (who_may_ask.h).
    std::vector<std::string> hosts;
    // Runs what takes long, a large body that is read, elsewhere than on the listener's threads; false: it is not
    // taken, since there is too much already. Null: there it is.
    std::function<bool(std::function<void()> task)> elsewhere;
    // Of /openapi.json, which is made at the start.
    ApiInfo about;
    Comments comments = [](const std::string&) { return std::string(); };
    // What GET and HEAD of these paths answer, beside /openapi.json.
    std::map<std::string, std::function<HttpResponse()>> pages;
  };
  // INVALID_ARGUMENT: an annotation is wrong. UNAVAILABLE: the address cannot be had.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(Options options);
  // Stops.
  ~Gateway() override;

  const std::string& address() const { return listener_->address(); }
  // Calls under way, watches among them.
  size_t in_flight() const;

  // Takes no more requests, cancels what is being answered and waits for that. Idempotent. Before the gRPC server
  // stops.
  void Stop();

 private:
  Gateway(Options options, Routes routes);

  void Handle(HttpRequest request, std::shared_ptr<HttpResponder> responder) override;
  HttpResponse Refusal(int status, std::string_view why) override;

  // A request, and whose list says what a page may do and see of it.
  struct Asked : HttpRequest {
    bool guarded = false;
  };

  // The answer when it is known at once; otherwise the call is under way.
  std::optional<HttpResponse> Serve(Asked& request, std::shared_ptr<HttpResponder>& responder);
  // The same of a request that is for an RPC.
  std::optional<HttpResponse> Admit(Asked& request, Routes::Found found, std::shared_ptr<HttpResponder>& responder);
  // Why it may not be asked by who asks, under the name it asks for; nothing: it may.
  std::optional<HttpResponse> WhyNot(const Asked& request, const Route& route) const;
  std::optional<HttpResponse> Call(Asked& request, const Routes::Found& found, std::shared_ptr<void> slot,
                                   std::shared_ptr<HttpResponder>& responder);
  std::optional<HttpResponse> OpenSocket(const Asked& request, const Routes::Found& found, std::shared_ptr<void> slot,
                                         HttpResponder& responder);
  bool IsGuarded(const Route& route) const;
  // Of a preflight: whether what it asks about is, or may be.
  bool AsksForGuarded(const HttpRequest& request, const std::vector<std::string>& allowed,
                      const std::vector<std::string_view>& segments) const;
  bool MaySee(std::string_view origin, bool guarded) const;
  // One of those that may be in flight; null: none is left, or it stops.
  std::shared_ptr<void> TakeSlot();
  void Respond(const Asked& request, HttpResponder& responder, HttpResponse response) const;
  HttpResponse Preflight(const Asked& request, const std::vector<std::string>& allowed) const;
  // CORS headers, for who may see it, and gzip.
  HttpResponse Finish(const std::string& visible_to, bool gzip, HttpResponse response) const;
  std::string VisibleTo(const Asked& request) const;

  const Options options_;
  const Routes routes_;
  JsonTypes types_;

  mutable Mutex mutex_;
  CondVar changed_;
  size_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::unique_ptr<Listener> listener_;  // last: it calls
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_GATEWAY_H_
