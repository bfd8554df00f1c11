// Intents: List.

#include <algorithm>
#include <map>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intent_feed.h"
#include "server/intents/intent_subject.h"
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
// Looked at for one page; and at a time, for so long nobody else is served.
constexpr size_t kMaxExamined = 200'000;
constexpr size_t kMaxExaminedAtOnce = 2000;

// Nothing: it is no order.
std::optional<bool> Descending(const std::string& order_by) {
  if (order_by.empty() || order_by == "create_time" || order_by == "create_time asc") return false;
  if (order_by == "create_time desc") return true;
  return std::nullopt;
}

// What a page token is bound to.
std::string Listing(const ListRequest& request, bool descending) {
  std::vector<v1::Intent::State> states = request.states;
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  return absl::StrCat("intents ", request.host, " ", absl::StrJoin(states, " "), " ", descending, " ", request.filter);
}

}  // namespace

const filter::Schema& Intents::FilterSchema() { return IntentSchema(); }

// A walk over the index, some rows at a time.
struct Intents::Scan {
  struct Found {
    const Host* host = nullptr;
    History::Row row;
    v1::Intent::State state = v1::Intent::QUEUED;  // as of `revision`
    Body body;                                     // of one that is still unfinished
  };

  std::string host;  // "-": all
  bool descending = false;
  int64_t revision = 0;
  int64_t after = 0;  // the last sequence that was looked at; 0: none
  size_t at_once = kMaxExaminedAtOnce;
  std::vector<Found> found;
  bool end = false;
};

void Intents::Collect(Scan& scan) const {
  // The sequence begins with the store's revision: one order over all hosts.
  struct At {
    const Host* host;
    size_t index;
    bool descending;
    int64_t sequence() const { return host->history.rows()[index].sequence; }
    // The next one on top.
    bool operator<(const At& other) const {
      return descending ? sequence() < other.sequence() : sequence() > other.sequence();
    }
  };
  scan.found.clear();
  std::priority_queue<At> heads;
  const int64_t newest = SequenceOf(scan.revision + 1, 0) - 1;
  MutexLock lock(&mutex_);
  const auto begin = [&](const Host& host) {
    const History& history = host.history;
    if (scan.descending) {
      const int64_t last = scan.after == 0 ? newest : std::min(newest, scan.after - 1);
      if (const size_t end = history.After(last); end > history.First()) heads.push({&host, end - 1, true});
    } else {
      const size_t index = std::max(history.First(), history.After(scan.after));
      if (index < history.rows().size()) heads.push({&host, index, false});
    }
  };
  if (scan.host == "-") {
    for (const auto& [name, host] : hosts_) begin(*host);
  } else if (const Host* host = FindHost(scan.host); host != nullptr) {
    begin(*host);
  }
  for (size_t examined = 0; examined < scan.at_once; ++examined) {
    if (heads.empty()) {
      scan.end = true;
      return;
    }
    const At at = heads.top();
    heads.pop();
    const History::Row& row = at.host->history.rows()[at.index];
    if (row.sequence > newest) {
      scan.end = true;
      return;
    }
    if (scan.descending && at.index > at.host->history.First()) heads.push({at.host, at.index - 1, true});
    if (!scan.descending && at.index + 1 < at.host->history.rows().size()) heads.push({at.host, at.index + 1, false});
    scan.after = row.sequence;
    if (row.removed()) continue;
    Scan::Found found{at.host, row, row.state, nullptr};
    if (!row.finished()) {
      const Entry& entry = at.host->lane.entries().at(row.sequence);
      if (entry.running) found.state = v1::Intent::RUNNING;
      found.body = entry.body;
    } else if (row.finish_revision > scan.revision) {
      found.state = v1::Intent::QUEUED;  // then it was
    }
    scan.found.push_back(std::move(found));
  }
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
  auto filter = filter::Filter::Parse(request.filter, FilterSchema());
  if (!filter.ok()) violations.push_back({"filter", std::string(filter.status().message())});
  const auto descending = Descending(request.order_by);
  if (!descending) violations.push_back({"order_by", "is not \"create_time\" or \"create_time desc\""});
  const std::string listing = Listing(request, descending.value_or(false));
  std::optional<PagePosition> position = PagePosition();
  if (!request.page_token.empty() && !(position = DecodePageToken(listing, request.page_token))) {
    violations.push_back({"page_token",
                          "is not the next_page_token of a page of this listing (same parent, states, filter and "
                          "order)"});
  }
  if (!violations.empty()) return BadRequestError(violations);

  Scan scan;
  scan.host = request.host;
  scan.descending = *descending;
  scan.revision = position->revision;
  scan.after = position->after;
  if (scan.revision == 0) {
    MutexLock lock(&mutex_);
    scan.revision = applied_revision_;
  }
  const size_t size = request.page_size == 0 ? kDefaultPage : std::min(request.page_size, kMaxPage);
  if (request.states.empty() && filter->empty()) scan.at_once = size + 1;
  ListResult result;
  result.revision = scan.revision;
  size_t bytes = 0;
  std::map<const Host*, std::shared_ptr<const Labels>> labels;
  int64_t passed = scan.after;  // the last one that is in this page, or does not match
  for (size_t examined = 0; examined < kMaxExamined && !scan.end; examined += scan.at_once) {
    Collect(scan);
    for (const Scan::Found& found : scan.found) {
      const bool wanted = request.states.empty() ||
                          std::find(request.states.begin(), request.states.end(), found.state) != request.states.end();
      bool matches = wanted;
      if (wanted && !filter->empty()) {
        const auto [at, fresh] = labels.try_emplace(found.host);
        if (fresh) at->second = directory_.LabelsOf(found.host->name);
        const IntentFacts facts{found.host->name, found.row.id.ToString(), absl::FromUnixMicros(found.row.create_time),
                                found.row.sequence, at->second};
        matches = filter->Matches(IntentSubject(facts, found.state));
      }
      if (!matches) {
        passed = found.row.sequence;
        continue;
      }
      if (result.intents.size() == size || bytes >= kMaxPageBytes) {
        result.next_page_token = EncodePageToken(listing, {scan.revision, passed});
        return result;
      }
      const bool later = found.row.finish_revision > scan.revision;
      auto intent = Read(
          {found.host->name, found.row.id, found.row.sequence, found.state, found.body, later ? scan.revision : 0});
      if (absl::IsOutOfRange(intent.status())) {
        return WithReason(absl::AbortedError(absl::StrCat("page_token: what was there at revision ", scan.revision,
                                                          " is no longer kept; list again from the first page")),
                          "PAGE_TOKEN_EXPIRED");
      }
      passed = found.row.sequence;
      if (absl::IsNotFound(intent.status())) continue;  // retired meanwhile
      if (!intent.ok()) return intent.status();
      bytes += intent->ByteSizeLong();
      result.intents.push_back(*std::move(intent));
    }
    if (!scan.end) passed = scan.after;
  }
  if (!scan.end) result.next_page_token = EncodePageToken(listing, {scan.revision, scan.after});
  return result;
}

feed::Feed& Intents::feed() { return feed_->feed(); }

}  // namespace warren::intents
