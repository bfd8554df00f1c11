#ifndef WARREN_SERVER_HOSTS_HOLDER_QUERIES_H_
#define WARREN_SERVER_HOSTS_HOLDER_QUERIES_H_

// What agents have been asked about the holders of namespaces, and have not answered yet. Each query ends once: with
// the answer, with the session that it was asked in, when its time is over, or when nobody wants to know any more.
//
// Threading: every method may be called from any thread. One thread of its own, which ends what is late. `done` is
// called on whichever thread ends the query, under no lock. Cost: some 200 bytes a query, and at most `in_all` of them.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"

namespace warren::hosts {

class HolderQueries {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  using Done = std::function<void(absl::StatusOr<v1::HoldersAnswer>)>;
  struct Limits {
    size_t per_host = 16;
    size_t in_all = 1000;
  };

  HolderQueries() : HolderQueries(Limits{}) {}
  explicit HolderQueries(Limits limits);
  // What is pending ends with UNAVAILABLE.
  ~HolderQueries();
  HolderQueries(const HolderQueries&) = delete;
  HolderQueries& operator=(const HolderQueries&) = delete;

  // Returns the number to ask under; `done` may be called before this returns. RESOURCE_EXHAUSTED, with when to retry:
  // so many are pending already, and `done` is not called.
  absl::StatusOr<uint64_t> Begin(const std::string& host, uint64_t session, Steady until, Done done);
  // Unknown numbers, and those of another session, are passed over: it was over before.
  void Answer(uint64_t session, v1::HoldersAnswer answer);
  void End(uint64_t query, const absl::Status& why);
  // Of a host that went away.
  void EndSession(uint64_t session, const absl::Status& why);

  size_t pending() const;

 private:
  struct Query {
    std::string host;
    uint64_t session = 0;
    Steady until;
    Done done;
  };

  Done Take(uint64_t query) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndLate();

  const Limits limits_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Query> queries_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, size_t> by_host_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<Steady, uint64_t>> by_time_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HOLDER_QUERIES_H_
