#ifndef WARREN_AGENT_EXECUTOR_FACILITY_FACILITY_H_
#define WARREN_AGENT_EXECUTOR_FACILITY_FACILITY_H_

// What stands on a link besides its addresses and routes, and goes with what an operation does to it: neighbours,
// nexthop objects, queueing disciplines, settings. A facility is one kind of it: it reads what is there as entries,
// puts one back, removes one. Undo needs no more of any, so that a new kind is one more file here, a file of
// agent/kernel under it, and a line in the table (facilities.h).
//
// Threading: the executor's thread. A facility has no state.

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::executor {

// A link and where it is.
struct Where {
  kernel::NetnsWorker& worker;
  const kernel::Netns& netns;
  kernel::Netlink& netlink;
  const kernel::Link& link;
};

struct Entry {
  std::string key;   // unique within the facility and the link, printable or not
  std::string body;  // for Put; equal bodies are equal entries
  bool operator==(const Entry&) const = default;
};

// What an operation does to a link that takes more with it than was asked: a set of these.
using Losses = unsigned;
inline constexpr Losses kLosesAddresses = 1;  // perhaps the last of a family
inline constexpr Losses kGoesDown = 2;        // or comes up, or another MAC or MTU
inline constexpr Losses kLosesIpv6 = 4;       // its MTU falls below 1,280 bytes, or rises from there
inline constexpr Losses kLeavesBridge = 8;    // or joins one
inline constexpr Losses kLeaves = 16;         // its namespace
inline constexpr Losses kEverything = kLosesAddresses | kGoesDown | kLosesIpv6 | kLeavesBridge | kLeaves;

// When an entry can be put back: what comes later needs what comes before.
enum class Stage {
  kBeforeAddresses,  // decides which addresses the kernel makes by itself
  kBeforeRoutes,
  kLast,
};

class Facility {
 public:
  virtual ~Facility() = default;

  // In the journal: never changed within a version of the agent.
  virtual std::string_view name() const = 0;
  virtual Stage stage() const = 0;

  // What is there and would be lost, in an order in which it can be put back.
  virtual absl::StatusOr<std::vector<Entry>> Read(const Where& where, Losses losses) const = 0;
  // Those of `wanted` that are not there as they are.
  virtual absl::StatusOr<std::vector<Entry>> Missing(const Where& where, const std::vector<Entry>& wanted) const;
  // Makes it be there; one of its key becomes as it is here.
  virtual absl::Status Put(const Where& where, const Entry& entry) const = 0;
  // ENOENT and the like when it is not there.
  virtual absl::Status Remove(const Where& where, const Entry& entry) const = 0;

  // As people know it: "neighbour 10.0.0.9", "net.ipv6.conf.eth0.accept_ra".
  virtual std::string Shown(const Where& where, const Entry& entry) const = 0;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_FACILITY_FACILITY_H_
