#include "agent/inventory/fingerprint.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace warren::inventory {

namespace {

// What is no change is taken out while this lives, not copied, and put back.
class Without {
 public:
  explicit Without(v1::Link* link) : link_(link) {
    statistics_.reset(link->release_statistics());
    for (v1::Address& address : *link->mutable_addresses()) {
      if (!address.has_valid_lifetime() && !address.has_preferred_lifetime()) continue;
      lifetimes_.push_back({&address, address.release_valid_lifetime(), address.release_preferred_lifetime()});
    }
  }
  ~Without() {
    link_->set_allocated_statistics(statistics_.release());
    for (const Lifetimes& saved : lifetimes_) {
      saved.address->set_allocated_valid_lifetime(saved.valid);
      saved.address->set_allocated_preferred_lifetime(saved.preferred);
    }
  }
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;

 private:
  struct Lifetimes {
    v1::Address* address;
    google::protobuf::Duration* valid;
    google::protobuf::Duration* preferred;
  };
  v1::Link* link_;
  std::unique_ptr<v1::LinkStatistics> statistics_;
  std::vector<Lifetimes> lifetimes_;
};

void AppendSettings(const std::vector<kernel::Address>& addresses, std::string* text) {
  for (const kernel::Address& address : addresses) {
    if (address.valid_lifetime == kernel::kForever && address.preferred_lifetime == kernel::kForever) continue;
    absl::StrAppend(text, address.ifindex, " ", address.updated, " ");
  }
}

}  // namespace

uint64_t Fingerprint(v1::Namespace* netns, const std::vector<kernel::Address>& addresses) {
  std::deque<Without> without;
  for (v1::Link& link : *netns->mutable_links()) without.emplace_back(&link);
  std::unique_ptr<google::protobuf::Timestamp> observed(netns->release_observe_time());
  std::vector<std::pair<v1::Route*, google::protobuf::Duration*>> expiries;
  for (v1::Route& route : *netns->mutable_routes()) {
    if (!route.has_expires()) continue;
    expiries.emplace_back(&route, route.release_expires());
    route.mutable_expires();
  }
  std::string text = netns->SerializeAsString();
  netns->set_allocated_observe_time(observed.release());
  for (const auto& [route, expires] : expiries) {
    route->clear_expires();
    route->set_allocated_expires(expires);
  }
  AppendSettings(addresses, &text);
  return absl::Hash<std::string>()(text);
}

uint64_t Fingerprint(v1::Link* link, const std::vector<kernel::Address>& addresses) {
  const Without without(link);
  std::string text = link->SerializeAsString();
  AppendSettings(addresses, &text);
  return absl::Hash<std::string>()(text);
}

}  // namespace warren::inventory
