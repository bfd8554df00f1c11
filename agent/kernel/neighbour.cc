#include "agent/kernel/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/kernel/body.h"
#include "agent/kernel/error.h"
#include "agent/kernel/ip.h"

namespace warren::kernel {
namespace {

constexpr size_t kHeader = NLMSG_ALIGN(sizeof(ndmsg));

Neighbour Parse(std::string body) {
  Neighbour neighbour;
  auto& info = HeaderOf<ndmsg>(body);
  neighbour.family = info.ndm_family;
  neighbour.proxy = (info.ndm_flags & NTF_PROXY) != 0;
  const int key = info.ndm_family == AF_BRIDGE ? NDA_LLADDR : NDA_DST;
  neighbour.address = AttributeOf(body, kHeader, key).value_or("");
  info.ndm_flags &= static_cast<uint8_t>(~NTF_OFFLOADED);
  // What the kernel resolves and ages by itself. Of a managed one it takes no state (neigh_add).
  const bool managed = (U32Of(body, kHeader, NDA_FLAGS_EXT) & NTF_EXT_MANAGED) != 0;
  const bool ages =
      neighbour.family != AF_BRIDGE && !neighbour.proxy && !(info.ndm_state & (NUD_PERMANENT | NUD_NOARP));
  if (ages) info.ndm_state = managed ? NUD_NONE : NUD_STALE;
  neighbour.body = WithoutAttributes(body, kHeader, {NDA_CACHEINFO, NDA_PROBES});
  if (ages && managed) neighbour.body = WithoutAttributes(neighbour.body, kHeader, {NDA_LLADDR});
  return neighbour;
}

// 224.0.0.0/4, 255.255.255.255, ff00::/8, and the broadcast address of a subnet.
bool IsGroup(const Neighbour& neighbour) {
  if (neighbour.address.empty()) return true;
  const auto first = static_cast<unsigned char>(neighbour.address[0]);
  if (neighbour.family == AF_INET ? first >= 224 : first == 0xff) return true;
  return AttributeOf(neighbour.body, kHeader, NDA_LLADDR) == std::string(6, '\xff');
}

bool IsStatic(const Neighbour& neighbour, const Link& link) {
  std::string body = neighbour.body;
  const auto& info = HeaderOf<ndmsg>(body);
  if (neighbour.proxy || (info.ndm_flags & NTF_EXT_LEARNED)) return true;
  if (U32Of(body, kHeader, NDA_FLAGS_EXT) & NTF_EXT_MANAGED) return true;
  if (info.ndm_state & NUD_PERMANENT) return true;
  const bool resolves = (link.flags & (IFF_NOARP | IFF_LOOPBACK | IFF_POINTOPOINT)) == 0;
  return (info.ndm_state & NUD_NOARP) && resolves && !IsGroup(neighbour);
}

absl::StatusOr<std::vector<Neighbour>> Dump(Netlink& netlink, const ndmsg& info, int ifindex, std::string_view doing) {
  Message message(RTM_GETNEIGH, 0, info);
  message.PutU32(NDA_IFINDEX, static_cast<uint32_t>(ifindex));
  std::vector<Neighbour> neighbours;
  auto status = netlink.Dump(
      message, doing,
      [&](const nlmsghdr* header) {
        std::string body = BodyOf(header);
        // A kernel that does not know the filter tells all.
        if (HeaderOf<ndmsg>(body).ndm_ifindex == ifindex) neighbours.push_back(Parse(std::move(body)));
      },
      [&] { neighbours.clear(); });
  if (!status.ok()) return status;
  return neighbours;
}

}  // namespace

std::string Neighbour::ToString() const {
  if (family == AF_BRIDGE) {
    const auto vlan = AttributeOf(body, kHeader, NDA_VLAN);
    uint16_t id = 0;
    if (vlan && vlan->size() == sizeof id) memcpy(&id, vlan->data(), sizeof id);
    return id == 0 ? FormatMac(address) : absl::StrCat(FormatMac(address), " vlan ", id);
  }
  return absl::StrCat(proxy ? "proxy " : "", Ip{family, address}.ToString());
}

Neighbour NeighbourFromBody(const std::string& body) { return Parse(body); }

absl::StatusOr<std::vector<Neighbour>> ListStaticNeighbours(Netlink& netlink, const Link& link) {
  std::vector<Neighbour> found;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const int flags : {0, int{NTF_PROXY}}) {
      ndmsg info{};
      info.ndm_family = static_cast<uint8_t>(family);
      info.ndm_flags = static_cast<uint8_t>(flags);
      auto neighbours = Dump(netlink, info, link.ifindex, "listing neighbours");
      if (!neighbours.ok()) return neighbours.status();
      for (Neighbour& neighbour : *neighbours) {
        if (neighbour.family == family && IsStatic(neighbour, link)) found.push_back(std::move(neighbour));
      }
    }
  }
  return found;
}

absl::StatusOr<std::vector<Neighbour>> ListStaticForwarding(Netlink& netlink, int port, const std::string& mac) {
  ndmsg info{};
  info.ndm_family = AF_BRIDGE;
  auto entries = Dump(netlink, info, port, "listing forwarding entries");
  if (!entries.ok()) return entries.status();
  std::vector<Neighbour> found;
  for (Neighbour& entry : *entries) {
    const auto& header = HeaderOf<ndmsg>(entry.body);
    // Those of the link itself (NTF_SELF) are its driver's.
    if (header.ndm_family != AF_BRIDGE || (header.ndm_flags & NTF_SELF) ||
        !AttributeOf(entry.body, kHeader, NDA_MASTER))
      continue;
    if (entry.address == mac && (header.ndm_state & NUD_PERMANENT)) continue;
    if ((header.ndm_state & (NUD_PERMANENT | NUD_NOARP)) || (header.ndm_flags & NTF_EXT_LEARNED))
      found.push_back(std::move(entry));
  }
  return found;
}

absl::Status PutNeighbour(Netlink& netlink, const Neighbour& neighbour, int ifindex) {
  std::string body = neighbour.body;
  auto& info = HeaderOf<ndmsg>(body);
  info.ndm_ifindex = ifindex;
  if (neighbour.family == AF_BRIDGE) info.ndm_flags |= NTF_MASTER;
  Message message = Message::FromBody(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body);
  return netlink.Do(message, absl::StrCat("setting neighbour ", neighbour.ToString()));
}

absl::Status DeleteNeighbour(Netlink& netlink, const Neighbour& neighbour, int ifindex) {
  std::string body = neighbour.body;
  auto& info = HeaderOf<ndmsg>(body);
  info.ndm_ifindex = ifindex;
  info.ndm_flags &= NTF_PROXY;
  if (neighbour.family == AF_BRIDGE) info.ndm_flags = NTF_MASTER;
  Message message = Message::FromBody(RTM_DELNEIGH, 0, body);
  return netlink.Do(message, absl::StrCat("deleting neighbour ", neighbour.ToString()));
}

}  // namespace warren::kernel
