#include "server/api/hosts_service.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "server/api/page_key.h"
#include "server/api/request.h"

namespace warren::api {

v1::Host HostsService::Describe(const std::string& host) const {
  v1::Host described = rooms_.hosts.Get(host).value_or(v1::Host());
  described.set_name(HostName(host));
  described.set_queued_intents(static_cast<int32_t>(rooms_.intents.QueuedCount(host)));
  described.set_namespace_count(static_cast<int32_t>(rooms_.inventory.Count(host)));
  return described;
}

grpc::ServerUnaryReactor* HostsService::ListHosts(grpc::CallbackServerContext* context,
                                                  const v1::ListHostsRequest* request,
                                                  v1::ListHostsResponse* response) {
  RequestCheck check;
  check.PageSize(request->page_size());
  const auto after = DecodePageKey("hosts", request->page_token());
  if (!after) check.Bad("page_token", "is not the next_page_token of a page of this list");
  if (!check.ok()) return Answer(context, check.status());
  return AnswerOn(rooms_.workers, context, [this, request, response, after] {
    const std::vector<std::string> connected = rooms_.hosts.Names();
    const std::vector<std::string> queued = rooms_.intents.KnownHosts();
    std::vector<std::string> names;
    std::set_union(connected.begin(), connected.end(), queued.begin(), queued.end(), std::back_inserter(names));
    const size_t size = PageSize(request->page_size());
    auto at = std::upper_bound(names.begin(), names.end(), *after);
    for (size_t i = 0; i < size && at != names.end(); ++i, ++at) *response->add_hosts() = Describe(*at);
    if (at != names.end()) response->set_next_page_token(EncodePageKey("hosts", *std::prev(at)));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* HostsService::GetHost(grpc::CallbackServerContext* context, const v1::GetHostRequest* request,
                                                v1::Host* response) {
  RequestCheck check;
  const std::string host = check.Host("name", request->name());
  if (!check.ok()) return Answer(context, check.status());
  if (!IsKnown(rooms_, host)) return Answer(context, UnknownHost(host));
  *response = Describe(host);
  return Answer(context, absl::OkStatus());
}

}  // namespace warren::api
