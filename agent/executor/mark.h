#ifndef WARREN_AGENT_EXECUTOR_MARK_H_
#define WARREN_AGENT_EXECUTOR_MARK_H_

// What is remembered of a link that is Warren's own, besides its index: an index is given out again, and where nobody
// heard that the link went, another one that has it by now is told by this. Pure; thread-safe.

#include <string>
#include <string_view>

#include "agent/kernel/link.h"

namespace warren::executor {

// Its kind, its MAC, and of a veth the index of its other end.
std::string MarkOf(const kernel::Link& link);
std::string MarkOf(std::string_view kind, std::string_view mac, int peer);

// Whether that link may be the one of this mark. An empty mark, of a journal of an older agent, fits every link.
bool Fits(std::string_view mark, const kernel::Link& link);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_MARK_H_
