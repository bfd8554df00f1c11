#include "agent/inventory/others.h"

#include <algorithm>
#include <utility>

namespace warren::inventory {

void Others::Owned(uint64_t cookie) {
  const auto found = changed_.find(cookie);
  if (found != changed_.end() && found->second == Time::min()) changed_.erase(found);
}

void Others::Ours(uint64_t cookie, Time at) {
  const auto found = changed_.find(cookie);
  if (found != changed_.end() && found->second != Time::min() && at - found->second < kSettled) changed_.erase(found);
}

std::vector<uint64_t> Others::Choose(size_t most) const {
  std::vector<std::pair<Time, uint64_t>> all;
  all.reserve(changed_.size());
  for (const auto& [cookie, changed] : changed_) all.emplace_back(changed, cookie);
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size()));
  std::partial_sort(all.begin(), end, all.end(), [](const auto& a, const auto& b) { return a > b; });
  std::vector<uint64_t> chosen;
  for (auto one = all.begin(); one != end; ++one) chosen.push_back(one->second);
  return chosen;
}

}  // namespace warren::inventory
