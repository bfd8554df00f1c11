#include "agent/executor/places.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/executor/refuse.h"
#include "agent/kernel/error.h"
#include "agent/kernel/netns_name.h"
#include "proto/common/names.h"

namespace warren::executor {

bool Place::is_host() const { return name == kRawHost; }

NetnsRef Place::Ref() const {
  NetnsRef ref;
  ref.set_name(name);
  ref.set_cookie(cookie());
  return ref;
}

std::string Place::Shown(const std::string& link) const {
  return absl::StrCat(ShowNamespace(name), ":", EscapeLinkName(link));
}

// How many names are tried, told apart by "-1" to "-9".
constexpr int kOtherNames = 10;
constexpr size_t kLongestTail = 2;

std::string MarkerOf(uint64_t cookie) { return absl::StrCat("warren ", cookie); }

std::string OtherNameOf(const std::string& name, uint64_t cookie) {
  constexpr size_t kLongest = 255;  // NAME_MAX
  const std::string tail = absl::StrCat(".warren-", absl::Hex(cookie, absl::kZeroPad4));
  std::string head = name.substr(0, std::min(name.size(), kLongest - tail.size() - kLongestTail));
  // Not within a character.
  while (head.size() < name.size() && !head.empty() && (name[head.size()] & 0xc0) == 0x80) head.pop_back();
  return head + tail;
}

bool IsNameOf(const std::string& name, const std::string& made_as, uint64_t cookie) {
  return made_as.empty() || name == made_as || absl::StartsWith(name, OtherNameOf(made_as, cookie));
}

absl::StatusOr<std::string> BindUnderAnotherName(const kernel::NetnsDir& dir, const kernel::Netns& netns,
                                                 const std::string& name, uint64_t cookie) {
  const std::string other = OtherNameOf(name, cookie);
  absl::Status status;
  for (int attempt = 0; attempt < kOtherNames; ++attempt) {
    const std::string candidate = attempt == 0 ? other : absl::StrCat(other, "-", attempt);
    // Before a crash it may have got it already.
    if (auto named = dir.Open(candidate); named.ok() && named->inode == netns.inode) return candidate;
    status = dir.Bind(netns, candidate, MarkerOf(cookie));
    if (status.ok()) return candidate;
    if (kernel::ErrnoOf(status) != EEXIST) break;
  }
  return status;
}

absl::StatusOr<Place*> Places::Adopt(const std::string& name, kernel::Netns netns) {
  auto netlink = worker_.OpenNetlink(netns);
  if (!netlink.ok()) return netlink.status();
  return Adopt(name, std::move(netns), *std::move(netlink));
}

Place* Places::Adopt(const std::string& name, kernel::Netns netns, kernel::Netlink netlink) {
  auto place = std::make_unique<Place>(Place{name, std::move(netns), std::move(netlink), &worker_});
  return (open_[name] = std::move(place)).get();
}

absl::StatusOr<Place*> Places::Open(const std::string& shown) {
  const auto raw = RawNamespace(shown);
  if (!raw.ok()) return raw.status();
  return OpenRaw(*raw);
}

absl::StatusOr<Place*> Places::OpenRaw(const std::string& name) {
  if (const auto found = open_.find(name); found != open_.end()) return found->second.get();
  if (name == kRawHost) {
    kernel::Netns host{UniqueFd(fcntl(worker_.host().fd.get(), F_DUPFD_CLOEXEC, 0)), worker_.host().inode};
    if (!host.fd.valid()) return kernel::ErrnoError(errno, "opening the host's namespace");
    return Adopt(name, std::move(host));
  }
  auto found = FindRaw(name);
  if (!found.ok()) return found.status();
  return Adopt(name, std::move(found->netns));
}

absl::StatusOr<Places::Named> Places::Find(const std::string& shown) {
  const auto raw = RawNamespace(shown);
  if (!raw.ok()) return raw.status();
  return FindRaw(*raw);
}

absl::StatusOr<Places::Named> Places::FindRaw(const std::string& name) {
  auto netns = dir_.Open(name);
  if (!netns.ok()) {
    const kernel::NoNetns there = kernel::LookAtName(dir_, name);
    return there.what.empty() ? netns.status() : there.ToStatus(EscapeName(name));
  }
  if (netns->inode == worker_.host().inode) {
    return absl::FailedPreconditionError(
        absl::StrCat("the name ", EscapeName(name),
                     " is bound to the host's own namespace; say @host to work there; `ip netns "
                     "delete` on the host frees the name, and leaves the namespace"));
  }
  return Named{name, *std::move(netns)};
}

absl::StatusOr<Place*> Places::Host() { return OpenRaw(std::string(kRawHost)); }

absl::StatusOr<Place*> Places::Open(const NetnsRef& ref) {
  auto place = OpenRaw(ref.name());
  if (place.ok() && (*place)->cookie() == ref.cookie()) return place;
  // Undo may have had to name it otherwise.
  auto other = OpenRaw(OtherNameOf(ref.name(), ref.cookie()));
  if (other.ok() && (*other)->cookie() == ref.cookie()) return other;
  if (!place.ok()) return place;
  return absl::NotFoundError(absl::StrCat("namespace ", ShowNamespace(ref.name()), " is another one by now (ESTALE)"));
}

std::vector<Place*> Places::AllOpen() {
  std::vector<Place*> all;
  for (const auto& [name, place] : open_) all.push_back(place.get());
  return all;
}

}  // namespace warren::executor
