// Client::Exec: sessions, and how their server is reached.

#include "client/lib/exec.h"

#include <utility>

#include "client/lib/client.h"
#include "client/lib/exec_call.h"
#include "client/lib/stubs.h"

namespace warren::client {
namespace {

// How often somebody who waits for a connection looks whether the session was cancelled meanwhile.
constexpr absl::Duration kLook = absl::Milliseconds(200);

// OK: the channel is connected. UNAVAILABLE: it is not, and why; nothing was asked of Exec, whatever came of it.
absl::Status Reach(grpc::Channel& channel, v1::Hosts::Stub& hosts) {
  const auto until = absl::ToChronoTime(absl::Now() + kLook);
  grpc_connectivity_state state = channel.GetState(true);
  while ((state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) && channel.WaitForStateChange(state, until)) {
    state = channel.GetState(true);
  }
  if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
  if (state != GRPC_CHANNEL_TRANSIENT_FAILURE) return absl::UnavailableError("the server is not connected yet");
  // The channel keeps to itself why it failed, but any call says so at once; this one does no harm if it gets through.
  grpc::ClientContext context;
  SetDeadline(context, absl::Now() + kLook);
  v1::ListHostsRequest request;
  request.set_page_size(1);
  v1::ListHostsResponse response;
  const absl::Status said = FromGrpc(hosts.ListHosts(&context, request, &response));
  return absl::IsUnavailable(said) ? said : absl::UnavailableError("the server is not connected yet");
}

}  // namespace

std::unique_ptr<ExecSession> Client::Exec(v1::SessionStart start, absl::Time deadline) {
  auto reach = [channel = stubs_->channel, hosts = stubs_->hosts] { return Reach(*channel, *hosts); };
  return std::make_unique<ExecCall>(stubs_->exec, std::move(reach), std::move(start), retry_, deadline);
}

}  // namespace warren::client
