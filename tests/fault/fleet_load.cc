// Load for tests that kill servers: keeps submitting intents to many hosts until standard input ends, and knows from
// the answers what must exist in the end. Each thread owns some of the hosts and all names on them, and resubmits under
// one request_id until it is answered.
//
//   fleet_load SERVER THREADS RATE HOST...     RATE: intents a second, of all threads together
//
// Prints, at its end, one line an acknowledged intent, "intent NAME STATE" with the state it must end in, and one line
// a namespace that must exist, "netns HOST NAME".

#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/lib/client.h"
#include "proto/common/mutex.h"
#include "proto/common/names.h"

namespace warren {
namespace {

constexpr size_t kMostPerHost = 12;

class Load {
 public:
  Load(std::string server, std::vector<std::string> hosts, size_t threads, double rate)
      : server_(std::move(server)), hosts_(std::move(hosts)) {
    for (size_t i = 0; i < threads; ++i) {
      threads_.emplace_back(
          [this, i, threads, pause = absl::Seconds(static_cast<double>(threads) / rate)] { Run(i, threads, pause); });
    }
  }

  int Finish() {
    stop_ = true;
    threads_.clear();
    for (const std::string& line : lines_) printf("%s\n", line.c_str());
    return failed_ ? 1 : 0;
  }

 private:
  struct Model {
    std::string host;
    std::set<std::string> existing;
    int serial = 0;
  };

  void Run(size_t index, size_t threads, absl::Duration pause) {
    std::mt19937 random(static_cast<unsigned>(index) * 7919 + 1);
    auto client = client::Client::Connect(server_);
    if (!client.ok()) return Fail(client.status());
    std::vector<Model> models;
    for (size_t i = index; i < hosts_.size(); i += threads) models.push_back({hosts_[i], {}, 0});
    absl::Time next = absl::Now();
    while (!stop_) {
      Model& model = models[random() % models.size()];
      if (!Submit(**client, model, random)) return;
      next = std::max(next + pause, absl::Now() - absl::Seconds(1));  // a server that was away is caught up with
      absl::SleepFor(next - absl::Now());
    }
    MutexLock lock(&mutex_);
    for (const Model& model : models) {
      for (const std::string& name : model.existing) lines_.push_back(absl::StrCat("netns ", model.host, " ", name));
    }
  }

  bool Submit(client::Client& client, Model& model, std::mt19937& random) {
    v1::CreateIntentRequest request;
    request.set_parent(HostName(model.host));
    request.set_request_id(NewUuid());
    const char* expected = "SUCCEEDED";
    std::string made, gone;
    const unsigned dice = random() % 100;
    if (!model.existing.empty() && (dice < 40 || model.existing.size() >= kMostPerHost)) {
      gone = *std::next(model.existing.begin(), static_cast<long>(random() % model.existing.size()));
      request.mutable_intent()->add_operations()->mutable_delete_namespace()->set_namespace_(gone);
    } else {
      made = absl::StrCat("n", ++model.serial);
      request.mutable_intent()->add_operations()->mutable_create_namespace()->set_namespace_(made);
      if (dice > 90) {  // fails at its second operation: the first must be undone
        request.mutable_intent()->add_operations()->mutable_create_namespace()->set_namespace_(made);
        expected = "FAILED";
        made.clear();
      }
    }
    const auto intent = client.Submit(request, absl::Now() + absl::Minutes(5));
    if (!intent.ok()) {
      Fail(intent.status());
      return false;
    }
    if (!made.empty()) model.existing.insert(made);
    if (!gone.empty()) model.existing.erase(gone);
    MutexLock lock(&mutex_);
    lines_.push_back(absl::StrCat("intent ", intent->name(), " ", expected));
    return true;
  }

  void Fail(const absl::Status& status) {
    fprintf(stderr, "fleet_load: %s\n", status.ToString().c_str());
    failed_ = true;
  }

  const std::string server_;
  const std::vector<std::string> hosts_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> failed_ = false;
  Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace
}  // namespace warren

int main(int argc, char** argv) {
  size_t threads = 0;
  double rate = 0;
  if (argc < 5 || !absl::SimpleAtoi(argv[2], &threads) || threads == 0 || !absl::SimpleAtod(argv[3], &rate) ||
      rate <= 0) {
    fprintf(stderr, "usage: fleet_load SERVER THREADS RATE HOST...\n");
    return 2;
  }
  std::vector<std::string> hosts(argv + 4, argv + argc);
  warren::Load load(argv[1], hosts, std::min(threads, hosts.size()), rate);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return load.Finish();
}
