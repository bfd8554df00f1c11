#include "client/output/ip_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/ink.h"

namespace warren::cli {
namespace {

constexpr uint32_t kMainTable = 254;

std::string LinkPlace(const Place& place, const v1::Link& link) {
  return absl::StrCat(place.host, "/", place.netns, ":", link.name());
}

bool HasFlag(const google::protobuf::RepeatedPtrField<std::string>& flags, const char* wanted) {
  return std::find(flags.begin(), flags.end(), wanted) != flags.end();
}

std::string PeerText(const v1::LinkPeer& peer) {
  const std::string name = peer.name().empty() ? absl::StrCat("if", peer.ifindex()) : Visible(peer.name());
  if (!peer.namespace_().empty()) return absl::StrCat(Visible(peer.namespace_()), ":", name);
  return peer.nsid() < 0 ? name : absl::StrCat(name, " in nsid ", peer.nsid());
}

// "eth0: <UP> mtu 1500 …" and the lines below it, without addresses.
std::string LinkLines(const v1::Link& link) {
  std::string text = absl::StrCat(link.ifindex(), ": ", Visible(link.name()), ": <", absl::StrJoin(link.flags(), ","),
                                  "> mtu ", link.mtu());
  if (!link.qdisc().empty()) absl::StrAppend(&text, " qdisc ", link.qdisc());
  if (!link.master().empty()) absl::StrAppend(&text, " master ", Visible(link.master()));
  if (!link.oper_state().empty()) absl::StrAppend(&text, " state ", link.oper_state());
  if (HasFlag(link.flags(), "LOOPBACK")) {
    absl::StrAppend(&text, "\n    link/loopback ", link.mac());
  } else if (!link.mac().empty()) {
    absl::StrAppend(&text, "\n    link/ether ", link.mac());
  } else {
    absl::StrAppend(&text, "\n    link/none");
  }
  text += '\n';
  std::vector<std::string> more;
  if (!link.kind().empty()) more.push_back(link.kind());
  if (link.has_peer()) more.push_back(absl::StrCat("peer ", PeerText(link.peer())));
  if (link.foreign()) more.push_back("foreign");
  if (!more.empty()) absl::StrAppend(&text, "    ", absl::StrJoin(more, " "), "\n");
  if (!link.alias().empty()) absl::StrAppend(&text, "    alias ", Visible(link.alias()), "\n");
  for (const std::string& name : link.alternative_names()) absl::StrAppend(&text, "    altname ", Visible(name), "\n");
  return text;
}

// "forever", or "3600sec", as `ip` prints it and `warren addr add` takes it.
std::string Lifetime(bool has, const google::protobuf::Duration& lifetime, absl::Duration age) {
  if (!has) return "forever";
  return absl::StrCat(std::max<int64_t>(absl::ToInt64Seconds(absl::Seconds(lifetime.seconds()) - age), 0), "sec");
}

std::string AddressWords(const v1::Address& address) {
  return absl::StrCat(address.address(), address.peer().empty() ? "" : " peer ", address.peer());
}

std::string AddressLines(const v1::Link& link, const v1::Address& address, absl::Duration age) {
  const bool v6 = address.address().find(':') != std::string::npos;
  std::string text = absl::StrCat("    ", v6 ? "inet6 " : "inet ", AddressWords(address));
  if (!address.scope().empty()) absl::StrAppend(&text, " scope ", address.scope());
  for (const std::string& flag : address.flags()) {
    if (flag != "permanent") absl::StrAppend(&text, " ", flag);
  }
  absl::StrAppend(&text, " ", Visible(address.label().empty() ? link.name() : address.label()), "\n");
  absl::StrAppend(&text, "       valid_lft ", Lifetime(address.has_valid_lifetime(), address.valid_lifetime(), age),
                  " preferred_lft ", Lifetime(address.has_preferred_lifetime(), address.preferred_lifetime(), age),
                  "\n");
  return text;
}

// What `warren route add` and `del` take after the namespace; `more`: what tells it from others as well, where iproute2
// has that.
std::string RouteWords(const v1::Route& route, const std::string& more = {}) {
  std::string text = absl::StrCat(route.destination(), more);
  const auto with = [&text](const char* word, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, " ", word, " ", value);
  };
  with("via", route.via());
  with("dev", route.dev());
  with("src", route.src());
  if (route.metric() != 0) absl::StrAppend(&text, " metric ", route.metric());
  if (route.table() != 0 && route.table() != kMainTable) absl::StrAppend(&text, " table ", route.table());
  return text;
}

std::string RouteLines(const v1::Route& route, absl::Duration age) {
  std::string text;
  if (!route.type().empty() && route.type() != "unicast") absl::StrAppend(&text, route.type(), " ");
  std::string more;
  if (route.tos() != 0) absl::StrAppend(&more, " tos 0x", absl::Hex(route.tos(), absl::kZeroPad2));
  if (route.nexthop_id() != 0) absl::StrAppend(&more, " nhid ", route.nexthop_id());
  absl::StrAppend(&text, RouteWords(route, more));
  // iproute2 leaves out what goes without saying, too.
  if (!route.protocol().empty() && route.protocol() != "boot") absl::StrAppend(&text, " proto ", route.protocol());
  if (!route.scope().empty() && route.scope() != "global") absl::StrAppend(&text, " scope ", route.scope());
  if (!route.flags().empty()) absl::StrAppend(&text, " ", absl::StrJoin(route.flags(), " "));
  if (route.mtu() != 0) absl::StrAppend(&text, " mtu ", route.mtu());
  if (route.has_expires()) absl::StrAppend(&text, " expires ", Lifetime(true, route.expires(), age));
  text += '\n';
  for (const auto& hop : route.next_hops()) {
    absl::StrAppend(&text, "    nexthop", hop.via().empty() ? "" : " via ", hop.via(), hop.dev().empty() ? "" : " dev ",
                    hop.dev(), " weight ", hop.weight());
    if (!hop.flags().empty()) absl::StrAppend(&text, " ", absl::StrJoin(hop.flags(), " "));
    text += '\n';
  }
  return text;
}

}  // namespace

std::string LinksText(const Place& place, const std::vector<v1::Link>& links, Format format) {
  if (IsData(format)) return DataListText(links, format);
  std::string text;
  for (const v1::Link& link : links) {
    absl::StrAppend(&text, format == Format::kName ? LinkPlace(place, link) + "\n" : LinkLines(link));
  }
  return text;
}

std::string AddressesText(const Place& place, const std::vector<v1::Link>& links, Format format, absl::Duration age) {
  if (IsData(format)) return DataListText(links, format);
  std::string text;
  for (const v1::Link& link : links) {
    if (format != Format::kName) absl::StrAppend(&text, LinkLines(link));
    for (const v1::Address& address : link.addresses()) {
      absl::StrAppend(&text, format == Format::kName
                                 ? absl::StrCat(AddressWords(address), " dev ", LinkPlace(place, link), "\n")
                                 : AddressLines(link, address, age));
    }
  }
  return text;
}

std::string RoutesText(const Place& place, const std::vector<v1::Route>& routes, Format format, absl::Duration age) {
  if (IsData(format)) return DataListText(routes, format);
  std::string text;
  for (const v1::Route& route : routes) {
    absl::StrAppend(&text, format == Format::kName
                               ? absl::StrCat(place.host, "/", place.netns, " ", RouteWords(route), "\n")
                               : RouteLines(route, age));
  }
  return text;
}

}  // namespace warren::cli
