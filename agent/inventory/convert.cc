#include "agent/inventory/convert.h"

#include <net/if_arp.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/inventory/words.h"
#include "proto/common/names.h"

namespace warren::inventory {
namespace {

void SetAll(std::vector<std::string> words, google::protobuf::RepeatedPtrField<std::string>* out) {
  for (std::string& word : words) out->Add(std::move(word));
}

// Free text as it is, unless it is not UTF-8, which a message's strings have to be: that is shown escaped.
std::string ShownText(const std::string& raw) {
  for (size_t i = 0; i < raw.size();) {
    const auto c = static_cast<unsigned char>(raw[i]);
    const size_t length = c < 0x80                 ? 1
                          : c >= 0xc2 && c <= 0xdf ? 2
                          : (c & 0xf0) == 0xe0     ? 3
                          : (c & 0xf8) == 0xf0     ? 4
                                                   : 0;
    if (length == 0 || i + length > raw.size()) return EscapeName(raw);
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(raw[i + k]) & 0xc0) != 0x80) return EscapeName(raw);
    }
    const auto second = static_cast<unsigned char>(length > 1 ? raw[i + 1] : 0);
    // Overlong forms, surrogates, and what is beyond U+10FFFF (RFC 3629).
    if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
        (c == 0xf4 && second > 0x8f) || c > 0xf4) {
      return EscapeName(raw);
    }
    i += length;
  }
  return raw;
}

v1::Address ToAddress(const kernel::Address& address, const std::string& link_name) {
  v1::Address out;
  out.set_address(address.local.ToString());
  if (address.peer.family != 0) out.set_peer(address.peer.ToString());
  out.set_scope(Scope(address.scope));
  SetAll(AddressFlags(address.flags, address.local.ip.family), out.mutable_flags());
  if (address.valid_lifetime != kernel::kForever) out.mutable_valid_lifetime()->set_seconds(address.valid_lifetime);
  if (address.preferred_lifetime != kernel::kForever) {
    out.mutable_preferred_lifetime()->set_seconds(address.preferred_lifetime);
  }
  if (address.label != link_name) out.set_label(ShownText(address.label));
  return out;
}

}  // namespace

bool IsKernelsOwn(const kernel::Link& link) {
  if (link.type == ARPHRD_LOOPBACK) return true;
  // init_net's and, with net.core.fb_tunnels_only_for_init_net=0, every namespace's
  // (Documentation/admin-guide/sysctl/net.rst).
  static constexpr std::string_view kFallback[] = {"tunl0", "gre0",    "gretap0", "erspan0", "ip_vti0",
                                                   "sit0",  "ip6tnl0", "ip6gre0", "ip6_vti0"};
  for (const std::string_view name : kFallback) {
    if (link.name == name && !link.kind.empty() && link.kind != "veth" && link.kind != "bridge") return true;
  }
  return false;
}

void FillLink(const kernel::Link& link, const std::vector<kernel::Address>& addresses, const NameOf& name_of,
              v1::Link* out) {
  out->set_name(EscapeLinkName(link.name));
  out->set_ifindex(link.ifindex);
  SetAll(LinkFlags(link.flags), out->mutable_flags());
  out->set_mtu(link.mtu);
  out->set_qdisc(link.qdisc);
  out->set_oper_state(OperState(link.oper_state));
  out->set_mac(kernel::FormatMac(link.mac));
  out->set_kind(link.kind);
  out->set_master(name_of(link.master));
  out->set_alias(ShownText(link.alias));
  for (const std::string& name : link.alternative_names) out->add_alternative_names(EscapeLinkName(name));
  out->set_tx_queues(link.tx_queues);
  out->set_rx_queues(link.rx_queues);
  const kernel::LinkStatistics& from = link.statistics;
  v1::LinkStatistics* to = out->mutable_statistics();
  to->set_rx_bytes(from.rx_bytes);
  to->set_rx_packets(from.rx_packets);
  to->set_rx_errors(from.rx_errors);
  to->set_rx_dropped(from.rx_dropped);
  to->set_tx_bytes(from.tx_bytes);
  to->set_tx_packets(from.tx_packets);
  to->set_tx_errors(from.tx_errors);
  to->set_tx_dropped(from.tx_dropped);
  for (const kernel::Address& address : addresses) *out->add_addresses() = ToAddress(address, link.name);
}

void FillRoute(const kernel::Route& route, const NameOf& name_of, v1::Route* out) {
  out->set_destination(route.destination.length == 0 ? "default" : route.destination.ToString());
  out->set_via(route.via.ToString());
  out->set_dev(name_of(route.ifindex));
  out->set_src(route.source.ToString());
  out->set_metric(route.metric);
  out->set_table(route.table);
  out->set_type(RouteType(route.type));
  out->set_scope(Scope(route.scope));
  out->set_protocol(RouteProtocol(route.protocol));
  SetAll(NextHopFlags(route.flags), out->mutable_flags());
  out->set_tos(route.tos);
  out->set_nexthop_id(route.nexthop_id);
  out->set_mtu(route.mtu);
  // Past its time it stays for up to half a minute (FIB6_GC).
  if (route.expires) out->mutable_expires()->set_seconds(std::max<int64_t>(absl::ToInt64Seconds(*route.expires), 0));
  out->set_family(route.family == AF_INET6 ? "inet6" : "inet");
  for (const kernel::NextHop& hop : route.next_hops) {
    v1::NextHop* next = out->add_next_hops();
    next->set_via(hop.via.ToString());
    next->set_dev(name_of(hop.ifindex));
    next->set_weight(hop.weight);
    SetAll(NextHopFlags(hop.flags), next->mutable_flags());
  }
}

void Fill(const Contents& contents, const std::function<v1::LinkPeer(const kernel::Link&)>& peer_of,
          const std::function<bool(const kernel::Link&)>& is_foreign, v1::Namespace* out) {
  std::map<int, std::string> names;
  for (const kernel::Link& link : contents.links) names.emplace(link.ifindex, EscapeLinkName(link.name));
  // In iproute2's eyes a link that a route names but that is not there is "ifN".
  const NameOf name_of = [&](int ifindex) {
    if (ifindex == 0) return std::string();
    const auto found = names.find(ifindex);
    return found != names.end() ? found->second : absl::StrCat("if", ifindex);
  };
  // Of a link that came after the links were listed nothing is shown before the next time.
  std::map<int, std::vector<kernel::Address>> addresses;
  for (const kernel::Address& address : contents.addresses) addresses[address.ifindex].push_back(address);
  for (const kernel::Link& link : contents.links) {
    v1::Link* added = out->add_links();
    FillLink(link, addresses[link.ifindex], name_of, added);
    if (link.peer != 0) *added->mutable_peer() = peer_of(link);
    added->set_foreign(is_foreign(link));
  }
  for (const kernel::Route& route : contents.routes) FillRoute(route, name_of, out->add_routes());
  out->set_link_count(out->links_size());
  out->set_route_count(out->routes_size());
}

}  // namespace warren::inventory
