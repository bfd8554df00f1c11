#include "agent/kernel/link_names.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

#include "agent/kernel/netlink.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {

bool AnswersTo(const Link& link, const std::string& any) {
  const auto& others = link.alternative_names;
  return link.name == any || std::find(others.begin(), others.end(), any) != others.end();
}

std::string NameOfLink(const std::string& any) {
  if (any.size() >= IFNAMSIZ) {
    auto netlink = Netlink::Open();
    if (!netlink.ok()) return any;
    auto link = GetLink(*netlink, any);
    return link.ok() ? link->name : any;
  }
  // Not SIOCGIFINDEX, which has a module looked for when there is no such link (dev_load).
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return any;
  if (setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, any.data(), static_cast<socklen_t>(any.size())) != 0) {
    return any;
  }
  char name[IFNAMSIZ] = {};
  socklen_t size = sizeof name;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, name, &size) != 0 || name[0] == '\0') return any;
  return {name, strnlen(name, sizeof name)};
}

}  // namespace warren::kernel
