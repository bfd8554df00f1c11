// Everything at once, for ThreadSanitizer and for the rules that hold whatever the timing: an agent that breaks off and
// comes back, callers that submit, repeat, cancel, wait and list.

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

// Applies what is new in the order given, repeats results until they are acknowledged, and says so when it would have
// applied one twice or out of order.
class AgentModel : public Dispatcher {
 public:
  void Attach(Intents& queue) { queue_ = &queue; }

  void Deliver(const std::string& host, uint64_t session, std::vector<Delivery> deliveries) override {
    std::vector<v1::IntentResult> results;
    {
      MutexLock lock(&mutex_);
      if (session != sessions_[host]) return;
      Journal& journal = journals_[host];
      int64_t before = journal.last_in_session;
      for (const Delivery& delivery : deliveries) {
        EXPECT_GT(delivery.sequence, before) << "out of order within a session of " << host;
        before = delivery.sequence;
        auto [it, is_new] = journal.results.try_emplace(delivery.sequence);
        if (is_new) {
          EXPECT_EQ(it->first, journal.results.rbegin()->first) << "new to the host, but older than what it has";
          it->second.set_sequence(delivery.sequence);
          it->second.set_intent_id(delivery.intent_id);
          it->second.set_state(delivery.sequence % 5 == 0 ? v1::Intent::FAILED : v1::Intent::SUCCEEDED);
        }
        results.push_back(it->second);
      }
      journal.last_in_session = before;
    }
    std::vector<int64_t> started;
    for (const v1::IntentResult& result : results) started.push_back(result.sequence());
    queue_->Started(host, started);
    queue_->Finished(host, std::move(results));
  }
  void AskCancel(const std::string& host, uint64_t, int64_t sequence) override {
    queue_->CancelAnswered(host, sequence, false, "finished");
  }
  void AcknowledgeResults(const std::string& host, uint64_t, std::vector<int64_t> sequences) override {
    MutexLock lock(&mutex_);
    for (const int64_t sequence : sequences) {
      EXPECT_TRUE(journals_[host].results.contains(sequence)) << "acknowledged what was never finished";
    }
  }

  void Connect(const std::string& host) {
    uint64_t session = 0;
    {
      MutexLock lock(&mutex_);
      session = ++sessions_[host];
      journals_[host].last_in_session = 0;
    }
    queue_->HostConnected(host, session);
  }
  void Disconnect(const std::string& host) {
    uint64_t session = 0;
    {
      MutexLock lock(&mutex_);
      session = sessions_[host]++;  // what is on its way to it is lost
    }
    queue_->HostDisconnected(host, session);
  }
  std::map<int64_t, v1::IntentResult> results(const std::string& host) {
    MutexLock lock(&mutex_);
    return journals_[host].results;
  }

 private:
  struct Journal {
    std::map<int64_t, v1::IntentResult> results;
    int64_t last_in_session = 0;
  };
  Intents* queue_ = nullptr;
  Mutex mutex_;
  std::map<std::string, uint64_t> sessions_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Journal> journals_ ABSL_GUARDED_BY(mutex_);
};

class StressTest : public QueueTest {};
INSTANTIATE_TEST_SUITE_P(Stores, StressTest, Stores(), StoreName);

TEST_P(StressTest, EveryIntentEndsOnceAsItsHostSaidWhateverComesInBetween) {
  constexpr int kCallers = 4, kEach = 60;
  options_.window = 8;
  options_.clock = [] { return absl::Now(); };
  AgentModel agent;
  auto opened = Intents::Open(gate_, agent, directory_, options_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Intents& queue = **opened;
  agent.Attach(queue);
  const std::vector<std::string> hosts = {"h1", "h2"};
  for (const std::string& host : hosts) agent.Connect(host);

  Mutex mutex;
  std::map<std::string, v1::Intent> accepted;  // by name
  std::set<std::string> cancelled;
  std::atomic<bool> done = false;
  {
    std::jthread flapping([&] {
      std::mt19937 random(1);
      while (!done) {
        const std::string& host = hosts[random() % 2];
        if (random() % 2 == 0) agent.Disconnect(host);
        agent.Connect(host);
        ListRequest request;
        request.host = random() % 2 == 0 ? "-" : host;
        EXPECT_TRUE(queue.List(request).ok());
      }
    });
    std::jthread failing([&] {
      while (!done) {
        gate_.FailWith(absl::UnavailableError("disk on fire"));
        std::this_thread::yield();
        gate_.FailWith(absl::OkStatus());
        std::this_thread::yield();
      }
    });
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] {
        std::mt19937 random(caller + 10);
        for (int i = 0; i < kEach; ++i) {
          const std::string& host = hosts[random() % 2];
          const std::string id = NewUuid();
          // Retries blindly, as controllers do.
          absl::StatusOr<v1::Intent> intent = absl::UnknownError("");
          while (!intent.ok()) {
            Reply reply;
            queue.Accept(Request(host, absl::StrCat("n", caller, "-", i), id), reply.Done());
            intent = reply.Await();
            ASSERT_TRUE(intent.ok() || intent.status().message() == "disk on fire") << intent.status();
          }
          {
            MutexLock lock(&mutex);
            accepted[intent->name()] = *intent;
          }
          if (random() % 4 == 0) {
            Reply cancel;
            queue.Cancel(host, id, cancel.Done());
            const auto answer = cancel.Await();
            if (answer.ok()) {
              EXPECT_EQ(answer->state(), v1::Intent::CANCELLED);
              MutexLock lock(&mutex);
              cancelled.insert(intent->name());
            }
          }
          Reply wait;
          const WaitId wait_id = queue.Wait(host, id, absl::Seconds(random() % 2), wait.Done());
          if (random() % 3 == 0) queue.StopWaiting(wait_id);
        }
      });
    }
    callers.clear();
    done = true;
  }
  gate_.FailWith(absl::OkStatus());
  for (const std::string& host : hosts) agent.Connect(host);
  EXPECT_EQ(accepted.size(), static_cast<size_t>(kCallers * kEach));
  for (const auto& [name, intent] : accepted) {
    Reply wait;
    queue.Wait(HostOf(intent), IdOf(intent), absl::InfiniteDuration(), wait.Done());
    const auto finished = wait.Await();
    ASSERT_TRUE(finished.ok()) << finished.status();
    const auto results = agent.results(HostOf(intent));
    const auto result = results.find(intent.sequence());
    if (cancelled.contains(name)) {
      EXPECT_EQ(finished->state(), v1::Intent::CANCELLED);
      EXPECT_EQ(result, results.end()) << "cancelled, and yet it was handed out";
    } else {
      ASSERT_NE(result, results.end());
      EXPECT_EQ(finished->state(), result->second.state());
    }
  }
  EXPECT_EQ(queue.QueuedCount("h1") + queue.QueuedCount("h2"), 0u);
  queue.Stop();
}

}  // namespace
}  // namespace warren::intents
