#ifndef WARREN_AGENT_EXECUTOR_BOOK_H_
#define WARREN_AGENT_EXECUTOR_BOOK_H_

// How intents begin and end in the journal. A result whose steps are still in the journal would, after a crash, have
// them run again and undo what came later: so nothing begins until every result is written. A full disk refuses new
// work that way, and what could not be written is tried again with each new intent.
//
// Threading: any thread.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/journal/journal.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"

namespace warren::executor {

class Book {
 public:
  explicit Book(journal::Journal& journal) : journal_(journal) {}

  // RESOURCE_EXHAUSTED when the disk is full, and the like: nothing has begun.
  absl::Status Begin(const v1::IntentResult& result);
  absl::Status Begin(const std::vector<journal::Opening>& openings);

  // Writes these results, or keeps them until they can be written.
  void Close(const std::vector<v1::IntentResult>& results);

 private:
  absl::Status Flush() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  journal::Journal& journal_;
  Mutex mutex_;
  std::vector<journal::Closing> unwritten_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_BOOK_H_
