#ifndef WARREN_AGENT_EXECUTOR_FACILITY_FACILITIES_H_
#define WARREN_AGENT_EXECUTOR_FACILITY_FACILITIES_H_

// The table of facilities, and what is done with all of them. Belongs to the executor's thread.
// Cost: with kGoesDown 0.07 ms a link, with kLosesIpv6 0.8 ms, with kLeaves 1.5 ms: the settings are read
// by file.

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/executor/facility/facility.h"

namespace warren::executor {

const Facility& Settings();
const Facility& Neighbours();
const Facility& Nexthops();
const Facility& BridgePorts();
const Facility& BridgeEntries();
const Facility& TrafficControls();

// In the order in which they are put back.
const std::vector<const Facility*>& Facilities();

// An entry and whose it is: what the journal keeps.
struct KeptEntry {
  const Facility* facility = nullptr;
  Entry entry;
};

// What is there of all facilities and would be lost.
absl::StatusOr<std::vector<KeptEntry>> ReadAll(const Where& where, Losses losses);

// Puts back those of a stage that are missing; what stands on another entry after that. Returns what could not be, or
// is there but not as it was, with why.
struct NotPut {
  KeptEntry kept;
  std::string why;
};
std::vector<NotPut> PutBack(const Where& where, Stage stage, const std::vector<KeptEntry>& all);

// The nexthop objects among them, by number.
std::set<uint32_t> NexthopsOf(const std::vector<KeptEntry>& all);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_FACILITY_FACILITIES_H_
