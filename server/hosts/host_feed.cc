#include "server/hosts/host_feed.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/hosts/host_records.h"
#include "server/hosts/host_subject.h"

namespace warren::hosts {
namespace {

std::string HostOfKey(const std::string& key) { return key.substr(sizeof(kHostPrefix) - 1); }

bool Rebooted(const v1::Host* before, const v1::Host& now) {
  if (before != nullptr) return !before->boot_id().empty() && before->boot_id() != now.boot_id();
  // Its session began with it.
  return now.connected() && now.has_reboot_time() && now.reboot_time().seconds() == now.connect_time().seconds() &&
         now.reboot_time().nanos() == now.connect_time().nanos();
}

// About: its texts are most of it, each an object of its own.
size_t MemoryOf(const v1::Host& host) { return sizeof host + 3 * host.ByteSizeLong(); }

}  // namespace

absl::StatusOr<std::unique_ptr<HostFeed>> HostFeed::Open(store::Kv& kv, Options options) {
  // Told when everything before it has been.
  store::Transaction mark;
  mark.mutations.push_back(store::Mutation::Put(kHostPrefix, ""));
  const auto marked = kv.CommitAndWait(std::move(mark));
  const int64_t present = marked.ok() ? marked->revision : kv.Revision();
  const int64_t begin =
      marked.ok() ? std::max(kv.Stats().compacted_revision, present - 1 - options.max_replay) : present;
  if (!marked.ok()) {
    options.logger.Warn("watches of hosts cannot go on from before the start",
                        {{"reason", std::string(marked.status().message())}});
  }
  auto rows = kv.Range({.start = kHostPrefix, .end = store::PrefixEnd(kHostPrefix), .at_revision = begin});
  if (absl::IsOutOfRange(rows.status())) {  // compacted meanwhile
    rows = kv.Range(store::RangeRequest::Prefix(kHostPrefix));
  }
  if (!rows.ok()) return rows.status();
  const int64_t revision = begin == 0 ? 0 : rows->revision;
  std::unique_ptr<HostFeed> feed(new HostFeed(kv, std::move(options), revision));
  {
    MutexLock lock(&feed->mutex_);
    feed->caught_up_at_ = std::max(present, revision);
    feed->told_ = revision;
    for (const store::KeyValue& row : rows->kvs) {
      if (begin == 0 || row.key == kHostPrefix) continue;
      auto record = ParseRecord(row);
      if (!record.ok()) return record.status();
      feed->hosts_[HostOfKey(row.key)] = std::make_shared<const v1::Host>(*std::move(record));
    }
  }
  feed->Start();
  return feed;
}

HostFeed::HostFeed(store::Kv& kv, Options options, int64_t revision)
    : kv_(kv), options_(std::move(options)), feed_(options_.feed, revision) {}

HostFeed::~HostFeed() { Close(); }

void HostFeed::Start() {
  int64_t from = 0;
  {
    MutexLock lock(&mutex_);
    from = told_ + 1;
  }
  if (auto watching = Watch(from); !watching.ok()) {
    MutexLock lock(&mutex_);
    broken_ = watching;  // Tend goes on with it
  }
  thread_ = std::jthread([this] { Run(); });
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.start_patience);
  MutexLock lock(&mutex_);
  while (told_ < caught_up_at_) {
    if (!told_more_.WaitUntil(&mutex_, until)) break;
  }
}

void HostFeed::Close() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stopped_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  watch_.reset();
  feed_.Close(StoppingError("the server is stopping; go on after the last revision"));
}

absl::Status HostFeed::ready() const {
  MutexLock lock(&mutex_);
  if (told_ >= caught_up_at_) return absl::OkStatus();
  return WithRetry(WithReason(absl::UnavailableError(
                                  "the server has just started and is still reading what happened to hosts before"),
                              "SERVER_STARTING"),
                   absl::Seconds(1));
}

std::vector<HostFeed::Record> HostFeed::Snapshot() const {
  std::vector<Record> records;
  MutexLock lock(&mutex_);
  records.reserve(hosts_.size());
  for (const auto& [host, record] : hosts_) records.push_back(record);
  return records;
}

v1::Host HostFeed::Describe(const v1::Host& record) const {
  v1::Host described = record;
  options_.describe(described);
  return described;
}

absl::Status HostFeed::Watch(int64_t from_revision) {
  auto watch = kv_.Watch(kHostPrefix, from_revision,
                         [this](absl::StatusOr<store::WatchEvents> events) { Follow(std::move(events)); });
  if (!watch.ok()) return watch.status();
  watch_ = *std::move(watch);
  return absl::OkStatus();
}

