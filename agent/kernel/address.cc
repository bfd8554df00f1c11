#include "agent/kernel/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "agent/kernel/words.h"

namespace warren::kernel {
namespace {

std::string Bytes(const nlattr* attribute) {
  return {static_cast<const char*>(nla_data(attribute)), static_cast<size_t>(nla_len(attribute))};
}

Address Parse(const nlmsghdr* header) {
  Address address;
  const auto* info = static_cast<const ifaddrmsg*>(NLMSG_DATA(header));
  nlattr* table[IFA_MAX + 1] = {};
  nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof *info, table, IFA_MAX, nullptr);
  address.ifindex = static_cast<int>(info->ifa_index);
  address.scope = info->ifa_scope;
  address.flags = table[IFA_FLAGS] ? nla_get_u32(table[IFA_FLAGS]) : info->ifa_flags;
  // IFA_ADDRESS is the far end where there is one (linux/if_addr.h); IPv6 leaves IFA_LOCAL out where there is none.
  const std::string address_bytes = table[IFA_ADDRESS] ? Bytes(table[IFA_ADDRESS]) : "";
  const std::string local_bytes = table[IFA_LOCAL] ? Bytes(table[IFA_LOCAL]) : address_bytes;
  address.local = {{info->ifa_family, local_bytes}, info->ifa_prefixlen};
  if (!address_bytes.empty() && address_bytes != local_bytes) address.peer = {info->ifa_family, address_bytes};
  if (table[IFA_RT_PRIORITY]) address.metric = nla_get_u32(table[IFA_RT_PRIORITY]);
  if (table[IFA_BROADCAST]) address.broadcast = {info->ifa_family, Bytes(table[IFA_BROADCAST])};
  if (table[IFA_LABEL]) address.label = nla_get_string(table[IFA_LABEL]);
  if (table[IFA_CACHEINFO]) {
    const auto* cache = static_cast<const ifa_cacheinfo*>(nla_data(table[IFA_CACHEINFO]));
    address.valid_lifetime = cache->ifa_valid;
    address.preferred_lifetime = cache->ifa_prefered;
    address.updated = cache->tstamp;
  }
  address.body.assign(static_cast<const char*>(NLMSG_DATA(header)), header->nlmsg_len - NLMSG_HDRLEN);
  return address;
}

std::string WithoutLabel(const std::string& body) {
  const size_t fixed = NLMSG_ALIGN(sizeof(ifaddrmsg));
  std::string copy = body.substr(0, fixed);
  auto* attribute = reinterpret_cast<nlattr*>(const_cast<char*>(body.data() + fixed));
  int left = static_cast<int>(body.size() - fixed);
  for (; nla_ok(attribute, left); attribute = nla_next(attribute, &left)) {
    if (nla_type(attribute) == IFA_LABEL) continue;
    copy.append(reinterpret_cast<const char*>(attribute), static_cast<size_t>(nla_total_size(nla_len(attribute))));
  }
  return copy;
}

nlattr* Attribute(std::string& body, int type) {
  const size_t fixed = NLMSG_ALIGN(sizeof(ifaddrmsg));
  auto* first = reinterpret_cast<nlattr*>(body.data() + fixed);
  return nla_find(first, static_cast<int>(body.size() - fixed), type);
}

// What the kernel set by itself is not to be asked for again.
constexpr uint32_t kOwnFlags = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_PERMANENT;

void PutFlags(uint32_t flags, std::string& body) {
  if (nlattr* attribute = Attribute(body, IFA_FLAGS)) memcpy(nla_data(attribute), &flags, sizeof flags);
  reinterpret_cast<ifaddrmsg*>(body.data())->ifa_flags = static_cast<uint8_t>(flags);
}

// Every dump has them (inet_fill_ifaddr, inet6_fill_ifaddr).
void PutLifetimes(uint32_t valid, uint32_t preferred, std::string& body) {
  nlattr* attribute = Attribute(body, IFA_CACHEINFO);
  if (attribute == nullptr) return;
  auto* cache = static_cast<ifa_cacheinfo*>(nla_data(attribute));
  cache->ifa_valid = valid;
  cache->ifa_prefered = preferred;
}

// Metric of the routes that the kernel adds with addresses (IP6_RT_PRIO_ADDRCONF, net/ip6_route.h).
constexpr uint32_t kPrefixMetric = 256;

IpPrefix NetworkOf(const IpPrefix& prefix) {
  IpPrefix network = prefix;
  std::string& bytes = network.ip.bytes;
  for (size_t bit = static_cast<size_t>(prefix.length); bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] &= static_cast<char>(~(0x80 >> (bit % 8)));
  }
  return network;
}

