// Intents: Get and List.

#include <algorithm>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/page_token.h"
#include "server/intents/snapshot.h"
#include "server/intents/stored.h"

namespace warren::intents {
namespace {

constexpr int32_t kDefaultPage = 100;
constexpr int32_t kMaxPage = 1000;
// A page that has grown this large is full: with one more intent on top it is still far below the 4 MiB that gRPC
// takes.
constexpr size_t kMaxPageBytes = 2 << 20;

// What a page token is bound to.
std::string FilterText(const ListRequest& request) {
  std::vector<v1::Intent::State> states = request.states;
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  std::string text = absl::StrCat("intents ", request.host);
  for (const v1::Intent::State state : states) absl::StrAppend(&text, " ", static_cast<int>(state));
  return text;
}

bool Wanted(const std::vector<v1::Intent::State>& states, v1::Intent::State state) {
  return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
}

}  // namespace

absl::Status Intents::NotFound(std::string_view host, std::string_view id) {
  return absl::NotFoundError(absl::StrCat("host ", absl::string_view(host.data(), host.size()), ": there is no intent ",
                                          absl::string_view(id.data(), id.size()),
                                          "; ListIntents shows those there are"));
}

std::optional<Intents::Snapshot> Intents::Look(const Host* host, const Uuid& id) const {
  const History::Row* row = host == nullptr ? nullptr : host->history.Find(id);
  if (row == nullptr) return std::nullopt;
  Snapshot snapshot{host->name, id, row->sequence, row->state, nullptr};
  if (row->finished()) return snapshot;
  const Entry& entry = host->lane.entries().at(row->sequence);
  if (entry.running) snapshot.state = v1::Intent::RUNNING;
  snapshot.body = entry.body;
  return snapshot;
}

absl::StatusOr<Intents::Snapshot> Intents::Look(std::string_view host, std::string_view id) const {
  const auto uuid = Uuid::Parse(id);
  if (!uuid) return NotFound(host, id);
  MutexLock lock(&mutex_);
  auto snapshot = Look(FindHost(host), *uuid);
  if (!snapshot) return NotFound(host, id);
  return *std::move(snapshot);
}

absl::StatusOr<v1::Intent> Intents::Read(const Snapshot& snapshot) const {
  v1::Intent intent;
  if (snapshot.finished()) {
    auto row = kv_.Get(IntentKey(snapshot.host, snapshot.id));
    if (!row.ok()) return row.status();
    auto stored = DecodeIntent(*row);
    if (!stored.ok()) return stored.status();
    intent = std::move(stored->intent);
  } else {
    intent = *snapshot.body;
    intent.set_state(snapshot.state);
  }
  return Complete(std::move(intent), snapshot.host, snapshot.id, snapshot.sequence);
}

absl::StatusOr<v1::Intent> Intents::Get(std::string_view host, std::string_view id) {
  auto snapshot = Look(host, id);
  if (!snapshot.ok()) return snapshot.status();
  return Read(*snapshot);
}

absl::StatusOr<ListResult> Intents::List(const ListRequest& request) {
  std::vector<FieldViolation> violations;
  if (request.host != "-") {
    if (auto why = WhyBadHost(request.host)) violations.push_back({"parent", absl::StrCat("host name ", *why)});
  }
  if (request.page_size < 0) {
    violations.push_back({"page_size", absl::StrCat("is ", request.page_size, "; must be 0 or more")});
  }
  for (size_t i = 0; i < request.states.size(); ++i) {
    if (request.states[i] == v1::Intent::STATE_UNSPECIFIED || !v1::Intent::State_IsValid(request.states[i])) {
      violations.push_back({absl::StrCat("states[", i, "]"), "is not a state that an intent can be in"});
    }
  }
  const std::string filter = FilterText(request);
  std::optional<int64_t> after = 0;
  if (!request.page_token.empty() && !(after = DecodePageToken(filter, request.page_token))) {
    violations.push_back(
        {"page_token", "is not the next_page_token of a page of this listing (same parent and states)"});
  }
  if (!violations.empty()) return BadRequestError(violations);

  const size_t size = request.page_size == 0 ? kDefaultPage : std::min(request.page_size, kMaxPage);
  const std::vector<Snapshot> page = Collect(request, *after, size + 1);
  ListResult result;
  size_t bytes = 0;
  for (const Snapshot& snapshot : page) {
    if (result.intents.size() == size || bytes >= kMaxPageBytes) {
      result.next_page_token = EncodePageToken(filter, result.intents.back().sequence());
      break;
    }
    auto intent = Read(snapshot);
    if (!intent.ok()) return intent.status();
    bytes += intent->ByteSizeLong();
    result.intents.push_back(*std::move(intent));
  }
  return result;
}

std::vector<Intents::Snapshot> Intents::Collect(const ListRequest& request, int64_t after, size_t limit) const {
  // The sequence is the store's revision: one order over all hosts.
  struct At {
    const Host* host;
    size_t index;
    int64_t sequence() const { return host->history.rows()[index].sequence; }
    bool operator<(const At& other) const { return sequence() > other.sequence(); }  // the smallest on top
  };
  std::priority_queue<At> heads;
  std::vector<Snapshot> found;
  MutexLock lock(&mutex_);
  const auto push = [&](const Host* host, size_t index) {
    if (index < host->history.rows().size()) heads.push({host, index});
  };
  if (request.host == "-") {
    for (const auto& [name, host] : hosts_) push(host.get(), host->history.After(after));
  } else if (const Host* host = FindHost(request.host); host != nullptr) {
    push(host, host->history.After(after));
  }
  while (!heads.empty() && found.size() < limit) {
    const At at = heads.top();
    heads.pop();
    push(at.host, at.index + 1);
    auto snapshot = Look(at.host, at.host->history.rows()[at.index].id);
    if (Wanted(request.states, snapshot->state)) found.push_back(*std::move(snapshot));
  }
  return found;
}

}  // namespace warren::intents
