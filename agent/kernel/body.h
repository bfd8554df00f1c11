#ifndef WARREN_AGENT_KERNEL_BODY_H_
#define WARREN_AGENT_KERNEL_BODY_H_

// Bodies of netlink messages: what a dump told, kept to be sent back as it is. A body is a fixed header and attributes,
// without the nlmsghdr. Any thread. A body that is cut off ends where it can be read no further.

#include <linux/netlink.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace warren::kernel {

std::string BodyOf(const nlmsghdr* header);

// Its fixed header.
template <typename Header>
Header& HeaderOf(std::string& body) {
  if (body.size() < NLMSG_ALIGN(sizeof(Header))) body.resize(NLMSG_ALIGN(sizeof(Header)));
  return *reinterpret_cast<Header*>(body.data());
}

// `header` is the length of the fixed header.
std::string WithoutAttributes(std::string_view body, size_t header, std::initializer_list<int> types);
// The payload of the first attribute of that type.
std::optional<std::string> AttributeOf(std::string_view body, size_t header, int type);
// 0 where there is none.
uint32_t U32Of(std::string_view body, size_t header, int type);
// Replaces a 32-bit attribute where it is there.
void ReplaceU32(std::string& body, size_t header, int type, uint32_t value);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_BODY_H_