// As iproute2 has it: loopback addresses have scope host (ip-address(8)). In IPv6 the kernel knows.
uint8_t ScopeOf(const Ip& ip) {
  return ip.family == AF_INET && ip.bytes[0] == 127 ? uint8_t{RT_SCOPE_HOST} : uint8_t{RT_SCOPE_UNIVERSE};
}

uint32_t MetricOf(const Address& address) { return address.metric != 0 ? address.metric : kPrefixMetric; }

// Of an IPv4 address; family 0: none.
Ip BroadcastOf(const IpPrefix& local, const Ip& peer) {
  if (local.ip.family != AF_INET || peer.family != 0 || local.length >= 31) return {};
  Ip broadcast = local.ip;
  for (int bit = local.length; bit < 32; ++bit) broadcast.bytes[bit / 8] |= static_cast<char>(0x80 >> (bit % 8));
  return broadcast;
}

// That of the link, or what the kernel makes of it for a second address and those after it when a link is renamed:
// "eth0:2", the name cut where both would be too long (inetdev_changename).
bool IsLabelOf(const std::string& label, const std::string& link) {
  if (label.empty() || label == link) return true;
  const size_t colon = label.rfind(':');
  if (colon == std::string::npos) return false;
  const std::string tail = label.substr(colon);
  uint32_t number = 0;
  if (!absl::SimpleAtoi(tail.substr(1), &number) || number < 2 || tail != absl::StrCat(":", number)) return false;
  return label == link.substr(0, IFNAMSIZ - 1 - tail.size()) + tail;
}

bool LeavesItsRoute(const Address& address) {
  return address.local.ip.family == AF_INET6 && (address.flags & (IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE)) == 0;
}

// Makes an address that is there what the body says.
absl::Status Replace(Netlink& netlink, const Address& address, const std::string& body, const std::string& doing) {
  Message message = Message::FromBody(RTM_NEWADDR, NLM_F_REPLACE, body);
  absl::Status status = netlink.Do(message, doing);
  if (!status.ok() || address.local.ip.family != AF_INET6 || address.valid_lifetime == kForever) return status;
  // The prefix route of an IPv6 address that was to last for ever the kernel gives a time long past the first time it
  // is asked (modify_prefix_route), and so cuts the subnet off, and the right one the second time.
  Message again = Message::FromBody(RTM_NEWADDR, NLM_F_REPLACE, body);
  return netlink.Do(again, doing);
}

}  // namespace

absl::StatusOr<std::vector<Address>> ListAddresses(Netlink& netlink, int ifindex) {
  std::vector<Address> addresses;
  // One family at a time: of all at once the kernel lists them under RTNL (rtnl_dump_all), of one without it
  // since 6.10.
  for (const int family : {AF_INET, AF_INET6}) {
    const size_t before = addresses.size();
    ifaddrmsg info{};
    info.ifa_family = static_cast<uint8_t>(family);
    info.ifa_index = static_cast<uint32_t>(ifindex);
    Message message(RTM_GETADDR, 0, info);
    auto status = netlink.Dump(
        message, "listing addresses",
        [&](const nlmsghdr* header) {
          Address address = Parse(header);
          // A kernel without IPv6 answers for all the families it has.
          if (address.local.ip.family != family) return;
          if (ifindex == 0 || address.ifindex == ifindex) addresses.push_back(std::move(address));
        },
        [&] { addresses.resize(before); });
    if (!status.ok()) return status;
  }
  return addresses;
}

Message AddAddressMessage(const NewAddress& address) {
  ifaddrmsg info{};
  info.ifa_family = static_cast<uint8_t>(address.local.ip.family);
  info.ifa_prefixlen = static_cast<uint8_t>(address.local.length);
  info.ifa_index = static_cast<uint32_t>(address.ifindex);
  info.ifa_scope = ScopeOf(address.local.ip);
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, info);
  message.Put(IFA_LOCAL, address.local.ip.bytes);
  message.Put(IFA_ADDRESS, address.peer.family != 0 ? address.peer.bytes : address.local.ip.bytes);
  if (address.nodad) message.PutU32(IFA_FLAGS, IFA_F_NODAD);
  if (address.valid_lifetime != kForever || address.preferred_lifetime != kForever) {
    ifa_cacheinfo cache{};
    cache.ifa_valid = address.valid_lifetime;
    cache.ifa_prefered = std::min(address.preferred_lifetime, address.valid_lifetime);
    message.Put(IFA_CACHEINFO, &cache, sizeof cache);
  }
  const Ip broadcast = BroadcastOf(address.local, address.peer);
  if (broadcast.family != 0) message.Put(IFA_BROADCAST, broadcast.bytes);
  return message;
}

