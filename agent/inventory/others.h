#ifndef WARREN_AGENT_INVENTORY_OTHERS_H_
#define WARREN_AGENT_INVENTORY_OTHERS_H_

// Where others than Warren work: namespaces that others made, and those in which something changed that no intent did.
// Whoever can listen to a few only (kernel/chosen_events.h) listens there. Knows no kernel. One thread. Cost: 16 bytes
// a namespace.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace warren::inventory {

class Others {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What changes so soon after an intent worked somewhere is taken for its own: carriers and duplicate address
  // detection are told seconds later.
  static constexpr std::chrono::seconds kSettled{5};

  // Somebody else made it. False: that was known.
  bool Found(uint64_t cookie) { return changed_.try_emplace(cookie, Time::min()).second; }
  // It is one of Warren's own, after all.
  void Owned(uint64_t cookie);
  // Somebody else changed something in it.
  void Changed(uint64_t cookie, Time at) { changed_[cookie] = at; }
  // An intent worked in it: what was heard of it of late is not of others.
  void Ours(uint64_t cookie, Time at);
  // It is gone.
  void Forget(uint64_t cookie) { changed_.erase(cookie); }

  // Those of most use: where others changed something last, and then the newest that others made.
  std::vector<uint64_t> Choose(size_t most) const;

 private:
  absl::flat_hash_map<uint64_t, Time> changed_;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_OTHERS_H_
