#include "agent/inventory/kernel_inventory.h"

#include <errno.h>

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/inventory/convert.h"
#include "agent/inventory/fingerprint.h"
#include "agent/kernel/address.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/nsid.h"
#include "agent/kernel/route.h"
#include "proto/common/names.h"

namespace warren::inventory {
namespace {

// How often one namespace is looked at again for the sake of others within one refresh: names that are being changed
// all the time are left for the next pass.
constexpr int kRounds = 3;

const std::string& Host() {
  static const std::string host(kHostNamespace);
  return host;
}

std::string ShownName(const std::string& raw) { return raw == kHostNamespace ? Host() : EscapeName(raw); }

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

End ToEnd(const kernel::Link& link, uint64_t peer_netns) {
  return {link.ifindex, ShownLinkName(link.name), link.mac, link.peer, peer_netns};
}

bool IsGone(const absl::Status& status) {
  // EINVAL, ELOOP, ENOTDIR: something else has taken the name.
  const int error = kernel::ErrnoOf(status);
  return error == ENOENT || error == EINVAL || error == ELOOP || error == ENOTDIR;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KernelInventory>> KernelInventory::Create(Options options) {
  auto boot_id = kernel::BootId();
  if (!boot_id.ok()) return boot_id.status();
  std::optional<kernel::NetnsWorker> worker;
  if (auto created = kernel::NetnsWorker::Create(); created.ok()) {
    worker.emplace(*std::move(created));
  } else if (kernel::ErrnoOf(created.status()) != ENOENT) {
    return created.status();
  }
  auto netlink = kernel::Netlink::Open();
  if (!netlink.ok()) return netlink.status();
  return std::unique_ptr<KernelInventory>(
      new KernelInventory(std::move(options), *std::move(boot_id), std::move(worker), *std::move(netlink)));
}

KernelInventory::KernelInventory(Options options, std::string boot_id, std::optional<kernel::NetnsWorker> worker,
                                 kernel::Netlink host_netlink)
    : options_(std::move(options)),
      boot_id_(std::move(boot_id)),
      dir_(options_.netns_dir),
      worker_(std::move(worker)),
      host_netlink_(std::move(host_netlink)),
      peers_(topology_, [this](const std::string& name) { return Open(name); }) {
  peers_.SetHost(worker_ ? &worker_->host() : nullptr, host_netlink_.cookie());
}

absl::StatusOr<kernel::Netns> KernelInventory::Open(const std::string& name) const {
  if (name == Host()) return absl::InvalidArgumentError("the host's own namespace is open already");
  auto raw = UnescapeName(name);
  if (!raw.ok()) return raw.status();
  return dir_.Open(*raw);
}

std::vector<v1::InventoryUpdate> KernelInventory::Refresh(const std::set<std::string>& names) {
  if (!topology_.Knows(Host())) IndexHost();
  std::set<std::string> shown;
  for (const std::string& raw : names) shown.insert(ShownName(raw));
  // Others first, so that the host's view of them is told once.
  for (const std::string& name : shown) {
    if (name != Host()) Look(name);
  }
  if (shown.contains(Host())) Look(Host());
  LookAtDirty();
  return builder_.Take();
}

void KernelInventory::BeginPass(bool whole) {
  if (whole) {
    told_.clear();
    links_ = routes_ = 0;
  }
  if (!topology_.Knows(Host())) IndexHost();
  pass_.emplace();
  pass_->whole = whole;
  if (!worker_) return;
  auto names = dir_.List();
  if (!names.ok()) {
    // There is no directory before the first namespace is made.
    if (!IsGone(names.status())) {
      options_.logger.Warn("namespaces cannot be listed", {{"error", std::string(names.status().message())}});
    }
    return;
  }
  for (const std::string& raw : *names) {
    std::string name = EscapeName(raw);
    pass_->todo.push_back(name);
    pass_->seen.insert(std::move(name));
  }
}

std::optional<std::string> KernelInventory::Next() {
  if (pass_->todo.empty() && !pass_->listed) {
    pass_->listed = true;
    for (std::string& name : topology_.Names()) {
      if (name != Host() && !pass_->seen.contains(name)) pass_->todo.push_back(std::move(name));
    }
    pass_->todo.push_back(Host());
  }
  if (pass_->todo.empty()) return std::nullopt;
  std::string name = std::move(pass_->todo.front());
  pass_->todo.pop_front();
  return name;
}

Inventory::Slice KernelInventory::Continue(const std::function<bool()>& interrupted) {
  Slice slice;
  if (!pass_) {
    slice.done = true;
    return slice;
  }
  while (!builder_.full() && !interrupted()) {
    if (const auto name = Next()) {
      Look(*name);
      continue;
    }
    LookAtDirty();
    slice.done = true;
    break;
  }
  slice.updates = builder_.Take();
  if (pass_->whole) {
    if (slice.updates.empty() && slice.done) slice.updates.emplace_back();
    if (!slice.updates.empty()) {
      if (!pass_->begun) slice.updates.front().set_full_begin(true);
      pass_->begun = true;
      if (slice.done) slice.updates.back().set_full_end(true);
    }
  }
  if (slice.done) pass_.reset();
  return slice;
}

Counts KernelInventory::counts() const {
  return {topology_.size() - (topology_.Knows(Host()) ? 1 : 0), links_, routes_};
}

void KernelInventory::Count(const Told& told, bool there) {
  links_ = there ? links_ + told.links : links_ - told.links;
  routes_ = there ? routes_ + told.routes : routes_ - told.routes;
}

absl::StatusOr<int> KernelInventory::NsidOf(const kernel::Netns& netns, uint64_t cookie) {
  if (const auto known = nsids_.find(cookie); known != nsids_.end()) return known->second;
  const auto nsid = kernel::GetNsid(host_netlink_, netns);
  if (nsid.ok() && *nsid >= 0) {
    nsids_[cookie] = *nsid;
    peers_.Learn(host_netlink_.cookie(), *nsid, cookie);
  }
  return nsid;
}

void KernelInventory::LookAtDirty() {
  for (int round = 0; round < kRounds && !dirty_.empty(); ++round) {
    for (const std::string& name : std::exchange(dirty_, {})) Look(name);
  }
  dirty_.clear();
}

void KernelInventory::IndexHost() {
  const auto links = kernel::ListLinks(host_netlink_);
  if (!links.ok()) return;  // Look will say why
  std::vector<End> ends;
  for (const kernel::Link& link : *links) ends.push_back(ToEnd(link, 0));
  topology_.Put(Host(), host_netlink_.cookie(), std::move(ends));
}

void KernelInventory::Look(const std::string& name) {
  dirty_.erase(name);
  absl::Status status;
  if (name == Host()) {
    status = LookInto(name, host_netlink_, worker_ ? &worker_->host() : nullptr);
  } else if (!worker_) {
    return Vanished(name);
  } else {
    const auto netns = Open(name);
    if (!netns.ok() && IsGone(netns.status())) return Vanished(name);
    status = netns.status();
    if (status.ok()) {
      auto netlink = worker_->OpenNetlink(*netns);
      status = netlink.ok() ? LookInto(name, *netlink, &*netns) : netlink.status();
    }
  }
  // What was told of it before stays: it is there, only not to be seen at the moment.
  if (!status.ok()) {
    options_.logger.Warn("a namespace cannot be looked into",
                         {{"namespace", name}, {"error", std::string(status.message())}});
  }
}

void KernelInventory::Vanished(const std::string& name) {
  const uint64_t cookie = topology_.CookieOf(name);
  dirty_.merge(topology_.Remove(name));
  dirty_.erase(name);
  if (topology_.NameOf(cookie).empty()) {
    peers_.Forget(cookie);
    nsids_.erase(cookie);
  }
  const auto told = told_.find(name);
  if (told == told_.end()) return;
  Count(told->second, false);
  told_.erase(told);
  builder_.Remove(name);
}

absl::Status KernelInventory::LookInto(const std::string& name, kernel::Netlink& netlink, const kernel::Netns* netns) {
  Contents contents;
  if (auto links = kernel::ListLinks(netlink); links.ok()) {
    contents.links = *std::move(links);
  } else {
    return links.status();
  }
  if (auto addresses = kernel::ListAddresses(netlink, 0); addresses.ok()) {
    contents.addresses = *std::move(addresses);
  } else {
    return addresses.status();
  }
  if (auto routes = kernel::ListRoutes(netlink); routes.ok()) {
    contents.routes = *std::move(routes);
  } else {
    return routes.status();
  }

  const uint64_t cookie = netlink.cookie();
  v1::Namespace out;
  out.set_name(NamespaceName(options_.host, name));
  v1::NamespaceIdentity* identity = out.mutable_identity();
  identity->set_boot_id(boot_id_);
  identity->set_cookie(cookie);
  identity->set_inode(netns != nullptr ? netns->inode : 0);
  out.set_nsid(-1);
  if (netns != nullptr) {
    const auto nsid = NsidOf(*netns, cookie);
    if (!nsid.ok()) return nsid.status();
    out.set_nsid(*nsid);
  }
  if (name != Host()) {
    auto raw = UnescapeName(name);
    if (!raw.ok()) return raw.status();
    out.set_raw_name(*std::move(raw));
    out.set_foreign(!options_.ownership.owns_netns(cookie));
  }
  SetTime(absl::Now(), out.mutable_observe_time());

  std::vector<End> ends;
  absl::flat_hash_map<int, std::string> names;
  for (const kernel::Link& link : contents.links) names.emplace(link.ifindex, ShownLinkName(link.name));
  absl::flat_hash_map<int, uint64_t> peer_netns;
  const auto peer_of = [&](const kernel::Link& link) {
    v1::LinkPeer peer;
    peer.set_ifindex(link.peer);
    peer.set_nsid(link.peer_nsid);
    if (link.peer_nsid < 0) {
      const auto found = names.find(link.peer);
      if (found != names.end()) peer.set_name(found->second);
      return peer;
    }
    Peers::Found found = peers_.Find(netlink, link);
    peer_netns[link.ifindex] = found.cookie;
    peer.set_namespace_(topology_.NameOf(found.cookie));
    peer.set_name(std::move(found.name));
    return peer;
  };
  Fill(
      contents, peer_of,
      [&](const kernel::Link& link) {
        return !IsKernelsOwn(link) && !options_.ownership.owns_link(cookie, link.ifindex);
      },
      &out);
  for (const kernel::Link& link : contents.links) {
    const auto found = peer_netns.find(link.ifindex);
    ends.push_back(ToEnd(link, found == peer_netns.end() ? 0 : found->second));
  }
  dirty_.merge(topology_.Put(name, cookie, std::move(ends)));
  dirty_.erase(name);

  const Told now = {Fingerprint(&out, contents.addresses), static_cast<uint32_t>(out.links_size()),
                    static_cast<uint32_t>(out.routes_size())};
  const auto [told, added] = told_.emplace(name, now);
  if (!added) Count(told->second, false);
  Count(now, true);
  if (added || told->second.fingerprint != now.fingerprint) builder_.Add(name, std::move(out));
  told->second = now;
  return absl::OkStatus();
}

}  // namespace warren::inventory
