#include "server/api/request.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace warren::api {

std::string RequestCheck::Host(const std::string& field, const std::string& name, bool any) {
  auto host = ParseHost(name);
  if (!host.ok()) {
    Bad(field, std::string(host.status().message()));
    return std::string();
  }
  if (*host == "-" && !any) {
    Bad(field, "\"hosts/-\" stands for every host; name one");
    return std::string();
  }
  return *std::move(host);
}

ChildName RequestCheck::Namespace(const std::string& field, const std::string& name) {
  auto parsed = ParseNamespace(name);
  if (!parsed.ok()) {
    Bad(field, std::string(parsed.status().message()));
    return {};
  }
  if (auto why = WhyBadNamespaceReference(parsed->id)) {
    Bad(field, absl::StrCat("namespace \"", parsed->id, "\" ", *why));
    return {};
  }
  return *std::move(parsed);
}

ChildName RequestCheck::Intent(const std::string& field, const std::string& name) {
  auto parsed = ParseIntent(name);
  if (!parsed.ok()) {
    Bad(field, std::string(parsed.status().message()));
    return {};
  }
  if (auto why = WhyBadUuid(parsed->id)) {
    Bad(field, absl::StrCat("intent \"", parsed->id, "\" ", *why));
    return {};
  }
  return *std::move(parsed);
}

void RequestCheck::RequestId(const std::string& request_id, const std::string& field) {
  if (request_id.empty()) return;
  if (auto why = WhyBadUuid(request_id)) Bad(field, absl::StrCat("\"", request_id, "\" ", *why));
}

std::optional<absl::Time> RequestCheck::Time(const std::string& field, const google::protobuf::Timestamp& time) {
  // google/protobuf/timestamp.proto: from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
  constexpr int64_t kFirst = -62135596800;
  constexpr int64_t kLast = 253402300799;
  if (time.seconds() < kFirst || time.seconds() > kLast || time.nanos() < 0 || time.nanos() > 999'999'999) {
    Bad(field, "is not a time between the years 1 and 9999");
    return std::nullopt;
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

filter::Filter RequestCheck::Filter(const std::string& text, const filter::Schema& schema) {
  auto filter = filter::Filter::Parse(text, schema);
  if (filter.ok()) return *std::move(filter);
  Bad("filter", std::string(filter.status().message()));
  return filter::Filter();
}

void RequestCheck::AfterRevision(int64_t after_revision) {
  if (after_revision < 0) Bad("after_revision", "is negative");
}

void RequestCheck::PageSize(int32_t page_size) {
  if (page_size < 0) Bad("page_size", "is negative");
}

}  // namespace warren::api