bool HasNoEffect(const IpPrefix& local) { return local.ip.family == AF_INET && local.ip.bytes == std::string(4, '\0'); }

absl::Status AddAddress(Netlink& netlink, const NewAddress& address) {
  if (HasNoEffect(address.local)) {
    return absl::InvalidArgumentError(absl::StrCat("adding address ", address.local.ToString(),
                                                   ": the kernel takes it and adds nothing (inet_insert_ifa)"));
  }
  Message message = AddAddressMessage(address);
  return netlink.Do(message, absl::StrCat("adding address ", address.local.ToString()));
}

absl::StatusOr<std::optional<Route>> PrefixRouteOf(Netlink& netlink, const Address& address) {
  RouteFilter filter;
  filter.family = AF_INET6;
  filter.ifindex = address.ifindex;
  auto routes = ListRoutes(netlink, filter);
  if (!routes.ok()) return routes.status();
  const IpPrefix network = NetworkOf(address.local);
  const uint32_t metric = MetricOf(address);
  for (Route& route : *routes) {
    if (route.destination == network && route.protocol == RTPROT_KERNEL && route.metric == metric &&
        route.via.family == 0) {
      return std::move(route);
    }
  }
  return std::nullopt;
}

absl::Status DeleteAddress(Netlink& netlink, const Address& address) {
  ifaddrmsg info{};
  info.ifa_family = static_cast<uint8_t>(address.local.ip.family);
  info.ifa_prefixlen = static_cast<uint8_t>(address.local.length);
  info.ifa_index = static_cast<uint32_t>(address.ifindex);
  Message message(RTM_DELADDR, 0, info);
  message.Put(IFA_LOCAL, address.local.ip.bytes);
  message.Put(IFA_ADDRESS, address.peer.family != 0 ? address.peer.bytes : address.local.ip.bytes);
  auto deleted = netlink.Do(message, absl::StrCat("deleting address ", address.local.ToString()));
  if (!deleted.ok() || !LeavesItsRoute(address)) return deleted;
  auto others = ListAddresses(netlink, address.ifindex);
  if (!others.ok()) return others.status();
  const IpPrefix network = NetworkOf(address.local);
  // As check_cleanup_prefix_route has it; one that has no prefix route of its own may rest on this one.
  const auto needs_it = [&](const Address& other) {
    return other.local.ip.family == AF_INET6 && NetworkOf(other.local) == network;
  };
  if (std::any_of(others->begin(), others->end(), needs_it)) return absl::OkStatus();
  auto route = PrefixRouteOf(netlink, address);
  if (!route.ok()) return route.status();
  if (!*route) return absl::OkStatus();
  auto s = DeleteExactly(netlink, **route);
  return ErrnoOf(s) == ESRCH ? absl::OkStatus() : s;
}

IpPrefix NetworkOf(const Address& address) {
  return NetworkOf(IpPrefix{address.peer.family != 0 ? address.peer : address.local.ip, address.local.length});
}

absl::Status DeletePrefixRoute(Netlink& netlink, const Address& address) {
  if (address.local.ip.family != AF_INET6) return absl::OkStatus();
  auto others = ListAddresses(netlink, address.ifindex);
  if (!others.ok()) return others.status();
  const auto has_it = [&](const Address& other) {
    return other.local.ip.family == AF_INET6 && (other.flags & IFA_F_NOPREFIXROUTE) == 0 &&
           NetworkOf(other.local) == NetworkOf(address.local) && MetricOf(other) == MetricOf(address);
  };
  if (std::any_of(others->begin(), others->end(), has_it)) return absl::OkStatus();
  auto route = PrefixRouteOf(netlink, address);
  if (!route.ok() || !*route) return route.status();
  auto s = DeleteExactly(netlink, **route);
  return ErrnoOf(s) == ESRCH ? absl::OkStatus() : s;
}

