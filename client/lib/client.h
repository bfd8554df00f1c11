#ifndef WARREN_CLIENT_LIB_CLIENT_H_
#define WARREN_CLIENT_LIB_CLIENT_H_

// Warren from C++: what the `warren` command does, as calls that block.
//
//   auto client = Client::Connect("unix:/run/warren/server.sock");
//   v1::CreateIntentRequest request;            // parent, intent.operations
//   auto intent = (*client)->Submit(request, absl::Now() + absl::Minutes(1));
//   intent = (*client)->Wait(intent->name(), absl::Now() + absl::Minutes(1));
//
// Every call: what another try may mend (client/lib/retry.h) is retried until the deadline, which is safe because a
// submit carries a request_id (one is made when the caller gives none) and everything else may be done twice, but for
// Exec, which is not. A host that is away is not waited for. Errors are those of the RPC (see proto/warren/v1), with
// google.rpc details as payloads (client/lib/status.h); DEADLINE_EXCEEDED or UNAVAILABLE when the time is over; after
// those two a submit may or may not have been accepted, and the same request_id tells.
//
// Threads: any number may call at once over the one connection. Cost: a call is one round trip; lists fetch pages of
// 1,000 until there are no more, and those that return a vector hold them all. Metrics: none.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/exec.h"
#include "client/lib/retry.h"
#include "client/lib/watch.h"
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

  // Lists. The request's parent, filter, order_by and so on are the caller's; page_size is filled in when it is 0, and
  // page_token goes on from there. Each page is handed to `page`, which may take what is in it, until there are no more
  // or it returns false.
  //
  // ABORTED: what the pages show is no longer kept; begin again. The forms that return a vector do so by themselves.
  template <typename Item>
  using Page = absl::FunctionRef<bool(std::vector<Item>& items)>;
  absl::Status ListHosts(v1::ListHostsRequest request, Page<v1::Host> page, absl::Time deadline);
  absl::Status ListIntents(v1::ListIntentsRequest request, Page<v1::Intent> page, absl::Time deadline);
  absl::Status ListNamespaces(v1::ListNamespacesRequest request, Page<v1::Namespace> page, absl::Time deadline);
  absl::StatusOr<std::vector<v1::Host>> ListHosts(const v1::ListHostsRequest& request, absl::Time deadline);
  absl::StatusOr<std::vector<v1::Intent>> ListIntents(const v1::ListIntentsRequest& request, absl::Time deadline);
  absl::StatusOr<std::vector<v1::Namespace>> ListNamespaces(const v1::ListNamespacesRequest& request,
                                                            absl::Time deadline);

  absl::StatusOr<v1::Host> GetHost(const std::string& name, absl::Time deadline);
  // With its links, addresses and routes.
  absl::StatusOr<v1::Namespace> GetNamespace(const std::string& name, absl::Time deadline);
  // What keeps it alive, as its host's agent finds out now. UNAVAILABLE: the agent is not connected.
  absl::StatusOr<v1::ListHoldersResponse> ListHolders(const std::string& name, absl::Time deadline);
  absl::StatusOr<v1::Intent> GetIntent(const std::string& name, absl::Time deadline);

  // Accepts an intent, once, however often the call has to be repeated. Chooses request.request_id when it is empty.
  absl::StatusOr<v1::Intent> Submit(v1::CreateIntentRequest& request, absl::Time deadline);
  // Accepts many, of any hosts, in one commit: all or none, each once. Chooses every request_id that is empty. One
  // call, however many they are: what is over the server's limits is refused, never split. The intents are in the order
  // of the requests.
  absl::StatusOr<std::vector<v1::Intent>> SubmitBatch(v1::BatchCreateIntentsRequest& request, absl::Time deadline);

  // The intent once it is finished, or as it is when the deadline is over. Servers may come and go meanwhile.
  absl::StatusOr<v1::Intent> Wait(const std::string& name, absl::Time deadline);
  // All of them: `answered` is told, on this thread, what each is whenever the server says, at the latest each second
  // for up to 256 of them. Returns when all are finished, when the deadline is over (OK too: what was told last is how
  // they are), or with what a wait was refused with.
  absl::Status WaitAll(const std::vector<std::string>& names,
                       absl::FunctionRef<void(size_t index, const v1::Intent& intent)> answered, absl::Time deadline);

  // UNAVAILABLE with reason HOST_AWAY: it was handed out, and nobody can say now whether it has begun.
  absl::StatusOr<v1::Intent> CancelIntent(const std::string& name, absl::Time deadline);

  // A NOT_FOUND that answers a repeated call counts as deleted.
  absl::Status DeleteHost(const v1::DeleteHostRequest& request, absl::Time deadline);

  // Watches; see client/lib/watch.h. The requests' parent, filter and view are the caller's; with after_revision they
  // go on where an earlier watch was (Watch::revision).
  std::unique_ptr<HostWatch> WatchHosts(v1::WatchHostsRequest request);
  std::unique_ptr<IntentWatch> WatchIntents(v1::WatchIntentsRequest request);
  std::unique_ptr<NamespaceWatch> WatchNamespaces(v1::WatchNamespacesRequest request);

  // Runs a command in a namespace, or a shell; see client/lib/exec.h. Nothing happens before the first Next, which
  // tries to reach the server until the deadline; the command may take longer.
  std::unique_ptr<ExecSession> Exec(v1::SessionStart start, absl::Time deadline);

 private:
  struct Stubs;
  Client(std::unique_ptr<Stubs> stubs, RetryOptions retry);

  std::unique_ptr<Stubs> stubs_;
  RetryOptions retry_;
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_CLIENT_H_
