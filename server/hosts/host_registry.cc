#include "server/hosts/host_registry.h"

#include "absl/strings/str_cat.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/hosts/hello.h"

namespace warren::hosts {
namespace {

constexpr int kMissedHeartbeats = 3;

}  // namespace

absl::StatusOr<std::unique_ptr<HostRegistry>> HostRegistry::Open(store::Kv& kv, inventory::Inventory& inventory,
                                                                 Options options) {
  auto records = HostRecords::Load(kv);
  if (!records.ok()) return records.status();
  std::unique_ptr<HostRegistry> registry(new HostRegistry(kv, inventory, std::move(options)));
  std::vector<v1::Host> left;
  for (v1::Host& record : *records) {
    if (!record.connected()) continue;
    record.set_connected(false);
    left.push_back(record);
  }
  registry->records_.SaveNow(left);
  MutexLock lock(&registry->mutex_);
  for (v1::Host& record : *records) {
    const std::string host = record.name().substr(record.name().find('/') + 1);
    SetRecord(registry->hosts_[host], std::move(record));
  }
  return registry;
}

HostRegistry::HostRegistry(store::Kv& kv, inventory::Inventory& inventory, Options options)
    : inventory_(inventory), options_(std::move(options)), records_(kv, options_.logger) {}

HostRegistry::~HostRegistry() { Shutdown(); }

void HostRegistry::SetRecord(Host& entry, v1::Host record) {
  entry.labels = record.labels().empty()
                     ? nullptr
                     : std::make_shared<const intents::Labels>(record.labels().begin(), record.labels().end());
  entry.record = std::make_shared<const v1::Host>(std::move(record));
}

void HostRegistry::Save(const std::string& host) {
  MutexLock saving(&saving_);
  std::shared_ptr<const v1::Host> record;
  {
    MutexLock lock(&mutex_);
    const auto found = hosts_.find(host);
    if (found == hosts_.end() || forgetting_.contains(host)) return;
    record = found->second.record;
  }
  records_.Save(host, *record);
}

void HostRegistry::Start(HostListener& listener) {
  {
    MutexLock lock(&mutex_);
    listener_ = &listener;
  }
  thread_ = std::jthread([this] {
    const auto period = absl::ToChronoNanoseconds(options_.heartbeat_interval / 2);
    for (;;) {
      {
        MutexLock lock(&mutex_);
        if (!stopping_) stopped_.WaitFor(&mutex_, period);
        if (stopping_) return;
      }
      CheckLiveness();
    }
  });
}

void HostRegistry::Shutdown() {
  std::set<std::shared_ptr<AgentSession>> sessions;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stopped_.SignalAll();
    sessions = sessions_;
  }
  if (thread_.joinable()) thread_.join();
  for (const auto& session : sessions) session->End(StoppingError("the server is shutting down; connect again"));
}

std::shared_ptr<AgentSession> HostRegistry::Accept(AgentStream& stream) {
  SessionOwner& owner = *this;
  auto session = std::make_shared<AgentSession>(stream, owner, options_.clocks, options_.outbox);
  absl::Status refused;
  {
    MutexLock lock(&mutex_);
    if (listener_ == nullptr || stopping_) {
      refused = StoppingError("the server is starting or shutting down; connect again");
    } else if (sessions_.size() >= options_.max_agents) {
      refused = WithReason(ExhaustedError(absl::StrCat("the server has ", options_.max_agents,
                                                       " agents, its limit (warren-server --max-agents)"),
                                          absl::Seconds(5)),
                           "TOO_MANY_AGENTS");
    }
    sessions_.insert(session);
  }
  if (refused.ok()) {
    session->Begin();
  } else {
    session->End(refused);
  }
  return session;
}

void HostRegistry::CheckLiveness() {
  std::set<std::shared_ptr<AgentSession>> sessions;
  {
    MutexLock lock(&mutex_);
    sessions = sessions_;
  }
  const AgentSession::Steady now = options_.clocks.steady();
  const absl::Duration allowed = kMissedHeartbeats * options_.heartbeat_interval;
  const AgentSession::Steady silent_since = now - absl::ToChronoNanoseconds(allowed);
  const AgentSession::Steady ended_by = now - absl::ToChronoNanoseconds(options_.heartbeat_interval);
  const absl::Status silent = absl::UnavailableError(
      absl::StrCat("nothing was heard of the agent for ", absl::FormatDuration(allowed), "; connect again"));
  for (const auto& session : sessions) session->CheckLiveness(silent_since, ended_by, silent);
  records_.Retry();
}

std::shared_ptr<AgentSession> HostRegistry::Find(const std::string& host, uint64_t session) const {
  MutexLock lock(&mutex_);
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || found->second.number != session) return nullptr;
  return found->second.session;
}

void HostRegistry::Deliver(const std::string& host, uint64_t session, std::vector<intents::Delivery> deliveries) {
  if (const auto live = Find(host, session)) live->Deliver(std::move(deliveries));
}

void HostRegistry::AskCancel(const std::string& host, uint64_t session, int64_t sequence) {
  if (const auto live = Find(host, session)) live->AskCancel(sequence);
}

void HostRegistry::AcknowledgeResults(const std::string& host, uint64_t session, std::vector<int64_t> sequences) {
  if (const auto live = Find(host, session)) live->AcknowledgeResults(sequences);
}

