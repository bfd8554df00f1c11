#ifndef WARREN_AGENT_SESSION_HOLDER_FINDER_H_
#define WARREN_AGENT_SESSION_HOLDER_FINDER_H_

// Answers what the server asks about the holders of a namespace (kernel/holders.h), one question after the other: a
// look around takes as long as there are processes.
//
// Threading: any thread; one of its own looks. Cost: kernel/holders.h, 5 s a question at most. RESOURCE_EXHAUSTED is
// the answer to more than 16 that wait.

#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "agent/kernel/netns.h"
#include "agent/session/outbox.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"

namespace warren::session {

class HolderFinder {
 public:
  // In the host's namespace.
  static absl::StatusOr<std::unique_ptr<HolderFinder>> Start(std::string netns_dir);
  // What is not answered is dropped; waits for the look that is under way.
  ~HolderFinder();
  HolderFinder(const HolderFinder&) = delete;
  HolderFinder& operator=(const HolderFinder&) = delete;

  // The answer is put into the outbox. Does not block.
  void Find(v1::FindHolders question, std::shared_ptr<Outbox> outbox);

 private:
  struct Question {
    v1::FindHolders asked;
    std::shared_ptr<Outbox> outbox;
  };

  HolderFinder(std::string netns_dir, kernel::NetnsWorker worker);
  void Run();
  absl::Status Look(const std::string& netns, v1::HoldersAnswer& answer);

  const kernel::NetnsDir dir_;
  kernel::NetnsWorker worker_;  // the thread's
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Question> questions_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_HOLDER_FINDER_H_
