#ifndef WARREN_AGENT_KERNEL_LINK_NAMES_H_
#define WARREN_AGENT_KERNEL_LINK_NAMES_H_

// The names of a link: its own, which is shown, and the alternative ones that it answers to as well (ip-link(8),
// property). No two links of a namespace share any. Thread-safe.

#include <string>

#include "agent/kernel/link.h"

namespace warren::kernel {

bool AnswersTo(const Link& link, const std::string& any);

// What a link of the calling thread's namespace is called that answers to this name; the name itself where there is
// none, and on kernels before 5.7. Some 3 µs, without RTNL (sock_setbindtodevice); of a name longer than a link's own,
// which only an alternative one can be, as GetLink.
std::string NameOfLink(const std::string& any);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_LINK_NAMES_H_
