#ifndef WARREN_SERVER_HOSTS_HOST_REGISTRY_H_
#define WARREN_SERVER_HOSTS_HOST_REGISTRY_H_

// The hosts the server knows, and the live session of each: who may open one, when one is over, what of it is durable.
// The queue's way to the agents (Dispatcher) and what it asks about hosts (HostDirectory), and the way of commands
// (ExecHosts). Holds no gRPC types.
//
// Sessions: a host has one at a time. A newer one of the same agent instance ends the older with ABORTED at once;
// another instance is refused while the first lives. One that says nothing for three heartbeats is over. What a session
// that is over says is not heard.
//
// Threading: every method may be called from any thread. One thread of its own checks liveness, not one an agent; no
// lock is held while anybody else is called but the store, which does not call back from within. Durability: the record
// of a host is saved when a session begins and when it ends (host_records.h); the last-seen time on disk is therefore
// that of the last change, the one in memory is exact. Cost: a session with nothing to say is some 500 bytes and the
// stream.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/common/logging.h"
#include "proto/common/mutex.h"
#include "server/exec/exec_hosts.h"
#include "server/hosts/agent_session.h"
#include "server/hosts/holder_queries.h"
#include "server/hosts/host_listener.h"
#include "server/hosts/host_records.h"
#include "server/intents/dispatcher.h"
#include "server/intents/host_directory.h"
#include "server/inventory/inventory.h"
#include "server/store/kv.h"
#include "warren/v1/hosts.pb.h"

