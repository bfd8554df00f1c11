#include "server/api/hosts_service.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/api/page_key.h"
#include "server/api/request.h"
#include "server/api/status.h"
#include "server/hosts/host_records.h"
#include "server/hosts/host_subject.h"

namespace warren::api {
namespace {

// Whether an order_by is descending; nothing: it is none.
std::optional<bool> IsDescending(const std::string& order_by) {
  const std::vector<std::string> words = absl::StrSplit(order_by, ' ', absl::SkipWhitespace());
  if (words.empty()) return false;
  if (words[0] != "name" || words.size() > 2) return std::nullopt;
  if (words.size() == 1 || words[1] == "asc") return false;
  if (words[1] == "desc") return true;
  return std::nullopt;
}

// What there is when a watch begins.
class HostPages : public SnapshotSource {
 public:
  HostPages(const hosts::HostFeed& feed, filter::Filter filter)
      : feed_(feed), filter_(std::move(filter)), records_(feed.Snapshot()) {}

  absl::StatusOr<Page> Next() override {
    Page page;
    v1::HostEvent event;
    event.set_type(v1::HostEvent::EXISTING);
    for (size_t bytes = 0; next_ < records_.size() && page.events.size() < kMaxPageEvents && bytes < kMaxPageBytes;
         ++next_) {
      if (!filter_.Matches(hosts::HostSubject(records_[next_]))) continue;
      *event.mutable_host() = feed_.Describe(*records_[next_]);
      page.events.push_back(event.SerializeAsString());
      bytes += page.events.back().size();
    }
    page.last = next_ == records_.size();
    return page;
  }

 private:
  const hosts::HostFeed& feed_;
  const filter::Filter filter_;
  const std::vector<hosts::HostFeed::Record> records_;
  size_t next_ = 0;
};

}  // namespace

v1::Host HostsService::Describe(const std::string& host) const {
  v1::Host described = registry_.Get(host).value_or(v1::Host());
  described.set_name(HostName(host));
  described.set_queued_intents(static_cast<int32_t>(rooms_.intents.QueuedCount(host)));
  described.set_namespace_count(static_cast<int32_t>(rooms_.inventory.Count(host)));
  return described;
}

bool HostsService::Matches(const filter::Filter& filter, const std::string& host) const {
  if (filter.empty()) return true;
  hosts::PresentHost::Present present;
  present.queued_intents = [&] { return rooms_.intents.QueuedCount(host); };
  present.namespace_count = [&] { return rooms_.inventory.Count(host); };
  const auto seen = registry_.Look(host);
  if (seen) {
    present.last_seen = seen->last_seen;
    return filter.Matches(hosts::PresentHost(*seen->record, std::move(present)));
  }
  v1::Host never_connected;
  never_connected.set_name(HostName(host));
  return filter.Matches(hosts::PresentHost(never_connected, std::move(present)));
}

grpc::ServerUnaryReactor* HostsService::ListHosts(grpc::CallbackServerContext* context,
                                                  const v1::ListHostsRequest* request,
                                                  v1::ListHostsResponse* response) {
  RequestCheck check;
  check.PageSize(request->page_size());
  const size_t bad_so_far = check.violations().size();
  const filter::Filter filter = check.Filter(request->filter(), hosts::HostListSchema());
  const std::optional<bool> descending = IsDescending(request->order_by());
  if (!descending) {
    check.Bad("order_by", absl::StrCat("\"", request->order_by(), "\" is neither \"name\" nor \"name desc\""));
  }
  const std::string listing =
      BindListing("hosts", {request->filter(), descending.value_or(false) ? "name desc" : "name"});
  const auto after = DecodePageKey(listing, request->page_token());
  const bool is_a_listing = check.violations().size() == bad_so_far;  // otherwise no token is of it
  if (!after && is_a_listing) {
    check.Bad("page_token", "is not the next_page_token of a page of this list, with this filter and this order");
  }
  if (!check.ok()) return Answer(context, check.status());
  return AnswerOn(
      rooms_.workers, context, [this, request, response, after = *after, descending = *descending, listing, filter] {
        const std::vector<std::string> connected = registry_.Names();
        const std::vector<std::string> queued = rooms_.intents.KnownHosts();
        std::vector<std::string> names;
        std::set_union(connected.begin(), connected.end(), queued.begin(), queued.end(), std::back_inserter(names));
        if (descending) std::reverse(names.begin(), names.end());
        const auto before = [&](const std::string& a, const std::string& b) { return descending ? a > b : a < b; };
        auto at = after.empty() ? names.begin() : std::upper_bound(names.begin(), names.end(), after, before);
        const size_t size = PageSize(request->page_size());
        std::string last;
        for (; at != names.end(); ++at) {
          if (!Matches(filter, *at)) continue;
          if (static_cast<size_t>(response->hosts_size()) == size) {
            response->set_next_page_token(EncodePageKey(listing, last));
            break;
          }
          *response->add_hosts() = Describe(*at);
          last = *at;
        }
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

grpc::ServerUnaryReactor* HostsService::DeleteHost(grpc::CallbackServerContext* context,
                                                   const v1::DeleteHostRequest* request, google::protobuf::Empty*) {
  RequestCheck check;
  const std::string host = check.Host("name", request->name());
  if (!check.ok()) return Answer(context, check.status());
  if (!IsKnown(rooms_, host)) {
    return Answer(context, request->allow_missing() ? absl::OkStatus() : UnknownHost(host));
  }
  if (request->validate_only()) return Answer(context, registry_.MayForget(host));
  if (absl::Status refused = registry_.BeginForget(host); !refused.ok()) return Answer(context, refused);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // The record goes in the same last commit as the queue: until then the host is there, and can be deleted again.
  rooms_.intents.ForgetHost(host, {hosts::RecordKey(host)}, [this, reactor, host](const absl::Status& deleted) {
    registry_.EndForget(host, deleted);
    reactor->Finish(ToGrpc(deleted));
  });
  return reactor;
}

WatchReactor* HostsService::WatchHosts(grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes) {
  v1::WatchHostsRequest request;
  if (absl::Status bad = ParseRequest(*bytes, request); !bad.ok()) return RefuseWatch(bad);
  RequestCheck check;
  WatchRequest watch;
  watch.filter = check.Filter(request.filter(), hosts::HostWatchSchema());
  check.AfterRevision(request.after_revision());
  if (!check.ok()) return RefuseWatch(check.status());
  if (absl::Status starting = feed_.ready(); !starting.ok()) return RefuseWatch(starting);
  watch.after_revision = request.after_revision();
  watch.snapshot = [this, filter = watch.filter] { return std::make_unique<HostPages>(feed_, filter); };
  return watches_.Start(context, std::move(watch));
}

}  // namespace warren::api
