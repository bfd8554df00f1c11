#include "agent/inventory/fingerprint.h"

#include <string>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace warren::inventory {

uint64_t Fingerprint(v1::Namespace* netns, const std::vector<kernel::Address>& addresses) {
  // What is no change is taken out, not copied, and put back.
  struct Lifetimes {
    v1::Address* address;
    google::protobuf::Duration valid, preferred;
    bool has_valid, has_preferred;
  };
  std::vector<v1::LinkStatistics> statistics(static_cast<size_t>(netns->links_size()));
  std::vector<Lifetimes> lifetimes;
  for (int i = 0; i < netns->links_size(); ++i) {
    v1::Link* link = netns->mutable_links(i);
    link->mutable_statistics()->Swap(&statistics[static_cast<size_t>(i)]);
    for (v1::Address& address : *link->mutable_addresses()) {
      if (!address.has_valid_lifetime() && !address.has_preferred_lifetime()) continue;
      Lifetimes saved{&address, {}, {}, address.has_valid_lifetime(), address.has_preferred_lifetime()};
      if (saved.has_valid) address.mutable_valid_lifetime()->Swap(&saved.valid);
      if (saved.has_preferred) address.mutable_preferred_lifetime()->Swap(&saved.preferred);
      lifetimes.push_back(std::move(saved));
    }
  }
  google::protobuf::Timestamp observed;
  netns->mutable_observe_time()->Swap(&observed);

  std::string text = netns->SerializeAsString();
  for (const kernel::Address& address : addresses) {
    if (address.valid_lifetime == kernel::kForever && address.preferred_lifetime == kernel::kForever) continue;
    absl::StrAppend(&text, address.ifindex, " ", address.updated, " ");
  }

  netns->mutable_observe_time()->Swap(&observed);
  for (Lifetimes& saved : lifetimes) {
    if (saved.has_valid) saved.address->mutable_valid_lifetime()->Swap(&saved.valid);
    if (saved.has_preferred) saved.address->mutable_preferred_lifetime()->Swap(&saved.preferred);
  }
  for (int i = 0; i < netns->links_size(); ++i) {
    netns->mutable_links(i)->mutable_statistics()->Swap(&statistics[static_cast<size_t>(i)]);
  }
  return absl::Hash<std::string>()(text);
}

}  // namespace warren::inventory
