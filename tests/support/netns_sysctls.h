#ifndef WARREN_TESTS_SUPPORT_NETNS_SYSCTLS_H_
#define WARREN_TESTS_SUPPORT_NETNS_SYSCTLS_H_

// Every setting below /proc/sys/net of the network namespace that the calling thread is in, so that two namespaces can
// be compared. Cost: some 2 ms.

#include <map>
#include <string>

namespace warren {

// Values by name ("ipv4/ip_forward"); of one that cannot be read, why.
using NetnsSysctls = std::map<std::string, std::string>;

NetnsSysctls ReadNetnsSysctls();

// A line for each that differs or that only one has; empty when equal.
std::string Difference(const NetnsSysctls& before, const NetnsSysctls& after);

}  // namespace warren

#endif  // WARREN_TESTS_SUPPORT_NETNS_SYSCTLS_H_
