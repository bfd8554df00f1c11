#include "server/inventory/subject.h"

#include <utility>

namespace warren::inventory {
namespace {

// Positions in the schema.
enum Field : size_t { kName, kHost, kForeign, kNsid, kLinkCount, kRouteCount, kLabels };

}  // namespace

const filter::Schema& NamespaceSchema() {
  using filter::Type;
  static const filter::Schema schema = {{"name", Type::kString, {}},     {"host", Type::kString, {}},
                                        {"foreign", Type::kBool, {}},    {"nsid", Type::kInt, {}},
                                        {"link_count", Type::kInt, {}},  {"route_count", Type::kInt, {}},
                                        {"labels", Type::kStringMap, {}}};
  return schema;
}

NamespaceSubject::NamespaceSubject(std::string_view host, const v1::Namespace& netns, LabelsPtr labels)
    : host_(host),
      name_(netns.name(), netns.name().rfind('/') + 1),
      labels_(std::move(labels)),
      foreign_(netns.foreign()),
      nsid_(netns.nsid()),
      link_count_(netns.link_count()),
      route_count_(netns.route_count()) {}

filter::Value NamespaceSubject::Get(size_t field, std::string_view key) const {
  switch (field) {
    case kName:
      return std::string_view(name_);
    case kHost:
      return std::string_view(host_);
    case kForeign:
      return foreign_;
    case kNsid:
      return int64_t{nsid_};
    case kLinkCount:
      return int64_t{link_count_};
    case kRouteCount:
      return int64_t{route_count_};
    case kLabels: {
      if (labels_ == nullptr) return {};
      const auto found = labels_->find(key);
      return found == labels_->end() ? filter::Value() : filter::Value(std::string_view(found->second));
    }
    default:
      return {};
  }
}

}  // namespace warren::inventory
