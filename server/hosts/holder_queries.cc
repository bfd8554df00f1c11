#include "server/hosts/holder_queries.h"

#include <pthread.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/common/status_payload.h"

namespace warren::hosts {

HolderQueries::HolderQueries(Limits limits) : limits_(limits), thread_([this] { EndLate(); }) {}

HolderQueries::~HolderQueries() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
  std::vector<Done> left;
  {
    MutexLock lock(&mutex_);
    while (!queries_.empty()) left.push_back(Take(queries_.begin()->first));
  }
  for (const Done& done : left) done(absl::UnavailableError("the server is shutting down"));
}

absl::StatusOr<uint64_t> HolderQueries::Begin(const std::string& host, uint64_t session, Steady until, Done done) {
  MutexLock lock(&mutex_);
  const auto of_host = by_host_.find(host);
  if (of_host != by_host_.end() && of_host->second >= limits_.per_host) {
    return ExhaustedError(absl::StrCat("host ", host, " is being asked about ", of_host->second, " namespaces already"),
                          absl::Seconds(1));
  }
  if (queries_.size() >= limits_.in_all) {
    return ExhaustedError(absl::StrCat("agents are being asked about ", queries_.size(), " namespaces already"),
                          absl::Seconds(1));
  }
  const uint64_t query = ++last_;
  ++by_host_[host];
  queries_.emplace(query, Query{host, session, until, std::move(done)});
  const auto place = by_time_.emplace(until, query).first;
  if (place == by_time_.begin()) changed_.SignalAll();
  return query;
}

HolderQueries::Done HolderQueries::Take(uint64_t query) {
  const auto found = queries_.find(query);
  if (found == queries_.end()) return nullptr;
  const auto of_host = by_host_.find(found->second.host);
  if (--of_host->second == 0) by_host_.erase(of_host);
  by_time_.erase({found->second.until, query});
  Done done = std::move(found->second.done);
  queries_.erase(found);
  return done;
}

void HolderQueries::Answer(uint64_t session, v1::HoldersAnswer answer) {
  Done done;
  {
    MutexLock lock(&mutex_);
    const auto found = queries_.find(answer.query());
    if (found == queries_.end() || found->second.session != session) return;
    done = Take(answer.query());
  }
  done(std::move(answer));
}

void HolderQueries::End(uint64_t query, const absl::Status& why) {
  Done done;
  {
    MutexLock lock(&mutex_);
    done = Take(query);
  }
  if (done) done(why);
}

void HolderQueries::EndSession(uint64_t session, const absl::Status& why) {
  std::vector<Done> ended;
  {
    MutexLock lock(&mutex_);
    std::vector<uint64_t> queries;
    for (const auto& [number, query] : queries_) {
      if (query.session == session) queries.push_back(number);
    }
    for (const uint64_t number : queries) ended.push_back(Take(number));
  }
  for (const Done& done : ended) done(why);
}

size_t HolderQueries::pending() const {
  MutexLock lock(&mutex_);
  return queries_.size();
}

void HolderQueries::EndLate() {
  pthread_setname_np(pthread_self(), "holder-queries");
  while (true) {
    std::string host;
    Done late;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && (by_time_.empty() || by_time_.begin()->first > std::chrono::steady_clock::now())) {
        if (by_time_.empty()) {
          changed_.Wait(&mutex_);
        } else {
          changed_.WaitUntil(&mutex_, by_time_.begin()->first);
        }
      }
      if (stopping_) return;
      const uint64_t query = by_time_.begin()->second;
      host = queries_.at(query).host;
      late = Take(query);
    }
    late(absl::DeadlineExceededError(absl::StrCat(
        "the agent of host ", host,
        " did not answer in time; an agent of an earlier version never does: update it, or look there with "
        "`ip netns pids` and `lsns -t net`")));
  }
}

}  // namespace warren::hosts
