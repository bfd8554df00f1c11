#ifndef WARREN_CLIENT_LIB_CLIENT_H_
#define WARREN_CLIENT_LIB_CLIENT_H_

// Warren from C++: what the `warren` command does, as calls that block.
//
//   auto client = Client::Connect("unix:/run/warren/server.sock");
//   v1::CreateIntentRequest request;            // parent, intent.operations
//   auto intent = (*client)->Submit(request, absl::Now() + absl::Minutes(1));
//   intent = (*client)->Wait(intent->name(), absl::Now() + absl::Minutes(1));
//
// Every call: UNAVAILABLE is retried until the deadline, which is safe because a submit carries a request_id (one is
// made when the caller gives none). Errors are those of the RPC (see proto/warren/v1), with google.rpc details as
// payloads (client/lib/status.h); DEADLINE_EXCEEDED or UNAVAILABLE when the time is over; after those two a submit may
// or may not have been accepted, and the same request_id tells.
//
// Threads: any number may call at once over the one connection. Cost: a call is one round trip; lists fetch pages of
// 1,000 until there are no more and hold them all.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/retry.h"
#include "warren/v1/hosts.pb.h"
#include "warren/v1/intents.pb.h"
#include "warren/v1/namespaces.pb.h"

namespace warren::client {

// SUCCEEDED, FAILED, CANCELLED or EXPIRED.
bool IsFinished(v1::Intent::State state);

class Client {
 public:
  // Dials lazily: succeeds although nobody listens. Errors as DialTarget (client/lib/address.h).
  static absl::StatusOr<std::unique_ptr<Client>> Connect(std::string_view server, RetryOptions retry = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // All hosts, by name.
  absl::StatusOr<std::vector<v1::Host>> ListHosts(absl::Time deadline);
  absl::StatusOr<v1::Host> GetHost(const std::string& name, absl::Time deadline);

  // All namespaces of "hosts/HOST", or of "hosts/-".
  absl::StatusOr<std::vector<v1::Namespace>> ListNamespaces(const std::string& parent, v1::NamespaceView view,
                                                            absl::Time deadline);
  absl::StatusOr<v1::Namespace> GetNamespace(const std::string& name, absl::Time deadline);

  // Accepts an intent, once, however often the call has to be repeated. Chooses request.request_id when it is empty.
  absl::StatusOr<v1::Intent> Submit(v1::CreateIntentRequest& request, absl::Time deadline);
  // The intent once it is finished, or as it is when the deadline is over.
  absl::StatusOr<v1::Intent> Wait(const std::string& name, absl::Time deadline);
  absl::StatusOr<v1::Intent> GetIntent(const std::string& name, absl::Time deadline);
  absl::StatusOr<v1::Intent> CancelIntent(const std::string& name, absl::Time deadline);
  // All intents of "hosts/HOST", or of "hosts/-", in the order accepted; states empty: in any state.
  absl::StatusOr<std::vector<v1::Intent>> ListIntents(const std::string& parent,
                                                      const std::vector<v1::Intent::State>& states,
                                                      absl::Time deadline);

 private:
  struct Stubs;
  Client(std::unique_ptr<Stubs> stubs, RetryOptions retry);

  std::unique_ptr<Stubs> stubs_;
  RetryOptions retry_;
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_CLIENT_H_
