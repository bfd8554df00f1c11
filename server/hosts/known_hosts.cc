// HostRegistry: what is known of hosts, what follows from it, and how they are deleted.

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/hosts/capabilities.h"
#include "server/hosts/hello.h"
#include "server/hosts/host_registry.h"

namespace warren::hosts {

std::optional<HostRegistry::Seen> HostRegistry::Look(const std::string& host) const {
  Seen seen;
  std::shared_ptr<AgentSession> session;
  {
    MutexLock lock(&mutex_);
    const auto found = hosts_.find(host);
    if (found == hosts_.end()) return std::nullopt;
    seen.record = found->second.record;
    session = found->second.session;
  }
  if (session) {
    seen.last_seen = session->last_heard();
  } else {
    seen.last_seen =
        seen.record->has_last_seen_time() ? FromTimestamp(seen.record->last_seen_time()) : absl::InfinitePast();
  }
  return seen;
}

std::optional<v1::Host> HostRegistry::Get(const std::string& host) const {
  const auto seen = Look(host);
  if (!seen) return std::nullopt;
  v1::Host result = *seen->record;
  if (seen->last_seen != absl::InfinitePast()) SetTimestamp(seen->last_seen, *result.mutable_last_seen_time());
  return result;
}

std::vector<std::string> HostRegistry::Names() const {
  MutexLock lock(&mutex_);
  std::vector<std::string> names;
  names.reserve(hosts_.size());
  for (const auto& [name, host] : hosts_) names.push_back(name);
  return names;
}

bool HostRegistry::Known(const std::string& host) const {
  MutexLock lock(&mutex_);
  const auto found = hosts_.find(host);
  return found != hosts_.end() && found->second.record->has_connect_time();
}

void HostRegistry::Introduce(const std::string& host) {
  {
    MutexLock lock(&mutex_);
    Host& entry = hosts_[host];
    if (entry.record) return;
    v1::Host record;
    record.set_name(HostName(host));
    SetRecord(entry, std::move(record));
  }
  // Not while it is being deleted: EndForget saves it, or takes it out again.
  Save(host);
}

absl::Status HostRegistry::CheckCapabilities(const std::string& host, const intents::Operations& operations) const {
  std::shared_ptr<const v1::Host> record;
  {
    MutexLock lock(&mutex_);
    const auto found = hosts_.find(host);
    if (found == hosts_.end()) return absl::OkStatus();
    record = found->second.record;
  }
  return hosts::CheckCapabilities(host, record->capabilities(), operations);
}

std::shared_ptr<const intents::Labels> HostRegistry::LabelsOf(const std::string& host) const {
  MutexLock lock(&mutex_);
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : found->second.labels;
}

absl::StatusOr<uint64_t> HostRegistry::OpenExec(const std::string& host, const v1::OpenExec& open) {
  std::shared_ptr<const v1::Host> record;
  std::shared_ptr<AgentSession> session;
  {
    MutexLock lock(&mutex_);
    const auto found = hosts_.find(host);
    if (found == hosts_.end()) {
      return HostNotFoundError(host, " is not known; check the name (ListHosts shows those there are)");
    }
    record = found->second.record;
    session = found->second.session;
  }
  absl::Status status = absl::AbortedError("it has no session");
  if (session != nullptr) {
    if (absl::Status refused = CheckExec(host, record->capabilities()); !refused.ok()) return refused;
    status = session->OpenExec(open);
  }
  if (status.ok()) return session->number();
  if (!absl::IsAborted(status)) return status;
  return HostAwayError(host, "its agent is not connected, and commands do not wait for it");
}

absl::StatusOr<uint64_t> HostRegistry::FindHolders(const std::string& host, const std::string& netns,
                                                   HolderQueries::Steady until, HolderQueries::Done done) {
  std::shared_ptr<AgentSession> session;
  {
    MutexLock lock(&mutex_);
    const auto found = hosts_.find(host);
    if (found == hosts_.end()) {
      return HostNotFoundError(host, " is not known; check the name (ListHosts shows those there are)");
    }
    session = found->second.session;
  }
  if (session == nullptr) return HostAwayError(host, "its agent is not connected, and only it can look");
  const auto query = queries_.Begin(host, session->number(), until, std::move(done));
  if (!query.ok()) return query.status();
  v1::FindHolders question;
  question.set_query(*query);
  question.set_namespace_(netns);
  // A session that ends from here on ends the query.
  const absl::Status sent = session->FindHolders(question);
  if (absl::IsAborted(sent)) {
    queries_.End(*query, HostAwayError(host, "its agent went away before it had answered"));
  } else if (!sent.ok()) {
    queries_.End(*query, sent);
  }
  return *query;
}

absl::Status HostRegistry::CheckForget(const std::string& host) const {
  if (stopping_) return StoppingError("the server is shutting down; try again");
  if (forgetting_.contains(host)) return HostBeingDeletedError(absl::StatusCode::kAborted, host, "try again");
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || found->second.session == nullptr) return absl::OkStatus();
  return WithResource(
      WithReason(absl::FailedPreconditionError(
                     absl::StrCat("host ", host,
                                  ": its agent is connected; stop it there (systemctl stop warren-agent, or take the "
                                  "host out of the DaemonSet), or it would come back at once")),
                 "HOST_CONNECTED", {{"host", host}}),
      "warren.v1.Host", HostName(host));
}

absl::Status HostRegistry::MayForget(const std::string& host) const {
  MutexLock lock(&mutex_);
  return CheckForget(host);
}

absl::Status HostRegistry::BeginForget(const std::string& host) {
  MutexLock saving(&saving_);
  {
    MutexLock lock(&mutex_);
    if (absl::Status refused = CheckForget(host); !refused.ok()) return refused;
    forgetting_.insert(host);
  }
  records_.Drop(host);
  return absl::OkStatus();
}

void HostRegistry::EndForget(const std::string& host, const absl::Status& deleted) {
  if (deleted.ok()) {
    // First what a session that has ended may still be telling finds nobody, then what it has told before is gone.
    {
      MutexLock lock(&mutex_);
      hosts_.erase(host);
    }
    inventory_.Forget(host);
    options_.logger.Info("host deleted", {{"host", host}});
  }
  {
    MutexLock lock(&mutex_);
    forgetting_.erase(host);
  }
  // It may have been dropped before it was on disk.
  if (!deleted.ok()) Save(host);
}

}  // namespace warren::hosts
