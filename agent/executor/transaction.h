#ifndef WARREN_AGENT_EXECUTOR_TRANSACTION_H_
#define WARREN_AGENT_EXECUTOR_TRANSACTION_H_

// One intent while it is being applied: the namespaces it works in, the steps it has written into the journal, what
// will be Warren's own once it is committed, what it has touched. The operations (operations.h) work on this and on
// nothing else. Belongs to the executor's thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/executor/ownership_watch.h"
#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "agent/executor/warm_pool.h"
#include "agent/journal/journal.h"
#include "agent/kernel/holders.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/link.h"
#include "proto/common/names.h"
#include "warren/v1/operations.pb.h"

namespace warren::executor {

class Transaction {
 public:
  struct Environment {
    journal::Journal* journal = nullptr;
    std::string run_dir;
    kernel::Ip server;         // family 0: none
    WarmPool* warm = nullptr;  // may be null
    OwnershipWatch* watch = nullptr;
  };

  Transaction(int64_t sequence, Places& places, const Environment& environment)
      : sequence_(sequence), places_(places), environment_(environment) {}

  // What the operation at work is about, for its error.
  using Operations = google::protobuf::RepeatedPtrField<v1::Operation>;
  void BeginOperation(int index, const Operations& all) {
    operation_ = index;
    operations_ = &all;
  }
  int operation() const { return operation_; }
  void About(std::string object) { object_ = std::move(object); }
  const std::string& object() const { return object_; }
  // A later operation makes this link of the namespace a port of that one, if it is not yet.
  bool AttachesLater(const Place& place, const kernel::Link& port, const kernel::Link& bridge) const;

  Places& places() { return places_; }
  // Opens a namespace and notes it as touched; says what the operation is about when it cannot.
  absl::StatusOr<Place*> Open(const std::string& netns);
  // The same for a link in it; ENODEV when there is none.
  struct LinkAt {
    Place* place = nullptr;
    kernel::Link link;
  };
  absl::StatusOr<LinkAt> OpenLink(const std::string& netns, const std::string& name);

  // Writes a step. Nothing it is about may be changed before. RESOURCE_EXHAUSTED when the disk is full, and the like.
  absl::Status Write(Step step);
  const std::vector<Step>& steps() const { return steps_; }
  // What the last step is about has not been done, nor ever will be: the kernel has refused it, and undo must not look
  // for it. In the journal it stays.
  void Withdraw() {
    steps_.back().clear_undo();
    steps_.back().clear_forward();
  }

  // One that nobody has used.
  absl::StatusOr<kernel::NetnsWorker::Made> NewNetns();
  // Where a namespace is bound while it waits to be deleted; new for each call.
  std::string ParkPath();
  // A name for a link that is set aside.
  static std::string AsideName();
  // Set aside by this intent: deleted, as far as its operations are concerned.
  void NoteAside(const Place& place, int ifindex) { aside_.emplace(place.cookie(), ifindex); }
  bool IsAside(const Place& place, int ifindex) const { return aside_.contains({place.cookie(), ifindex}); }

  // What was made through Warren, this intent included.
  bool OwnsNetns(uint64_t cookie) const;
  // The name that Warren gave it; none: it is foreign. Empty: nobody knows.
  std::optional<std::string> NameGiven(uint64_t cookie) const;
  bool OwnsLink(Place& place, const kernel::Link& link) const;
  void MadeNetns(uint64_t cookie, const std::string& name);
  void LostNetns(uint64_t cookie);
  // Loses its name for now; undo gives it back.
  void ParksNetns(uint64_t cookie) const { environment_.watch->Parks(cookie); }
  // Made, or changed in what it is known by.
  void MadeLink(const Place& place, const kernel::Link& link);
  void LostLink(const Place& place, int ifindex);
  const journal::Ownership& ownership() const { return ownership_; }
  // Warren's own, and about to be moved: undo brings it back to where the kernel has told that it went.
  struct Moved {
    NetnsRef from;
    std::string name;
    std::string mark;
  };
  void NoteMoved(const Place& place, const kernel::Link& link);
  const std::vector<Moved>& moved() const { return moved_; }

  // Settings of a link that outlive the intent (ipv6_settings.h).
  absl::Status NoteSettings(const Place& place, int ifindex, const LinkState& settings);
  absl::StatusOr<std::optional<LinkState>> NotedSettings(const Place& place, int ifindex) const;

  // By its raw name, or kRawHost. touched() has them as the API does.
  void Touch(const std::string& netns) { touched_.insert(ShowNamespace(netns)); }
  const std::set<std::string>& touched() const { return touched_; }

  // Namespaces that processes must not live in when the intent is committed.
  struct Doomed {
    std::string name;
    std::string path;
    kernel::NetnsId netns;
    bool force = false;
    int operation = 0;
  };
  std::vector<Doomed>& doomed() { return doomed_; }

  const kernel::Ip& server() const { return environment_.server; }

 private:
  const int64_t sequence_;
  Places& places_;
  const Environment& environment_;
  int operation_ = 0;
  const Operations* operations_ = nullptr;
  int paths_ = 0;
  std::string object_;
  std::vector<Step> steps_;
  journal::Ownership ownership_;
  std::set<journal::LinkId> aside_;
  std::vector<Moved> moved_;
  std::set<std::string> touched_;
  std::vector<Doomed> doomed_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_TRANSACTION_H_