std::optional<Address> After(const Address& address, absl::Duration passed) {
  if (address.valid_lifetime == kForever && address.preferred_lifetime == kForever) return address;
  const int64_t seconds = std::max<int64_t>(absl::ToInt64Seconds(passed), 0);
  const auto less = [&](uint32_t lifetime) {
    return lifetime == kForever ? kForever : static_cast<uint32_t>(std::max<int64_t>(lifetime - seconds, 0));
  };
  Address after = address;
  after.valid_lifetime = less(address.valid_lifetime);
  after.preferred_lifetime = less(address.preferred_lifetime);
  if (after.valid_lifetime == 0) return std::nullopt;
  PutLifetimes(after.valid_lifetime, after.preferred_lifetime, after.body);
  return after;
}

Address AddressFromBody(const std::string& body) {
  std::string bytes(NLMSG_HDRLEN, '\0');
  bytes += body;
  auto* header = reinterpret_cast<nlmsghdr*>(bytes.data());
  header->nlmsg_len = static_cast<uint32_t>(bytes.size());
  header->nlmsg_type = RTM_NEWADDR;
  return Parse(header);
}

std::vector<std::string> Peculiarities(const Address& address, const std::string& link) {
  static constexpr std::pair<uint32_t, const char*> kFlags[] = {
      {IFA_F_NOPREFIXROUTE, "noprefixroute"}, {IFA_F_HOMEADDRESS, "home"},    {IFA_F_MANAGETEMPADDR, "mngtmpaddr"},
      {IFA_F_MCAUTOJOIN, "autojoin"},         {IFA_F_DADFAILED, "dadfailed"},
  };
  std::vector<std::string> all;
  for (const auto& [flag, word] : kFlags) {
    if (address.flags & flag) all.emplace_back(word);
  }
  if (address.metric != 0) all.push_back(absl::StrCat("metric ", address.metric));
  if (address.local.ip.family == AF_INET6) {
    // In IPv4 the same bit says that it is secondary.
    if (address.flags & IFA_F_TEMPORARY) all.emplace_back("temporary");
    return all;
  }
  if (address.scope != ScopeOf(address.local.ip)) all.push_back(absl::StrCat("scope ", ScopeWord(address.scope)));
  if (!IsLabelOf(address.label, link)) all.push_back(absl::StrCat("label ", address.label));
  if (address.broadcast.family != 0 && address.broadcast != BroadcastOf(address.local, address.peer)) {
    all.push_back(absl::StrCat("brd ", address.broadcast.ToString()));
  }
  return all;
}

absl::Status ChangeAddress(Netlink& netlink, const Address& there, const NewAddress& asked) {
  Address changed = there;
  changed.flags = asked.nodad ? changed.flags | IFA_F_NODAD : changed.flags & ~uint32_t{IFA_F_NODAD};
  const uint32_t preferred = std::min(asked.preferred_lifetime, asked.valid_lifetime);
  changed.valid_lifetime = asked.valid_lifetime;
  PutLifetimes(asked.valid_lifetime, preferred, changed.body);
  return ChangeAddressBack(netlink, changed);
}

absl::Status ChangeAddressBack(Netlink& netlink, const Address& was) {
  std::string body = was.body;
  PutFlags(was.flags & ~kOwnFlags, body);
  return Replace(netlink, was, body, absl::StrCat("changing address ", was.local.ToString()));
}

absl::Status ReplayAddress(Netlink& netlink, const Address& address, int ifindex) {
  std::string body = ifindex == address.ifindex ? address.body : WithoutLabel(address.body);
  reinterpret_cast<ifaddrmsg*>(body.data())->ifa_index = static_cast<uint32_t>(ifindex);
  const std::string doing = absl::StrCat("restoring address ", address.local.ToString());
  if (address.local.ip.family != AF_INET6) {
    Message message = Message::FromBody(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body);
    return netlink.Do(message, doing);
  }
  const uint32_t flags = address.flags & ~kOwnFlags;
  const auto send = [&](uint32_t with_flags, int how) {
    PutFlags(with_flags, body);
    Message message = Message::FromBody(RTM_NEWADDR, how, body);
    return netlink.Do(message, doing);
  };
  const absl::Status added = send(flags | IFA_F_NODAD, NLM_F_CREATE | NLM_F_EXCL);
  if (!added.ok() && ErrnoOf(added) != EEXIST) return added;
  if (added.ok() && (flags & IFA_F_NODAD)) return added;
  // Where it was there already, an earlier attempt may have been cut off between the two.
  PutFlags(flags, body);
  const absl::Status marked = Replace(netlink, address, body, doing);
  return marked.ok() ? added : marked;
}

}  // namespace warren::kernel