namespace warren::hosts {

class HostRegistry : public intents::Dispatcher,
                     public intents::HostDirectory,
                     public exec::ExecHosts,
                     private SessionOwner {
 public:
  struct Options {
    std::string version;  // told to agents
    absl::Duration heartbeat_interval = absl::Seconds(5);
    size_t max_agents = 20000;  // streams at once, those that have not said hello included
    Outbox::Limits outbox;
    Logger logger = Logger::Null();
    HostsObserver* observer = nullptr;  // outlives the registry
    AgentSession::Clocks clocks = {[] { return absl::Now(); }, [] { return std::chrono::steady_clock::now(); }};
  };

  // Loads what the store holds; nobody is connected to a server that has just started, and so it is saved. Kv and
  // Inventory outlive the result. Errors as HostRecords::Load.
  static absl::StatusOr<std::unique_ptr<HostRegistry>> Open(store::Kv& kv, inventory::Inventory& inventory,
                                                            Options options);
  // Every stream must be closed.
  ~HostRegistry() override;
  HostRegistry(const HostRegistry&) = delete;
  HostRegistry& operator=(const HostRegistry&) = delete;

  // From now on sessions are taken, and their liveness is watched. The listener outlives the registry's last session.
  void Start(HostListener& listener);
  // Ends every session with UNAVAILABLE and takes no more. Idempotent; from one thread.
  void Shutdown();

  // A stream has come. Reading from it has begun, or it is finished already: UNAVAILABLE before Start and after
  // Shutdown, RESOURCE_EXHAUSTED over max_agents. The stream outlives AgentSession::Closed, which it must call.
  std::shared_ptr<AgentSession> Accept(AgentStream& stream);

  // Ends what has been silent too long, and saves again what could not be saved. Called by the registry's own thread;
  // public because tests bring their own time.
  void CheckLiveness();

  // Without queued_intents and namespace_count, which others know. Nothing: no agent of that name ever connected, and
  // nobody introduced it.
  std::optional<v1::Host> Get(const std::string& host) const;
  // The same without copying. The record's last_seen_time is not kept up to date.
  struct Seen {
    std::shared_ptr<const v1::Host> record;  // never changes
    absl::Time last_seen;                    // InfinitePast: not known
  };
  std::optional<Seen> Look(const std::string& host) const;
  // Hosts that ever connected or were introduced, by name.
  std::vector<std::string> Names() const;

  // A host is deleted between these two, by whoever deletes the rows: RecordKey(host), and last. From the first on
  // nothing is saved of it, and its agent is refused with UNAVAILABLE; a deletion that was not OK leaves everything as
  // it was. Whether there is such a host is not looked at.
  //
  // FAILED_PRECONDITION (HOST_CONNECTED): its agent is connected. ABORTED (HOST_BEING_DELETED): it is being deleted
  // already. UNAVAILABLE: shutting down.
  absl::Status BeginForget(const std::string& host);
  void EndForget(const std::string& host, const absl::Status& deleted);
  // What BeginForget would say.
  absl::Status MayForget(const std::string& host) const;

  // Asks the host's agent what keeps a namespace alive. Returns the query's number; `done` is called once, perhaps
  // before this returns: with the answer; with UNAVAILABLE when the agent goes away, DEADLINE_EXCEEDED at `until`, and
  // what EndFind says. It is not called where this is refused: NOT_FOUND: no such host. UNAVAILABLE (HOST_AWAY): its
  // agent is not connected. RESOURCE_EXHAUSTED: it is being asked too much already.
  absl::StatusOr<uint64_t> FindHolders(const std::string& host, const std::string& netns, HolderQueries::Steady until,
                                       HolderQueries::Done done);
  void EndFind(uint64_t query, const absl::Status& why) { queries_.End(query, why); }

  // intents::HostDirectory
  bool Known(const std::string& host) const override;
  absl::Status CheckCapabilities(const std::string& host, const intents::Operations& operations) const override;
  std::shared_ptr<const intents::Labels> LabelsOf(const std::string& host) const override;
  // Its record has a name and nothing else until its agent connects; it is saved, and deleted, as every other.
  void Introduce(const std::string& host) override;

  // intents::Dispatcher
  void Deliver(const std::string& host, uint64_t session, std::vector<intents::Delivery> deliveries) override;
  void AskCancel(const std::string& host, uint64_t session, int64_t sequence) override;
  void AcknowledgeResults(const std::string& host, uint64_t session, std::vector<int64_t> sequences) override;

  // exec::ExecHosts
  absl::StatusOr<uint64_t> OpenExec(const std::string& host, const v1::OpenExec& open) override;

 private:
  struct Host {
    std::shared_ptr<const v1::Host> record;  // replaced, never changed
    std::shared_ptr<const intents::Labels> labels;
    std::shared_ptr<AgentSession> session;  // null: none is live
    uint64_t number = 0;                    // of the session
    std::string instance;                   // of the session, or of the last one; told to nobody
  };

  HostRegistry(store::Kv& kv, inventory::Inventory& inventory, Options options);

  absl::Status OnHello(const std::shared_ptr<AgentSession>& session, v1::Hello hello) override;
  absl::Status OnMessage(AgentSession& session, v1::AgentMessage message) override;
  void OnEnded(const std::shared_ptr<AgentSession>& session, const absl::Status& why) override;
  void OnClosed(const std::shared_ptr<AgentSession>& session) override;

  void OnReport(AgentSession& session, v1::Report report);
  absl::Status CheckForget(const std::string& host) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void SetRecord(Host& entry, v1::Host record);
  // Saves the host's record as it is at this moment, so that an older one never comes after a newer.
  void Save(const std::string& host);
  // Null: it is not the live one.
  std::shared_ptr<AgentSession> Find(const std::string& host, uint64_t session) const;
  HostListener* listener() const;

  inventory::Inventory& inventory_;
  const Options options_;
  HostRecords records_;
  HolderQueries queries_;

  Mutex saving_;  // held while a record is looked at and given to be saved; before mutex_
  mutable Mutex mutex_;
  CondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  HostListener* listener_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::map<std::string, Host> hosts_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> forgetting_ ABSL_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<AgentSession>> sessions_ ABSL_GUARDED_BY(mutex_);  // of every open stream
  uint64_t last_session_ ABSL_GUARDED_BY(mutex_) = 0;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HOST_REGISTRY_H_
