#include "server/api/holders_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/api/call.h"
#include "server/api/status.h"

namespace warren::api {
namespace {

// An agent looks for 5 s at most.
constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr int kMostHolders = 1000;

// As the agent said, whatever number it said.
absl::Status RefusalOf(const v1::HoldersAnswer& answer, const ChildName& name) {
  const auto code = static_cast<absl::StatusCode>(answer.code());
  if (code == absl::StatusCode::kNotFound) return UnknownNamespace(name);
  const bool known = answer.code() > 0 && answer.code() <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return absl::Status(known ? code : absl::StatusCode::kInternal,
                      absl::StrCat("host ", name.host, ": ", answer.message()));
}

}  // namespace

grpc::ServerUnaryReactor* HoldersCall::Start(hosts::HostRegistry& hosts, grpc::CallbackServerContext* context,
                                             const ChildName& name, v1::ListHoldersResponse* response) {
  // gRPC keeps what finishes before this returns.
  auto* call = new HoldersCall(hosts, name, response);
  const absl::Duration patience = WaitTime(context->deadline(), absl::Now(), kPatience);
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
  const auto query = hosts.FindHolders(
      name.host, name.id, until, [call](absl::StatusOr<v1::HoldersAnswer> answer) { call->Give(std::move(answer)); });
  if (!query.ok()) {
    call->Finish(ToGrpc(query.status()));
    return call;
  }
  call->query_ = *query;
  if (call->cancelled_) call->OnCancel();
  return call;
}

void HoldersCall::OnCancel() {
  cancelled_ = true;
  if (const uint64_t query = query_; query != 0) hosts_.EndFind(query, absl::CancelledError("the caller has gone"));
}

void HoldersCall::Give(absl::StatusOr<v1::HoldersAnswer> answer) {
  if (!answer.ok()) return Finish(ToGrpc(answer.status()));
  if (answer->code() != 0) return Finish(ToGrpc(RefusalOf(*answer, name_)));
  const int count = std::min(answer->holders_size(), kMostHolders);
  for (int i = 0; i < count; ++i) *response_->add_holders() = std::move(*answer->mutable_holders(i));
  *response_->mutable_not_looked_at() = std::move(*answer->mutable_not_looked_at());
  Finish(grpc::Status::OK);
}

}  // namespace warren::api
