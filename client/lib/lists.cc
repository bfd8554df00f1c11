// The lists of a Client: pages, one after the other.

#include <iterator>
#include <utility>

#include "client/lib/client.h"
#include "client/lib/stubs.h"

namespace warren::client {
namespace {

constexpr int kPageSize = 1000;
// A list that is begun again, because what its pages showed is no longer kept, so often is not going to be finished.
constexpr int kMostTries = 5;

// items picks the repeated field of a page.
template <typename Item, typename Stub, typename Request, typename Response, typename Items>
absl::Status EachPage(const RetryOptions& retry, Stub& stub,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Request request,
                      Items items, Client::Page<Item> page, absl::Time deadline) {
  if (request.page_size() == 0) request.set_page_size(kPageSize);
  while (true) {
    auto response = Call(retry, stub, method, std::as_const(request), deadline);
    if (!response.ok()) return response.status();
    auto& fetched = *items(*response);
    std::vector<Item> taken(std::make_move_iterator(fetched.begin()), std::make_move_iterator(fetched.end()));
    if (!page(taken) || response->next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(response->next_page_token());
  }
}

// All pages in one; list: (page callback) -> Status.
template <typename Item, typename List>
absl::StatusOr<std::vector<Item>> All(List list) {
  std::vector<Item> all;
  absl::Status status;
  for (int tries = 0; tries < kMostTries; ++tries) {
    all.clear();
    status = list([&all](std::vector<Item>& items) {
      all.insert(all.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
      return true;
    });
    if (!absl::IsAborted(status)) break;
  }
  if (!status.ok()) return status;
  return all;
}

}  // namespace

absl::Status Client::ListHosts(v1::ListHostsRequest request, Page<v1::Host> page, absl::Time deadline) {
  return EachPage<v1::Host>(
      retry_, *stubs_->hosts, &v1::Hosts::Stub::ListHosts, std::move(request),
      [](auto& response) { return response.mutable_hosts(); }, page, deadline);
}

absl::Status Client::ListIntents(v1::ListIntentsRequest request, Page<v1::Intent> page, absl::Time deadline) {
  return EachPage<v1::Intent>(
      retry_, *stubs_->intents, &v1::Intents::Stub::ListIntents, std::move(request),
      [](auto& response) { return response.mutable_intents(); }, page, deadline);
}

absl::Status Client::ListNamespaces(v1::ListNamespacesRequest request, Page<v1::Namespace> page, absl::Time deadline) {
  return EachPage<v1::Namespace>(
      retry_, *stubs_->namespaces, &v1::Namespaces::Stub::ListNamespaces, std::move(request),
      [](auto& response) { return response.mutable_namespaces(); }, page, deadline);
}

absl::StatusOr<std::vector<v1::Host>> Client::ListHosts(const v1::ListHostsRequest& request, absl::Time deadline) {
  return All<v1::Host>([&](Page<v1::Host> page) { return ListHosts(request, page, deadline); });
}

absl::StatusOr<std::vector<v1::Intent>> Client::ListIntents(const v1::ListIntentsRequest& request,
                                                            absl::Time deadline) {
  return All<v1::Intent>([&](Page<v1::Intent> page) { return ListIntents(request, page, deadline); });
}

absl::StatusOr<std::vector<v1::Namespace>> Client::ListNamespaces(const v1::ListNamespacesRequest& request,
                                                                  absl::Time deadline) {
  return All<v1::Namespace>([&](Page<v1::Namespace> page) { return ListNamespaces(request, page, deadline); });
}

}  // namespace warren::client
