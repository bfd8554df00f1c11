#ifndef WARREN_AGENT_INVENTORY_FINGERPRINT_H_
#define WARREN_AGENT_INVENTORY_FINGERPRINT_H_

#include <cstdint>
#include <vector>

#include "agent/kernel/address.h"
#include "warren/v1/inventory.pb.h"

namespace warren::inventory {

// A number that is the same as long as nothing has changed: over the whole message but statistics, the time of looking,
// the time until routes expire (expiry.h) and running lifetimes; for these, over when the kernel last set them, which
// `addresses` tells. Good within this process only; two different states have the same one with probability 2^-64. The
// message comes back as it was. Cost: some 2 µs a link.
uint64_t Fingerprint(v1::Namespace* netns, const std::vector<kernel::Address>& addresses);
// The same of one link and its addresses.
uint64_t Fingerprint(v1::Link* link, const std::vector<kernel::Address>& addresses);

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_FINGERPRINT_H_