void HostFeed::Follow(absl::StatusOr<store::WatchEvents> events) {
  if (!events.ok()) {
    options_.logger.Warn("hosts are not followed for the moment", {{"reason", std::string(events.status().message())}});
    MutexLock lock(&mutex_);
    broken_ = events.status();  // Tend goes on with it
    return;
  }
  std::vector<Change> changes;
  const auto tell = [&](int64_t revision) {
    if (!changes.empty()) Tell(std::exchange(changes, {}));
    feed_.Advance(revision);
    MutexLock lock(&mutex_);
    told_ = revision;
    told_more_.SignalAll();
  };
  for (size_t i = 0; i < events->events.size(); ++i) {
    const store::KeyValue& row = events->events[i]->kv;
    if (i > 0 && row.mod_revision != events->events[i - 1]->kv.mod_revision)
      tell(events->events[i - 1]->kv.mod_revision);
    if (row.key == kHostPrefix) continue;
    Change change{HostOfKey(row.key), row.mod_revision, nullptr, row.create_revision == row.mod_revision};
    if (events->events[i]->type == store::Event::Type::kPut) {
      auto record = ParseRecord(row);
      if (!record.ok()) {
        options_.logger.Error("hosts", {{"reason", std::string(record.status().message())}});
        continue;
      }
      change.now = std::make_shared<const v1::Host>(*std::move(record));
    }
    changes.push_back(std::move(change));
  }
  tell(events->revision);
}

// All of one revision.
void HostFeed::Tell(std::vector<Change> changes) {
  std::vector<Record> before;
  {
    // Here first: a watch begins where the feed is, and then asks for a snapshot.
    MutexLock lock(&mutex_);
    for (const Change& change : changes) {
      Record& known = hosts_[change.host];
      before.push_back(std::exchange(known, change.now));
      if (change.now == nullptr) hosts_.erase(change.host);
    }
  }
  std::vector<feed::EventPtr> events;
  for (size_t i = 0; i < changes.size(); ++i) events.push_back(Encode(changes[i], before[i]));
  feed_.Append(changes.front().revision, std::move(events));
}

feed::EventPtr HostFeed::Encode(const Change& change, const Record& before) const {
  auto event = std::make_shared<feed::Event>();
  event->revision = change.revision;
  event->host = change.host;
  v1::HostEvent message;
  message.set_revision(change.revision);
  if (!change.is_new || change.now == nullptr) {
    message.set_type(v1::HostEvent::DELETED);
    message.mutable_host()->set_name(HostName(change.host));
    event->deleted = message.SerializeAsString();
  }
  if (change.now != nullptr) {
    message.set_type(Rebooted(before.get(), *change.now) ? v1::HostEvent::REBOOTED : v1::HostEvent::CHANGED);
    *message.mutable_host() = Describe(*change.now);
    event->changed = message.SerializeAsString();
    event->now = std::make_shared<HostSubject>(change.now);
    event->subject_bytes += MemoryOf(*change.now);
  }
  if (before != nullptr) {
    event->before = std::make_shared<HostSubject>(before);
    event->subject_bytes += MemoryOf(*before);
  }
  return event;
}

absl::Status HostFeed::Compare() {
  auto rows = kv_.Range(store::RangeRequest::Prefix(kHostPrefix));
  if (!rows.ok()) return rows.status();
  std::map<std::string, Record> present;
  for (const store::KeyValue& row : rows->kvs) {
    if (row.key == kHostPrefix) continue;
    auto record = ParseRecord(row);
    if (!record.ok()) return record.status();
    present[HostOfKey(row.key)] = std::make_shared<const v1::Host>(*std::move(record));
  }
  std::vector<Change> changes;
  {
    MutexLock lock(&mutex_);
    for (const auto& [host, record] : hosts_) {
      const auto found = present.find(host);
      if (found == present.end()) {
        changes.push_back({host, rows->revision, nullptr, false});
      } else if (found->second->SerializeAsString() != record->SerializeAsString()) {
        changes.push_back({host, rows->revision, found->second, false});
      }
    }
    for (const auto& [host, record] : present) {
      if (!hosts_.contains(host)) changes.push_back({host, rows->revision, record, false});
    }
  }
  if (!changes.empty()) Tell(std::move(changes));
  feed_.Advance(rows->revision);
  MutexLock lock(&mutex_);
  told_ = rows->revision;
  told_more_.SignalAll();
  return absl::OkStatus();
}

void HostFeed::Tend() {
  absl::Status broken;
  {
    MutexLock lock(&mutex_);
    broken = broken_;
  }
  if (!broken.ok()) {
    watch_.reset();
    absl::Status again = absl::IsOutOfRange(broken) ? Compare() : absl::OkStatus();
    int64_t from = 0;
    {
      MutexLock lock(&mutex_);
      if (!again.ok()) return;  // it is tried again
      broken_ = absl::OkStatus();
      from = told_ + 1;
    }
    if (again = Watch(from); !again.ok()) {
      MutexLock lock(&mutex_);
      broken_ = again;
    }
    return;
  }
  {
    MutexLock lock(&mutex_);
    if (told_ < caught_up_at_) return;
  }
  if (kv_.Revision() - feed_.revision() < options_.advance_every) return;
  store::Transaction mark;
  mark.mutations.push_back(store::Mutation::Put(kHostPrefix, ""));
  (void)kv_.CommitAndWait(std::move(mark));  // a store that cannot be written has no revisions to go past either
}

void HostFeed::Run() {
  const auto period = absl::ToChronoNanoseconds(options_.tend_interval);
  for (;;) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) stopped_.WaitFor(&mutex_, period);
      if (stopping_) return;
    }
    Tend();
  }
}

}  // namespace warren::hosts