absl::Status HostRegistry::OnHello(const std::shared_ptr<AgentSession>& session, v1::Hello hello) {
  if (absl::Status bad = CheckHello(hello); !bad.ok()) {
    options_.logger.Warn("agent refused", {{"host", hello.host()}, {"reason", std::string(bad.message())}});
    return bad;
  }
  const std::string host = hello.host();
  const std::string instance = hello.instance_id();
  v1::Host said = RecordOf(std::move(hello), options_.clocks.wall());
  std::shared_ptr<const v1::Host> record;
  std::shared_ptr<const intents::Labels> labels;
  std::shared_ptr<AgentSession> older;
  bool other_instance = false;
  bool rebooted = false;
  uint64_t number = 0;
  absl::Status refused;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return StoppingError("the server is shutting down; connect again");
    const auto found = hosts_.find(host);
    const bool taken = found != hosts_.end() && found->second.session && found->second.instance != instance;
    if (forgetting_.contains(host)) {
      refused = HostBeingDeletedError(absl::StatusCode::kUnavailable, host, "connect again");
    } else if (taken) {
      refused = WithReason(absl::AlreadyExistsError(absl::StrCat(
                               "another agent instance holds the live session of host ", host,
                               "; stop that agent, or give this one a name of its own with warren-agent --host")),
                           "HOST_NAME_TAKEN", {{"host", host}});
    } else if (!session->Open(host, ++last_session_)) {
      return absl::CancelledError("the stream broke");
    } else {
      Host& entry = hosts_[host];
      if (entry.record) {
        rebooted = CarryBoot(*entry.record, said);
        other_instance = !entry.instance.empty() && entry.instance != instance;
      }
      older = std::exchange(entry.session, session);
      number = entry.number = last_session_;
      entry.instance = instance;
      SetRecord(entry, std::move(said));
      record = entry.record;
      labels = entry.labels;
    }
  }
  if (!refused.ok()) {
    options_.logger.Warn("agent refused", {{"host", host}, {"reason", std::string(refused.message())}});
    return refused;
  }

  inventory_.SetLabels(host, number, labels);  // before it reports what filters look at together with them
  v1::Welcome welcome;
  welcome.set_version(options_.version);
  const int64_t interval = absl::ToInt64Nanoseconds(options_.heartbeat_interval);
  welcome.mutable_heartbeat_interval()->set_seconds(interval / 1'000'000'000);
  welcome.mutable_heartbeat_interval()->set_nanos(static_cast<int32_t>(interval % 1'000'000'000));
  session->Welcome(std::move(welcome));
  if (older) {
    older->End(absl::AbortedError(absl::StrCat("host ", host, ": a newer session of the same agent took over")));
  }
  options_.logger.Info("agent connected", {{"host", host},
                                           {"session", std::to_string(number)},
                                           {"version", record->agent_version()},
                                           {"kernel", record->kernel_release()}});
  if (options_.observer != nullptr) {
    options_.observer->OnSession();
    options_.observer->OnConnected(1);
  }
  if (other_instance) options_.logger.Warn("another agent instance has taken the host's name", {{"host", host}});
  if (rebooted) {
    options_.logger.Warn("host rebooted",
                         {{"host", host}, {"boot_id", record->boot_id()}, {"before", record->previous_boot_id()}});
    if (options_.observer != nullptr) options_.observer->OnReboot();
  }
  Save(host);
  session->Announce(*listener());
  return absl::OkStatus();
}

absl::Status HostRegistry::OnMessage(AgentSession& session, v1::AgentMessage message) {
  if (message.has_report()) OnReport(session, std::move(*message.mutable_report()));
  if (message.has_cancel_answer()) {
    const v1::CancelAnswer& answer = message.cancel_answer();
    listener()->CancelAnswered(session.host(), answer.sequence(), answer.cancelled(), answer.reason());
  }
  if (message.has_holders_answer()) queries_.Answer(session.number(), std::move(*message.mutable_holders_answer()));
  return absl::OkStatus();
}

void HostRegistry::OnReport(AgentSession& session, v1::Report report) {
  // Whoever sees a result must see the inventory it left.
  const std::string host = session.host();
  if (report.has_inventory()) {
    inventory_.Apply(host, session.number(), std::move(*report.mutable_inventory()));
    // The session may be over and the host deleted meanwhile.
    if (!Known(host)) inventory_.Forget(host);
  }
  if (report.started_size() > 0) {
    listener()->Started(host, {report.started().begin(), report.started().end()});
  }
  if (report.results_size() > 0) {
    listener()->Finished(host, {std::make_move_iterator(report.mutable_results()->begin()),
                                std::make_move_iterator(report.mutable_results()->end())});
  }
}

void HostRegistry::OnEnded(const std::shared_ptr<AgentSession>& session, const absl::Status& why) {
  const std::string host = session->host();
  if (host.empty()) return;  // it was never opened
  bool changed = false;
  {
    MutexLock lock(&mutex_);
    const auto found = hosts_.find(host);
    if (found != hosts_.end() && found->second.session == session) {
      Host& entry = found->second;
      entry.session.reset();
      v1::Host seen = *entry.record;
      seen.set_connected(false);
      SetTimestamp(session->last_heard(), *seen.mutable_last_seen_time());
      SetRecord(entry, std::move(seen));
      changed = true;
    }
  }
  options_.logger.Info("agent disconnected", {{"host", host},
                                              {"session", std::to_string(session->number())},
                                              {"reason", why.ok() ? "closed by the agent" : ToText(why)}});
  if (options_.observer != nullptr) options_.observer->OnConnected(-1);
  queries_.EndSession(session->number(), HostAwayError(host, "its agent went away before it had answered"));
  if (changed) Save(host);
  session->EndAnnounced(*listener());
}

void HostRegistry::OnClosed(const std::shared_ptr<AgentSession>& session) {
  MutexLock lock(&mutex_);
  sessions_.erase(session);
}

HostListener* HostRegistry::listener() const {
  MutexLock lock(&mutex_);
  return listener_;
}
}  // namespace warren::hosts
