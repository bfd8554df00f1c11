// The three watches of a Client.

#include <utility>

#include "client/lib/client.h"
#include "client/lib/stubs.h"
#include "client/lib/watching.h"

namespace warren::client {
namespace {

template <typename Type>
WatchChange ChangeOf(Type type) {
  switch (static_cast<int>(type)) {
    case v1::HostEvent::EXISTING:
      return WatchChange::kExisting;
    case v1::HostEvent::SYNCED:
      return WatchChange::kSynced;
    case v1::HostEvent::DELETED:
      return WatchChange::kDeleted;
    case v1::HostEvent::REBOOTED:
      return WatchChange::kRebooted;
    default:  // a kind that a newer server has: something about it changed
      return WatchChange::kChanged;
  }
}
// One switch for the three enumerations.
static_assert(static_cast<int>(v1::IntentEvent::SYNCED) == v1::HostEvent::SYNCED);
static_assert(static_cast<int>(v1::IntentEvent::EXISTING) == v1::HostEvent::EXISTING);
static_assert(static_cast<int>(v1::IntentEvent::DELETED) == v1::HostEvent::DELETED);
static_assert(static_cast<int>(v1::NamespaceEvent::SYNCED) == v1::HostEvent::SYNCED);
static_assert(static_cast<int>(v1::NamespaceEvent::EXISTING) == v1::HostEvent::EXISTING);
static_assert(static_cast<int>(v1::NamespaceEvent::DELETED) == v1::HostEvent::DELETED);

struct OfHosts {
  using Item = v1::Host;
  using Stub = v1::Hosts::Stub;
  using Request = v1::WatchHostsRequest;
  using Response = v1::WatchHostsResponse;
  template <typename Reactor>
  static void Start(Stub& stub, grpc::ClientContext* context, const Request* request, Reactor* reactor) {
    stub.async()->WatchHosts(context, request, reactor);
  }
  static WatchChange Change(v1::HostEvent::Type type) { return ChangeOf(type); }
  static Item Take(v1::HostEvent& event) { return std::move(*event.mutable_host()); }
};

struct OfIntents {
  using Item = v1::Intent;
  using Stub = v1::Intents::Stub;
  using Request = v1::WatchIntentsRequest;
  using Response = v1::WatchIntentsResponse;
  template <typename Reactor>
  static void Start(Stub& stub, grpc::ClientContext* context, const Request* request, Reactor* reactor) {
    stub.async()->WatchIntents(context, request, reactor);
  }
  static WatchChange Change(v1::IntentEvent::Type type) { return ChangeOf(type); }
  static Item Take(v1::IntentEvent& event) { return std::move(*event.mutable_intent()); }
};

struct OfNamespaces {
  using Item = v1::Namespace;
  using Stub = v1::Namespaces::Stub;
  using Request = v1::WatchNamespacesRequest;
  using Response = v1::WatchNamespacesResponse;
  template <typename Reactor>
  static void Start(Stub& stub, grpc::ClientContext* context, const Request* request, Reactor* reactor) {
    stub.async()->WatchNamespaces(context, request, reactor);
  }
  static WatchChange Change(v1::NamespaceEvent::Type type) { return ChangeOf(type); }
  static Item Take(v1::NamespaceEvent& event) { return std::move(*event.mutable_namespace_()); }
};

}  // namespace

std::unique_ptr<HostWatch> Client::WatchHosts(v1::WatchHostsRequest request) {
  return std::make_unique<Watching<OfHosts>>(stubs_->hosts, std::move(request), retry_);
}

std::unique_ptr<IntentWatch> Client::WatchIntents(v1::WatchIntentsRequest request) {
  return std::make_unique<Watching<OfIntents>>(stubs_->intents, std::move(request), retry_);
}

std::unique_ptr<NamespaceWatch> Client::WatchNamespaces(v1::WatchNamespacesRequest request) {
  return std::make_unique<Watching<OfNamespaces>>(stubs_->namespaces, std::move(request), retry_);
}

}  // namespace warren::client
