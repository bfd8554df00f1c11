#ifndef WARREN_AGENT_KERNEL_NETNS_NAME_H_
#define WARREN_AGENT_KERNEL_NETNS_NAME_H_

// What stands under a name in the directory of namespaces and is none: a plain file that a container without mount
// propagation left behind, a symbolic link, a FIFO... Nothing of it is opened: a FIFO would block, a device may act.
//
// Threading: any. Cost: 5 µs a name.

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

struct NoNetns {
  std::string what;       // "a plain file: nothing is mounted on it"; empty: it is a namespace, or nothing is there
  bool mounted = false;   // something that is no network namespace is mounted there
  bool filled = false;    // a directory with something in it
  absl::Time changed_at;  // by the file's own clock

  // "red stands for no network namespace but for a plain file...", and how the name gets free.
  absl::Status ToStatus(std::string_view shown_name) const;
};
NoNetns LookAtName(const NetnsDir& dir, std::string_view name);

// Out of the way and back again, within the directory: whatever it is stays as it is, with its owner, its content, its
// times, who listens at it and what other mount namespaces have mounted on it. EBUSY when something is mounted on it
// here, EEXIST when the new name is taken, ENOENT when there is nothing of the old one.
absl::Status RenameInDir(const NetnsDir& dir, std::string_view from, std::string_view to);
// For good; what other mount namespaces have mounted on it they lose. OK when it is gone; ENOTEMPTY.
absl::Status RemoveFromDir(const NetnsDir& dir, std::string_view name);

// Names that Warren gives to what it takes out of the way. They are not listed.
inline constexpr std::string_view kOutOfTheWay = ".warren-aside-";
bool IsOutOfTheWay(std::string_view name);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NETNS_NAME_H_
