#ifndef WARREN_AGENT_EXECUTOR_NEW_LINK_H_
#define WARREN_AGENT_EXECUTOR_NEW_LINK_H_

// What a veth's end and a bridge have in common when they are made: attributes, addresses, and whether one that is
// there already is as asked. Belongs to the executor's thread.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/executor/transaction.h"
#include "agent/kernel/ip.h"

namespace warren::executor {

struct Asked {
  std::string name;
  uint32_t mtu = 0;     // 0: any
  std::string mac;      // raw; empty: any
  bool up = false;      // false: any
  uint32_t queues = 0;  // 0: any
  std::vector<kernel::IpPrefix> addresses;
};
// INVALID_ARGUMENT for a MAC or an address that is none, and for an address that is there twice.
absl::StatusOr<Asked> ParseAsked(const std::string& name, uint32_t mtu, const std::string& mac, bool up,
                                 const google::protobuf::RepeatedPtrField<std::string>& addresses);

// In which respects a link that is there is not what would be made. That it is a port is none where a later operation
// of the intent makes it one: such an intent can be applied again.
absl::StatusOr<std::vector<std::string>> Differences(Transaction& tx, Place& place, const kernel::Link& link,
                                                     const Asked& asked);

// EEXIST when the link has another name and answers to this one, too (ip-link(8), property): it is not adopted.
absl::Status CheckIsItsName(Place& place, const kernel::Link& link, const std::string& name, const std::string& doing);

// EEXIST when a link has the name.
absl::Status CheckNameFree(Transaction& tx, Place& place, const std::string& name, const std::string& doing);

// Its addresses lead nothing elsewhere that the host lives by (diversion.h).
absl::Status CheckNewLinkLeadsNothingAway(Transaction& tx, Place& place, const Asked& asked);

// Brings up and addresses a link that was just made with that MAC; Warren owns it. Deleting the link is undo enough.
// ABORTED when another has its name by now.
absl::Status Furnish(Transaction& tx, Place& place, const Asked& asked, const std::string& mac);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_NEW_LINK_H_
