#ifndef WARREN_AGENT_KERNEL_LINK_GROUP_H_
#define WARREN_AGENT_KERNEL_LINK_GROUP_H_

// Deletes many links of one namespace at the price of a few: one by one each waits for grace periods of its own. They
// are put into a group that nobody uses and deleted with one RTM_DELLINK, which takes whatever is in that group; so its
// members are looked at once more just before, and when there is one too many, or one that cannot be deleted (which
// refuses all), they are deleted one by one.
//
// Threading and errors as in link.h. Cost: 100 veth pairs 40 ms instead of 1,600; two dumps of the namespace's links.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"

namespace warren::kernel {

struct DoomedLink {
  int ifindex = 0;
  // Deleted only while this is its name.
  std::string name;
};

// One status a link. Those that are gone already, or by another's deletion (the other end of a veth), are no error.
std::vector<absl::Status> DeleteLinksTogether(Netlink& netlink, const std::vector<DoomedLink>& links);

// Its parts.

// A number that is none of those in use, nor 0, the group that links are in by default, nor so large that ip(8) cannot
// say it.
uint32_t UnusedGroup(const std::set<uint32_t>& in_use, const std::function<uint32_t()>& random);

class LinkGroup {
 public:
  // Puts those of the links that are there into a group that nobody uses.
  static absl::StatusOr<LinkGroup> Gather(Netlink& netlink, const std::vector<DoomedLink>& links);

  // Deletes the group, if it is still what was gathered. ABORTED: another link is in it; EOPNOTSUPP: one of them cannot
  // be deleted. None is deleted then.
  absl::Status Delete(Netlink& netlink);
  // Puts those that are left back into the groups they came from.
  void Disband(Netlink& netlink);

  uint32_t number() const { return number_; }
  // By index, with the groups they came from.
  const std::vector<std::pair<int, uint32_t>>& members() const { return members_; }

 private:
  uint32_t number_ = 0;
  std::vector<std::pair<int, uint32_t>> members_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_LINK_GROUP_H_
