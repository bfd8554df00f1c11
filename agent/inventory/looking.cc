// How KernelInventory looks into one namespace.

#include <errno.h>
#include <linux/if.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/inventory/expiry.h"
#include "agent/inventory/fingerprint.h"
#include "agent/inventory/kernel_inventory.h"
#include "agent/kernel/address.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/route.h"
#include "proto/common/names.h"

namespace warren::inventory {
namespace {

// Of one kept in parts everything is looked at once this share of its links would be.
constexpr size_t kFraction = 4;
constexpr size_t kRoutesALink = 4;

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

End ToEnd(const kernel::Link& link, uint64_t peer_netns) {
  return {link.ifindex, EscapeLinkName(link.name), link.mac, link.peer, peer_netns};
}

}  // namespace

void KernelInventory::IndexHost() {
  const auto links = kernel::ListLinks(host_netlink_);
  if (!links.ok()) return;  // Look will say why
  std::vector<End> ends;
  for (const kernel::Link& link : *links) ends.push_back(ToEnd(link, 0));
  topology_.Put(Host(), host_netlink_.cookie(), std::move(ends));
}

void KernelInventory::IndexNewOfHost() {
  const std::string& host = Host();
  const auto stale = stale_.find(host);
  if (stale == stale_.end()) return;
  std::vector<End> ends;
  for (const auto& [ifindex, body] : stale->second.seen) {
    if (topology_.Find(host_netlink_.cookie(), ifindex) == nullptr) {
      ends.push_back(ToEnd(kernel::LinkFromBody(body), 0));
    }
  }
  if (!ends.empty()) Concern(topology_.Update(host, std::move(ends), {}));
}

absl::StatusOr<v1::Namespace> KernelInventory::Head(const std::string& name, uint64_t cookie,
                                                    const kernel::Netns* netns) {
  v1::Namespace head;
  head.set_name(NamespaceName(options_.host, name));
  v1::NamespaceIdentity* identity = head.mutable_identity();
  identity->set_boot_id(boot_id_);
  identity->set_cookie(cookie);
  identity->set_inode(netns != nullptr ? netns->inode : 0);
  head.set_nsid(-1);
  if (netns != nullptr) {
    const auto nsid = NsidOf(*netns, cookie);
    if (!nsid.ok()) return nsid.status();
    head.set_nsid(*nsid);
  }
  if (name != Host()) {
    auto raw = UnescapeName(name);
    if (!raw.ok()) return raw.status();
    head.set_foreign(!options_.ownership.owns_netns(cookie, *raw));
    head.set_raw_name(*std::move(raw));
  }
  SetTime(absl::Now(), head.mutable_observe_time());
  return head;
}

v1::LinkPeer KernelInventory::PeerOf(kernel::Netlink& netlink, const kernel::Link& link, const NameOf& name_of,
                                     std::optional<kernel::Link> far, uint64_t* peer_netns) {
  v1::LinkPeer peer;
  peer.set_ifindex(link.peer);
  peer.set_nsid(link.peer_nsid);
  if (link.peer_nsid < 0) {
    peer.set_name(name_of(link.peer));
    return peer;
  }
  Peers::Found found = peers_.Find(netlink, link, std::move(far));
  *peer_netns = found.cookie;
  peer.set_namespace_(topology_.NameOf(found.cookie));
  peer.set_name(std::move(found.name));
  return peer;
}

bool KernelInventory::IsForeign(uint64_t cookie, const kernel::Link& link) const {
  if (!options_.ownership.is_own) return !IsKernelsOwn(link) && !options_.ownership.owns_link(cookie, link.ifindex);
  const auto nsid = nsids_.find(cookie);
  // Asked of every link, lo too: it learns what the host calls the namespace.
  const bool own = options_.ownership.is_own(cookie, nsid != nsids_.end() ? nsid->second : -1, link);
  return !own && !IsKernelsOwn(link);
}

void KernelInventory::TellUnusable(const std::string& name, const std::string& raw, const std::string& reason) {
  Forget(name);
  stale_.erase(name);
  unusable_.insert(name);
  v1::Namespace out;
  out.set_name(NamespaceName(options_.host, name));
  out.set_raw_name(raw);
  out.set_foreign(true);
  out.set_nsid(-1);
  out.set_unusable_reason(reason);
  SetTime(absl::Now(), out.mutable_observe_time());
  const auto [place, added] = told_.try_emplace(name);
  Told& told = place->second;
  if (!added) Count(told, false);
  told.links = told.routes = 0;
  told.parts.reset();
  const uint64_t fingerprint = Fingerprint(&out, {});
  const bool differs = std::exchange(told.fingerprint, fingerprint) != fingerprint;
  if (added || differs) builder_.Add(name, std::move(out));
}

absl::Status KernelInventory::LookInto(const std::string& name, kernel::Netlink& netlink, const kernel::Netns* netns,
                                       Stale stale, absl::StatusOr<Contents>* contents) {
  // The id first: from then on it is heard.
  auto head = Head(name, netlink.cookie(), netns);
  if (!head.ok()) return head.status();
  if (!head->foreign()) {
    others_.Owned(netlink.cookie());
  } else if (others_.Found(netlink.cookie())) {
    choose_again_ = true;
  }
  const auto told = told_.find(name);
  if (told != told_.end() && told->second.parts != nullptr && monitor_ && !stale.all &&
      topology_.CookieOf(name) == netlink.cookie()) {
    // What has gone need not be asked for, which would wait for the kernel to free it.
    for (const int ifindex : stale.links) {
      if (ifindex > 0 && !kernel::HasLink(netlink.fd(), ifindex) && stale.gone.insert(ifindex).second) {
        stale.downed.insert(ifindex);
      }
    }
    const size_t there = stale.links.size() - stale.gone.size();
    if (there * kFraction <= told->second.parts->links() + options_.many_links) {
      return LookAtParts(name, netlink, *std::move(head), stale, told->second);
    }
  }
  if (contents == nullptr) return ReadAllAndLook(name, netlink, *std::move(head));
  return LookAtAll(name, netlink, *std::move(head), std::move(*contents));
}

absl::Status KernelInventory::ReadAllAndLook(const std::string& name, kernel::Netlink& netlink, v1::Namespace head) {
  if (within_meanwhile_) {
    // Not now, when another look waits: it is among the first after that.
    stale_[name].all = true;
    NoteOthers(name, Clock::now());
    return absl::OkStatus();
  }
  if (ReadsAside()) {
    ReadAhead({name});
    const auto read = ahead_.extract(name);
    if (read && read.mapped().netlink.ok() && read.mapped().netlink->cookie() == netlink.cookie()) {
      return LookAtAll(name, netlink, std::move(head), std::move(read.mapped().contents));
    }
  }
  return LookAtAll(name, netlink, std::move(head), ReadContents(netlink));
}

absl::Status KernelInventory::LookAtAll(const std::string& name, kernel::Netlink& netlink, v1::Namespace head,
                                        absl::StatusOr<Contents> read) {
  if (!read.ok()) return read.status();
  Contents& contents = *read;

  const uint64_t cookie = netlink.cookie();
  v1::Namespace out = head;
  absl::flat_hash_map<int, std::string> names;
  for (const kernel::Link& link : contents.links) names.emplace(link.ifindex, EscapeLinkName(link.name));
  const auto name_of = [&](int ifindex) {
    const auto found = names.find(ifindex);
    return found == names.end() ? std::string() : found->second;
  };
  std::vector<End> ends;
  absl::flat_hash_map<int, uint64_t> peer_netns;
  Fill(
      contents, [&](const kernel::Link& link) { return PeerOf(netlink, link, name_of, {}, &peer_netns[link.ifindex]); },
      [&](const kernel::Link& link) { return IsForeign(cookie, link); }, &out);
  for (const kernel::Link& link : contents.links) {
    ends.push_back(ToEnd(link, peer_netns[link.ifindex]));
    if (refreshing_ && ends.back().peer_netns == host_netlink_.cookie()) {
      shown_of_host_[link.peer] = {cookie, link.ifindex};
    }
  }
  Concern(topology_.Put(name, cookie, std::move(ends)));
  unusable_.erase(name);
  stale_.erase(name);
  concerned_.erase(name);

  const auto [place, added] = told_.try_emplace(name);
  Told& told = place->second;
  told.inode = head.identity().inode();
  told.looked = Clock::now();
  if (!added) Count(told, false);
  told.links = static_cast<uint32_t>(out.links_size());
  told.routes = static_cast<uint32_t>(out.routes_size());
  Count(told, true);
  const size_t limit = name == Host() ? options_.many_links_of_host : options_.many_links;
  // Of one that is chosen, events tell the links whole: they need not be asked for.
  const bool chosen = chosen_ && chosen_->Has(cookie);
  const bool many = contents.links.size() > limit || contents.routes.size() > limit * kRoutesALink || chosen;
  if (!many || !monitor_) {
    told.parts.reset();
    std::vector<absl::Time> expiries;
    const absl::Time now = absl::Now();
    for (const kernel::Route& route : contents.routes) {
      if (route.expires) expiries.push_back(ExpiryOf(route, now));
    }
    const uint64_t fingerprint = Fingerprint(&out, contents.addresses);
    const bool differs = std::exchange(told.fingerprint, fingerprint) != fingerprint;
    if (added || differs) ++told_count_;
    if (added || differs || !SameExpiries(told.expiries, expiries)) {
      told.expiries = std::move(expiries);
      builder_.Add(name, std::move(out));
    }
    return absl::OkStatus();
  }

  const bool anew = added || told.parts == nullptr;
  if (anew) told.parts = std::make_unique<ToldParts>();
  told.fingerprint = 0;
  ToldParts& parts = *told.parts;
  v1::NamespaceChange change;
  parts.SetHead(std::move(head), &change);
  for (const int ifindex : parts.LinkIndexes()) {
    if (!names.contains(ifindex)) parts.RemoveLink(ifindex, &change);
  }
  if (chosen) std::for_each(contents.links.begin(), contents.links.end(), [&](const auto& link) { parts.Keep(link); });
  std::map<int, std::vector<kernel::Address>> addresses;
  for (kernel::Address& address : contents.addresses) addresses[address.ifindex].push_back(std::move(address));
  for (const v1::Link& link : out.links()) parts.PutLink(link, addresses[link.ifindex()], &change);
  std::vector<ToldParts::ShownRoute> routes;
  for (size_t i = 0; i < contents.routes.size(); ++i) {
    routes.emplace_back(std::move(contents.routes[i]), out.routes(static_cast<int>(i)));
  }
  parts.SetRoutes(std::move(routes), &change);
  change.mutable_namespace_()->set_link_count(out.link_count());
  change.mutable_namespace_()->set_route_count(out.route_count());
  told_count_ += parts.TakeNews();
  if (!anew && !parts.Differs(change)) return absl::OkStatus();
  if (anew) {
    builder_.Add(name, std::move(out));
  } else {
    builder_.Change(name, std::move(change));
  }
  return absl::OkStatus();
}

// What was told need not be asked for: that takes the kernel a walk through all ids the host has, and its lock.
std::optional<kernel::Link> KernelInventory::AsTold(uint64_t cookie, kernel::Link link) const {
  if (link.kind != "veth" || link.peer != 0) return link;
  // It was told before it had its other end, which may have been looked at since, and shows it.
  const auto other = shown_of_host_.find(link.ifindex);
  if (cookie != host_netlink_.cookie() || other == shown_of_host_.end()) return std::nullopt;
  const auto nsid = nsids_.find(other->second.first);
  if (nsid == nsids_.end()) return std::nullopt;
  link.peer = other->second.second;
  link.peer_nsid = nsid->second;
  return link;
}

absl::Status KernelInventory::LookAtParts(const std::string& name, kernel::Netlink& netlink, v1::Namespace head,
                                          const Stale& stale, Told& told) {
  const uint64_t cookie = netlink.cookie();
  ToldParts& parts = *told.parts;
  Known known = KnownLinks(cookie, stale, parts);
  std::map<int, Reader::OneLink> read = ReadLinks(name, cookie, known.asked, known.far);
  std::erase_if(parts.foreign(), [&](int ifindex) { return options_.ownership.owns_link(cookie, ifindex); });
  for (const int ifindex : known.later) {
    Stale& later = stale_[name];
    later.links.insert(ifindex);
    later.seen.emplace(ifindex, stale.seen.at(ifindex));
  }
  std::vector<int>& gone = known.gone;
  for (const int ifindex : known.asked) {
    const auto aside = read.find(ifindex);
    auto link = aside != read.end() ? std::move(aside->second.link) : kernel::GetLink(netlink, ifindex);
    if (link.ok()) {
      known.links.emplace(ifindex, *std::move(link));
    } else if (kernel::ErrnoOf(link.status()) == ENODEV) {
      gone.push_back(ifindex);
    } else {
      return link.status();
    }
  }
  const bool chosen = chosen_ && chosen_->Has(cookie);
  std::vector<kernel::Link> links;
  for (auto& [ifindex, link] : known.links) {
    const End* before = topology_.Find(cookie, ifindex);
    // Others show the name.
    if (before != nullptr && before->name != EscapeLinkName(link.name)) {
      return ReadAllAndLook(name, netlink, std::move(head));
    }
    if (chosen) parts.Keep(link);
    links.push_back(std::move(link));
  }
  // Names and ends first, since what is shown below refers to them.
  std::vector<End> ends;
  for (const kernel::Link& link : links) {
    const End* before = topology_.Find(cookie, link.ifindex);
    ends.push_back(ToEnd(link, before != nullptr && before->peer == link.peer ? before->peer_netns : 0));
  }
  Concern(topology_.Update(name, std::move(ends), gone));

  v1::NamespaceChange change;
  parts.SetHead(std::move(head), &change);
  for (const int ifindex : gone) parts.RemoveLink(ifindex, &change);
  const auto name_of = [&](int ifindex) {
    const End* end = topology_.Find(cookie, ifindex);
    return end == nullptr ? std::string() : end->name;
  };
  const auto shown_name_of = [&](int ifindex) {
    if (ifindex == 0) return std::string();
    const End* end = topology_.Find(cookie, ifindex);
    return end == nullptr ? absl::StrCat("if", ifindex) : end->name;
  };
  ends.clear();
  for (const kernel::Link& link : links) {
    const auto aside = read.find(link.ifindex);
    const bool asked = aside != read.end();
    auto addresses = asked ? std::move(aside->second.addresses) : kernel::ListAddresses(netlink, link.ifindex);
    if (!addresses.ok() && kernel::ErrnoOf(addresses.status()) != ENODEV) {
      return addresses.status();
    }
    if (!addresses.ok()) addresses = std::vector<kernel::Address>();  // gone meanwhile, which is heard next
    v1::Link shown;
    FillLink(link, *addresses, shown_name_of, &shown);
    uint64_t peer_netns = 0;
    if (link.peer != 0) {
      auto far = asked ? std::move(aside->second.far) : std::nullopt;
      *shown.mutable_peer() = PeerOf(netlink, link, name_of, std::move(far), &peer_netns);
    }
    shown.set_foreign(IsForeign(cookie, link));
    ends.push_back(ToEnd(link, peer_netns));
    if (refreshing_ && peer_netns == host_netlink_.cookie()) shown_of_host_[link.peer] = {cookie, link.ifindex};
    parts.PutLink(std::move(shown), *addresses, &change);
  }
  Concern(topology_.Update(name, std::move(ends), {}));
  if (auto status = LookAtRoutes(name, netlink, stale, links, parts, &change); !status.ok()) return status;

  told.looked = Clock::now();
  Count(told, false);
  told.links = static_cast<uint32_t>(parts.links());
  told.routes = static_cast<uint32_t>(parts.routes());
  Count(told, true);
  change.mutable_namespace_()->set_link_count(static_cast<int32_t>(parts.links()));
  change.mutable_namespace_()->set_route_count(static_cast<int32_t>(parts.routes()));
  told_count_ += parts.TakeNews();
  if (parts.Differs(change)) builder_.Change(name, std::move(change));
  return absl::OkStatus();
}

absl::Status KernelInventory::LookAtRoutes(const std::string& name, kernel::Netlink& netlink, const Stale& stale,
                                           const std::vector<kernel::Link>& links, ToldParts& parts,
                                           v1::NamespaceChange* change) {
  const uint64_t cookie = topology_.CookieOf(name);
  const NameOf name_of = [&](int ifindex) {
    if (ifindex == 0) return std::string();
    const End* end = topology_.Find(cookie, ifindex);
    return end == nullptr ? absl::StrCat("if", ifindex) : end->name;
  };
  const auto show = [&](std::vector<kernel::Route> routes) {
    std::vector<ToldParts::ShownRoute> shown;
    for (kernel::Route& route : routes) {
      v1::Route out;
      FillRoute(route, name_of, &out);
      shown.emplace_back(std::move(route), std::move(out));
    }
    return shown;
  };

  bool all = stale.all_routes;
  for (const kernel::Event& event : stale.routes) {
    kernel::Route route = kernel::RouteFromBody(event.route);
    if (event.replaced || !route.next_hops.empty()) {
      all = true;
    } else if (!event.deleted) {
      if (route.ifindex == 0 || parts.HasLink(route.ifindex)) parts.PutRoute(std::move(show({route}).front()), change);
    } else if (!parts.RemoveRoute(route, change)) {
      // Not by a link that is gone: what went with that needs no telling.
      all |= route.ifindex == 0 || parts.HasLink(route.ifindex);
    }
  }
  std::set<int> doubted;
  for (const int ifindex : stale.downed) {
    all |= parts.HasMultipath();
    if (!parts.HasLink(ifindex)) {
      parts.SetRoutesBy(ifindex, {}, change);
    } else if (parts.HasRoutesBy(ifindex)) {
      doubted.insert(ifindex);
    }
  }
  for (const auto& [ifindex, source] : stale.sources) all |= parts.HasSource(source, ifindex);
  for (const kernel::Link& link : links) {
    if (parts.DisagreesAbout(link)) doubted.insert(link.ifindex);
  }
  // One listing of all costs as much as some dozens of the kernel's walks for one.
  if (all || doubted.size() > 32) {
    auto routes = kernel::ListRoutes(netlink);
    if (!routes.ok()) return routes.status();
    parts.SetRoutes(show(*std::move(routes)), change);
    return absl::OkStatus();
  }
  for (const int ifindex : doubted) {
    kernel::RouteFilter filter;
    filter.ifindex = ifindex;
    auto routes = kernel::ListRoutes(netlink, filter);
    if (!routes.ok()) return routes.status();
    parts.SetRoutesBy(ifindex, show(*std::move(routes)), change);
  }
  return absl::OkStatus();
}

}  // namespace warren::inventory
