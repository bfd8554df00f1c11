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

void RequestCheck::RequestId(const std::string& request_id) {
  if (request_id.empty()) return;
  if (auto why = WhyBadUuid(request_id)) Bad("request_id", absl::StrCat("\"", request_id, "\" ", *why));
}

void RequestCheck::PageSize(int32_t page_size) {
  if (page_size < 0) Bad("page_size", "is negative");
}

}  // namespace warren::api
