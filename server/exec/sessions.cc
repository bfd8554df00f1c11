#include "server/exec/sessions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

size_t CountOf(const std::map<std::string, size_t>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

// True: it was the last.
bool Decrement(std::map<std::string, size_t>& counts, const std::string& key) {
  const auto found = counts.find(key);
  if (--found->second > 0) return false;
  counts.erase(found);
  return true;
}

absl::Status TooMany(const std::string& who, size_t limit, const char* flag) {
  return WithReason(
      ExhaustedError(absl::StrCat(who, " has ", limit, " commands running, the limit (warren-server ", flag, ")"),
                     absl::Seconds(1)),
      "TOO_MANY_SESSIONS");
}

absl::Status WentAway(const std::string& host) {
  return WithReason(absl::UnavailableError(
                        absl::StrCat("host ", host, " went away before it took the command up; it was not started")),
                    "HOST_WENT_AWAY", {{"host", host}});
}

constexpr char kStopping[] = "the server is shutting down, and ends the commands of its callers; try again";

}  // namespace

class Sessions::Place {
 public:
  Place(Sessions& sessions, std::string id) : sessions_(sessions), id_(std::move(id)) {}
  ~Place() { sessions_.Free(id_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  Sessions& sessions_;
  const std::string id_;
};

Sessions::Sessions(ExecHosts& hosts, Options options) : hosts_(hosts), options_(std::move(options)) {
  thread_ = std::jthread([this] { EndLateOnes(); });
}

Sessions::~Sessions() { Shutdown(); }

absl::Status Sessions::CheckLimits(const Asker& asker) const {
  if (stopping_) return StoppingError(kStopping);
  if (entries_.size() >= options_.max_total) return TooMany("the server", options_.max_total, "--exec-max-sessions");
  if (CountOf(by_host_, asker.host) >= options_.max_per_host) {
    return TooMany(absl::StrCat("host ", asker.host), options_.max_per_host, "--exec-max-sessions-per-host");
  }
  if (CountOf(by_caller_, asker.caller) >= options_.max_per_caller) {
    return TooMany(asker.caller, options_.max_per_caller, "--exec-max-sessions-per-caller");
  }
  return absl::OkStatus();
}

absl::StatusOr<Sessions::Slot> Sessions::Open(const Asker& asker, const std::shared_ptr<Session>& session) {
  v1::OpenExec open;
  open.set_session_id(NewUuid());
  open.set_caller(asker.caller);
  open.set_source(asker.source);
  const std::string& id = open.session_id();
  {
    MutexLock lock(&mutex_);
    if (absl::Status refused = CheckLimits(asker); !refused.ok()) return refused;
    const Steady attach_by = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.attach_timeout);
    entries_[id] = {asker, session, attach_by};
    waiting_.emplace(attach_by, id);
    if (waiting_.size() == 1) changed_.Signal();
    ++by_host_[asker.host];
    ++by_caller_[asker.caller];
  }
  if (options_.observer != nullptr) options_.observer->OnSessions(1);
  Slot slot = std::make_shared<const Place>(*this, id);
  const auto asked = hosts_.OpenExec(asker.host, open);
  if (!asked.ok()) return asked.status();
  MutexLock lock(&mutex_);
  Entry& entry = entries_.find(id)->second;
  entry.agent_session = *asked;
  const auto gone = gone_.find(asker.host);
  if (gone == gone_.end() || gone->second < *asked || std::exchange(entry.attached, true)) return slot;
  return WentAway(asker.host);
}

void Sessions::AgentGone(const std::string& host, uint64_t agent_session) {
  std::vector<std::shared_ptr<Session>> lost;
  {
    MutexLock lock(&mutex_);
    if (!by_host_.contains(host)) return;
    uint64_t& newest = gone_[host];
    newest = std::max(newest, agent_session);
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      Entry& entry = entries_.find(at->second)->second;
      const bool asked = entry.agent_session != 0 && entry.agent_session <= agent_session;
      if (entry.asker.host != host || !asked) {
        ++at;
        continue;
      }
      entry.attached = true;
      at = waiting_.erase(at);
      if (auto session = entry.session.lock()) lost.push_back(std::move(session));
    }
  }
  for (const auto& session : lost) session->End(WentAway(host));
}

absl::StatusOr<std::shared_ptr<Session>> Sessions::Attach(const std::string& id) {
  MutexLock lock(&mutex_);
  const auto found = entries_.find(id);
  if (found != entries_.end() && !found->second.attached) {
    found->second.attached = true;
    waiting_.erase({found->second.attach_by, id});
    if (auto session = found->second.session.lock()) return session;
  }
  return NoSuchSession();
}

void Sessions::Free(const std::string& id) {
  {
    MutexLock lock(&mutex_);
    const auto found = entries_.find(id);
    const Entry& entry = found->second;
    waiting_.erase({entry.attach_by, id});
    if (Decrement(by_host_, entry.asker.host)) gone_.erase(entry.asker.host);
    Decrement(by_caller_, entry.asker.caller);
    entries_.erase(found);
  }
  if (options_.observer != nullptr) options_.observer->OnSessions(-1);
}

void Sessions::EndLateOnes() {
  for (;;) {
    std::vector<std::pair<std::shared_ptr<Session>, Asker>> late;
    {
      MutexLock lock(&mutex_);
      if (stopping_) return;
      if (waiting_.empty()) {
        changed_.Wait(&mutex_);
        continue;
      }
      const Steady now = std::chrono::steady_clock::now();
      if (waiting_.begin()->first > now) {
        changed_.WaitUntil(&mutex_, waiting_.begin()->first);
        continue;
      }
      while (!waiting_.empty() && waiting_.begin()->first <= now) {
        Entry& entry = entries_.find(waiting_.begin()->second)->second;
        entry.attached = true;  // too late from now on
        waiting_.erase(waiting_.begin());
        if (auto session = entry.session.lock()) late.emplace_back(std::move(session), entry.asker);
      }
    }
    for (const auto& [session, asker] : late) {
      options_.logger.Warn("agent did not attach a command", {{"host", asker.host}, {"caller", asker.caller}});
      session->End(WithReason(
          absl::UnavailableError(absl::StrCat("host ", asker.host, ": its agent did not take the command up within ",
                                              absl::FormatDuration(options_.attach_timeout),
                                              "; it is too busy, or cannot connect a second time: its log says which")),
          "HOST_NOT_ANSWERING", {{"host", asker.host}}));
    }
  }
}

absl::Status NoSuchSession() {
  return WithReason(absl::NotFoundError("there is no such session of Exec: it is over, or was attached before"),
                    "EXEC_SESSION_NOT_FOUND");
}

void Sessions::Shutdown() {
  std::vector<std::shared_ptr<Session>> sessions;
  {
    MutexLock lock(&mutex_);
    if (std::exchange(stopping_, true)) return;
    changed_.Signal();
    waiting_.clear();
    for (auto& [id, entry] : entries_) {
      entry.attached = true;
      if (auto session = entry.session.lock()) sessions.push_back(std::move(session));
    }
  }
  thread_.join();
  for (const auto& session : sessions) session->End(StoppingError(kStopping));
}

}  // namespace warren::exec
