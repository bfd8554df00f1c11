#include "agent/executor/facility/facilities.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/kernel/nexthop.h"

namespace warren::executor {
namespace {

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// Replaces what is in its place where that must go first: a group by a single object, a discipline by one of another
// kind.
absl::Status PutInPlace(const Facility& facility, const Where& where, const Entry& entry) {
  absl::Status status = facility.Put(where, entry);
  if (status.ok() || !facility.Remove(where, entry).ok()) return status;
  return facility.Put(where, entry);
}

void PutEntries(const Facility& facility, const Where& where, const std::vector<Entry>& wanted,
                std::vector<NotPut>& not_put) {
  std::map<std::string, std::string> reasons;
  std::vector<Entry> before;
  // One may stand on another, or change it: as long as a round changes what is missing, there is another.
  for (size_t round = 0; round < wanted.size() + 2; ++round) {
    auto missing = facility.Missing(where, wanted);
    if (!missing.ok()) {
      for (const Entry& entry : wanted) not_put.push_back({{&facility, entry}, Text(missing.status())});
      return;
    }
    if (missing->empty()) return;
    if (*missing == before) break;
    before = *std::move(missing);
    reasons.clear();
    for (const Entry& entry : before) {
      if (auto s = PutInPlace(facility, where, entry); !s.ok()) reasons[entry.key] = Text(s);
    }
  }
  for (Entry& entry : before) {
    const auto reason = reasons.find(entry.key);
    not_put.push_back({{&facility, entry}, reason != reasons.end() ? reason->second : "the kernel took it otherwise"});
  }
}

}  // namespace

absl::StatusOr<std::vector<Entry>> Facility::Missing(const Where& where, const std::vector<Entry>& wanted) const {
  auto have = Read(where, kEverything);
  if (!have.ok()) return have.status();
  std::vector<Entry> missing;
  for (const Entry& entry : wanted) {
    if (std::find(have->begin(), have->end(), entry) == have->end()) missing.push_back(entry);
  }
  return missing;
}

const std::vector<const Facility*>& Facilities() {
  static const auto* all = new std::vector<const Facility*>{&Settings(),    &Neighbours(),    &Nexthops(),
                                                            &BridgePorts(), &BridgeEntries(), &TrafficControls()};
  return *all;
}

absl::StatusOr<std::vector<KeptEntry>> ReadAll(const Where& where, Losses losses) {
  std::vector<KeptEntry> all;
  for (const Facility* facility : Facilities()) {
    auto entries = facility->Read(where, losses);
    if (!entries.ok()) return entries.status();
    for (Entry& entry : *entries) all.push_back({facility, std::move(entry)});
  }
  return all;
}

std::vector<NotPut> PutBack(const Where& where, Stage stage, const std::vector<KeptEntry>& all) {
  std::vector<NotPut> not_put;
  for (const Facility* facility : Facilities()) {
    if (facility->stage() != stage) continue;
    std::vector<Entry> wanted;
    for (const KeptEntry& kept : all) {
      if (kept.facility == facility) wanted.push_back(kept.entry);
    }
    if (!wanted.empty()) PutEntries(*facility, where, wanted, not_put);
  }
  return not_put;
}

std::set<uint32_t> NexthopsOf(const std::vector<KeptEntry>& all) {
  std::set<uint32_t> ids;
  for (const KeptEntry& kept : all) {
    if (kept.facility == &Nexthops()) ids.insert(kernel::NexthopFromBody(kept.entry.body).id);
  }
  return ids;
}

}  // namespace warren::executor
