#include "agent/executor/book.h"

namespace warren::executor {

absl::Status Book::Flush() {
  if (unwritten_.empty()) return absl::OkStatus();
  if (auto s = journal_.FinishAll(unwritten_); !s.ok()) return s;
  unwritten_.clear();
  return absl::OkStatus();
}

absl::Status Book::Begin(const v1::IntentResult& result) {
  {
    MutexLock lock(&mutex_);
    if (auto s = Flush(); !s.ok()) return s;
  }
  return journal_.Begin(result.sequence(), result.SerializeAsString());
}

absl::Status Book::Begin(const std::vector<journal::Opening>& openings) {
  {
    MutexLock lock(&mutex_);
    if (auto s = Flush(); !s.ok()) return s;
  }
  return journal_.BeginAll(openings);
}

void Book::Close(const std::vector<v1::IntentResult>& results) {
  MutexLock lock(&mutex_);
  for (const v1::IntentResult& result : results) {
    unwritten_.push_back({{result.sequence(), result.SerializeAsString()}, {}});
  }
  (void)Flush();
}

}  // namespace warren::executor
