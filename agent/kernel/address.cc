#include "agent/kernel/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"

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

}  // namespace

absl::StatusOr<std::vector<Address>> ListAddresses(Netlink& netlink, int ifindex) {
  std::vector<Address> addresses;
  ifaddrmsg info{};
  info.ifa_index = static_cast<uint32_t>(ifindex);
  Message message(RTM_GETADDR, 0, info);
  auto status = netlink.Dump(
      message, "listing addresses",
      [&](const nlmsghdr* header) {
        Address address = Parse(header);
        if (ifindex == 0 || address.ifindex == ifindex) addresses.push_back(std::move(address));
      },
      [&] { addresses.clear(); });
  if (!status.ok()) return status;
  return addresses;
}

Message AddAddressMessage(const NewAddress& address) {
  ifaddrmsg info{};
  info.ifa_family = static_cast<uint8_t>(address.local.ip.family);
  info.ifa_prefixlen = static_cast<uint8_t>(address.local.length);
  info.ifa_index = static_cast<uint32_t>(address.ifindex);
  // As iproute2 has it: loopback addresses have scope host (ip-address(8)).
  if (info.ifa_family == AF_INET && address.local.ip.bytes[0] == 127) info.ifa_scope = RT_SCOPE_HOST;
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
  if (info.ifa_family == AF_INET && address.peer.family == 0 && address.local.length < 31) {
    std::string broadcast = address.local.ip.bytes;
    for (int bit = address.local.length; bit < 32; ++bit) broadcast[bit / 8] |= static_cast<char>(0x80 >> (bit % 8));
    message.Put(IFA_BROADCAST, broadcast);
  }
  return message;
}

absl::Status AddAddress(Netlink& netlink, const NewAddress& address) {
  Message message = AddAddressMessage(address);
  return netlink.Do(message, absl::StrCat("adding address ", address.local.ToString()));
}

absl::Status DeleteAddress(Netlink& netlink, int ifindex, const IpPrefix& local, const Ip& peer) {
  ifaddrmsg info{};
  info.ifa_family = static_cast<uint8_t>(local.ip.family);
  info.ifa_prefixlen = static_cast<uint8_t>(local.length);
  info.ifa_index = static_cast<uint32_t>(ifindex);
  Message message(RTM_DELADDR, 0, info);
  message.Put(IFA_LOCAL, local.ip.bytes);
  message.Put(IFA_ADDRESS, peer.family != 0 ? peer.bytes : local.ip.bytes);
  return netlink.Do(message, absl::StrCat("deleting address ", local.ToString()));
}

Address AddressFromBody(const std::string& body) {
  std::string bytes(NLMSG_HDRLEN, '\0');
  bytes += body;
  auto* header = reinterpret_cast<nlmsghdr*>(bytes.data());
  header->nlmsg_len = static_cast<uint32_t>(bytes.size());
  header->nlmsg_type = RTM_NEWADDR;
  return Parse(header);
}

absl::Status ReplayAddress(Netlink& netlink, const Address& address, int ifindex) {
  std::string body = ifindex == address.ifindex ? address.body : WithoutLabel(address.body);
  auto* info = reinterpret_cast<ifaddrmsg*>(body.data());
  info->ifa_index = static_cast<uint32_t>(ifindex);
  const std::string doing = absl::StrCat("restoring address ", address.local.ToString());
  if (info->ifa_family != AF_INET6) {
    Message message = Message::FromBody(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body);
    return netlink.Do(message, doing);
  }
  // What the kernel set by itself is not to be asked for again.
  const uint32_t flags = address.flags & ~uint32_t{IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_PERMANENT};
  auto* first = reinterpret_cast<nlattr*>(body.data() + NLMSG_ALIGN(sizeof *info));
  const int length = static_cast<int>(body.size() - NLMSG_ALIGN(sizeof *info));
  const auto send = [&](uint32_t with_flags, int how) {
    if (nlattr* attribute = nla_find(first, length, IFA_FLAGS)) {
      *static_cast<uint32_t*>(nla_data(attribute)) = with_flags;
    }
    info->ifa_flags = static_cast<uint8_t>(with_flags);
    Message message = Message::FromBody(RTM_NEWADDR, how, body);
    return netlink.Do(message, doing);
  };
  const absl::Status added = send(flags | IFA_F_NODAD, NLM_F_CREATE | NLM_F_EXCL);
  if (!added.ok() && ErrnoOf(added) != EEXIST) return added;
  if (added.ok() && (flags & IFA_F_NODAD)) return added;
  // Where it was there already, an earlier attempt may have been cut off between the two.
  const absl::Status marked = send(flags, NLM_F_REPLACE);
  return marked.ok() ? added : marked;
}

}  // namespace warren::kernel
