// Journal: what is Warren's own, and what is noted of links.

#include "agent/journal/journal.h"

namespace warren::journal {

absl::Status Journal::Write(const Ownership& ownership) {
  auto lost_netns = Prepared("DELETE FROM netns WHERE cookie = ?");
  if (!lost_netns.ok()) return lost_netns.status();
  for (const uint64_t cookie : ownership.lost_netns) {
    if (auto s = (*lost_netns)->Bind(1, static_cast<int64_t>(cookie)).Run(); !s.ok()) return s;
  }
  auto netns = Prepared("INSERT OR IGNORE INTO netns VALUES (?, ?)");
  if (!netns.ok()) return netns.status();
  for (const auto& [cookie, name] : ownership.made_netns) {
    if (auto s = (*netns)->Bind(1, static_cast<int64_t>(cookie)).Bind(2, name).Run(); !s.ok()) return s;
  }
  if (!ownership.lost_links.empty()) {
    auto lost = Prepared("DELETE FROM link WHERE cookie = ? AND ifindex = ?");
    if (!lost.ok()) return lost.status();
    for (const auto& [cookie, ifindex] : ownership.lost_links) {
      if (auto s = (*lost)->Bind(1, static_cast<int64_t>(cookie)).Bind(2, int64_t{ifindex}).Run(); !s.ok()) return s;
    }
  }
  if (auto s = ForgetNotes(ownership); !s.ok()) return s;
  if (ownership.made_links.empty()) return absl::OkStatus();
  auto link = Prepared("INSERT OR REPLACE INTO link VALUES (?, ?, ?)");
  if (!link.ok()) return link.status();
  for (const auto& [id, mark] : ownership.made_links) {
    (*link)->Bind(1, static_cast<int64_t>(id.first)).Bind(2, int64_t{id.second}).Bind(3, mark);
    if (auto s = (*link)->Run(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Journal::ForgetNotes(const Ownership& lost) {
  if (!has_notes_) return absl::OkStatus();
  auto of_netns = Prepared("DELETE FROM note WHERE cookie = ?");
  if (!of_netns.ok()) return of_netns.status();
  for (const uint64_t cookie : lost.lost_netns) {
    if (auto s = (*of_netns)->Bind(1, static_cast<int64_t>(cookie)).Run(); !s.ok()) return s;
  }
  auto of_link = Prepared("DELETE FROM note WHERE cookie = ? AND ifindex = ?");
  if (!of_link.ok()) return of_link.status();
  for (const auto& [cookie, ifindex] : lost.lost_links) {
    if (auto s = (*of_link)->Bind(1, static_cast<int64_t>(cookie)).Bind(2, int64_t{ifindex}).Run(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Journal::Note(const LinkId& link, std::string_view body) {
  MutexLock lock(&mutex_);
  // With what was lost before: it may be of another link that had the index.
  auto status = InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    auto statement = Prepared("INSERT OR REPLACE INTO note VALUES (?, ?, ?)");
    if (!statement.ok()) return statement.status();
    (*statement)->Bind(1, static_cast<int64_t>(link.first)).Bind(2, int64_t{link.second}).Bind(3, body);
    return (*statement)->Run();
  });
  if (!status.ok()) return status;
  noted_links_.insert(link);
  has_notes_ = true;
  return status;
}

absl::StatusOr<std::optional<std::string>> Journal::Noted(const LinkId& link) {
  MutexLock lock(&mutex_);
  if (!noted_links_.contains(link)) return std::optional<std::string>();
  auto statement = Prepared("SELECT body FROM note WHERE cookie = ? AND ifindex = ?");
  if (!statement.ok()) return statement.status();
  auto row = (*statement)->Bind(1, static_cast<int64_t>(link.first)).Bind(2, int64_t{link.second}).Step();
  if (!row.ok()) return row.status();
  std::optional<std::string> body;
  if (*row) body.emplace((*statement)->Blob(0));
  (*statement)->Reset();
  return body;
}

std::set<LinkId> Journal::NotedLinks() const {
  MutexLock lock(&mutex_);
  return noted_links_;
}

void Journal::Remember(const Ownership& ownership) {
  for (const uint64_t cookie : ownership.lost_netns) owned_netns_.erase(cookie);
  for (const LinkId& link : ownership.lost_links) {
    owned_links_.erase(link);
    noted_links_.erase(link);
  }
  for (const uint64_t cookie : ownership.lost_netns) {
    std::erase_if(noted_links_, [&](const LinkId& link) { return link.first == cookie; });
  }
  owned_netns_.insert(ownership.made_netns.begin(), ownership.made_netns.end());
  for (const auto& [id, mark] : ownership.made_links) owned_links_[id] = mark;
}

bool Journal::OwnsNetns(uint64_t cookie) const {
  MutexLock lock(&mutex_);
  return owned_netns_.contains(cookie);
}

bool Journal::OwnsLink(const LinkId& link) const {
  MutexLock lock(&mutex_);
  return owned_links_.contains(link);
}

std::optional<std::string> Journal::NameOf(uint64_t cookie) const {
  MutexLock lock(&mutex_);
  const auto at = owned_netns_.find(cookie);
  return at != owned_netns_.end() ? std::optional(at->second) : std::nullopt;
}

std::set<uint64_t> Journal::OwnedNetns() const {
  MutexLock lock(&mutex_);
  std::set<uint64_t> cookies;
  for (const auto& [cookie, name] : owned_netns_) cookies.insert(cookie);
  return cookies;
}

std::optional<std::string> Journal::MarkOf(const LinkId& link) const {
  MutexLock lock(&mutex_);
  const auto at = owned_links_.find(link);
  return at != owned_links_.end() ? std::optional(at->second) : std::nullopt;
}

std::map<LinkId, std::string> Journal::OwnedLinks() const {
  MutexLock lock(&mutex_);
  return owned_links_;
}

std::set<LinkId> Journal::OwnedLinksOf(uint64_t cookie) const {
  MutexLock lock(&mutex_);
  return LinksOf(cookie);
}

std::set<LinkId> Journal::LinksOf(uint64_t cookie) const {
  std::set<LinkId> links;
  const auto end = owned_links_.end();
  for (auto at = owned_links_.lower_bound({cookie, 0}); at != end && at->first.first == cookie; ++at)
    links.insert(at->first);
  return links;
}

bool Journal::Lose(const Ownership& lost) {
  MutexLock lock(&mutex_);
  bool any = false;
  const auto lose = [&](const LinkId& link) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (owned_links_.erase(link) + noted_links_.erase(link) == 0) return;
    unwritten_.made_links.erase(link);
    unwritten_.lost_links.insert(link);
    any = true;
  };
  for (const uint64_t cookie : lost.lost_netns) {
    const auto is_of_it = [&](const LinkId& link) { return link.first == cookie; };
    if (owned_netns_.erase(cookie) + std::erase_if(noted_links_, is_of_it) > 0) {
      unwritten_.lost_netns.insert(cookie);
      any = true;
    }
    for (const LinkId& link : LinksOf(cookie)) lose(link);
  }
  for (const LinkId& link : lost.lost_links) lose(link);
  return any;
}

void Journal::Regain(const LinkId& link, const std::string& mark) {
  MutexLock lock(&mutex_);
  owned_links_[link] = mark;
  unwritten_.lost_links.erase(link);
  unwritten_.made_links[link] = mark;
}

absl::Status Journal::WriteLost() {
  MutexLock lock(&mutex_);
  return InTransaction([] { return absl::OkStatus(); });
}

}  // namespace warren::journal
