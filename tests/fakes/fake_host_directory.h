#ifndef WARREN_TESTS_FAKES_FAKE_HOST_DIRECTORY_H_
#define WARREN_TESTS_FAKES_FAKE_HOST_DIRECTORY_H_

// A HostDirectory that knows what it was told.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "proto/common/mutex.h"
#include "server/intents/host_directory.h"

namespace warren::intents {

class FakeHostDirectory : public HostDirectory {
 public:
  void Add(const std::string& host) {
    MutexLock lock(&mutex_);
    known_.insert(host);
  }
  void Remove(const std::string& host) {
    MutexLock lock(&mutex_);
    known_.erase(host);
  }
  // What CheckCapabilities says of this host.
  void Lacks(const std::string& host, absl::Status status) {
    MutexLock lock(&mutex_);
    lacks_[host] = std::move(status);
  }

  void Label(const std::string& host, const std::string& key, const std::string& value) {
    MutexLock lock(&mutex_);
    labels_[host][key] = value;
  }

  bool Known(const std::string& host) const override {
    MutexLock lock(&mutex_);
    return known_.contains(host);
  }
  absl::Status CheckCapabilities(const std::string& host, const Operations&) const override {
    MutexLock lock(&mutex_);
    const auto it = lacks_.find(host);
    return it == lacks_.end() ? absl::OkStatus() : it->second;
  }
  std::shared_ptr<const Labels> LabelsOf(const std::string& host) const override {
    MutexLock lock(&mutex_);
    const auto it = labels_.find(host);
    return it == labels_.end() ? nullptr : std::make_shared<const Labels>(it->second);
  }
  void Introduce(const std::string& host) override {
    MutexLock lock(&mutex_);
    introduced_.push_back(host);
  }

  // The hosts introduced since the last call, in order.
  std::vector<std::string> TakeIntroduced() {
    MutexLock lock(&mutex_);
    return std::exchange(introduced_, {});
  }

 private:
  mutable Mutex mutex_;
  std::set<std::string> known_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status> lacks_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Labels> labels_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> introduced_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::intents

#endif  // WARREN_TESTS_FAKES_FAKE_HOST_DIRECTORY_H_
