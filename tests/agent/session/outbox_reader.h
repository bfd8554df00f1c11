#ifndef WARREN_TESTS_AGENT_SESSION_OUTBOX_READER_H_
#define WARREN_TESTS_AGENT_SESSION_OUTBOX_READER_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/session/outbox.h"
#include "proto/common/mutex.h"

namespace warren::session {

// What a report says in one line: "begin +red=1 -blue end | started 3 | SUCCEEDED 4".
inline std::string Text(const v1::AgentMessage& message) {
  std::vector<std::string> words;
  const v1::Report& report = message.report();
  if (!message.has_report()) return message.ShortDebugString();
  if (report.inventory().full_begin()) words.push_back("begin");
  for (const v1::Namespace& netns : report.inventory().namespaces()) {
    words.push_back(absl::StrCat("+", netns.name(), "=", netns.nsid()));
  }
  for (const std::string& name : report.inventory().removed()) words.push_back("-" + name);
  if (report.inventory().full_end()) words.push_back("end");
  for (const int64_t sequence : report.started()) words.push_back(absl::StrCat("started ", sequence));
  for (const v1::IntentResult& result : report.results()) {
    words.push_back(absl::StrCat(v1::Intent::State_Name(result.state()), " ", result.sequence()));
  }
  return absl::StrJoin(words, " ");
}

// A session's outbox, and the stream that empties it: one message whenever the test asks.
class OutboxReader {
 public:
  OutboxReader() {
    // Shared: who puts may still be ringing when the reader is gone.
    outbox_->SetWake([bell = bell_] {
      MutexLock lock(&bell->mutex);
      bell->changed.SignalAll();
    });
  }
  ~OutboxReader() { outbox_->Close(); }

  std::shared_ptr<Outbox> outbox() const { return outbox_; }

  v1::AgentMessage Next() {
    MutexLock lock(&bell_->mutex);
    while (true) {
      if (auto message = outbox_->Take()) {
        outbox_->Written();
        return *std::move(message);
      }
      bell_->changed.Wait(&bell_->mutex);
    }
  }
  // Reports joined by " | ", until one whose text holds this; messages that say only that intents have begun are left
  // out.
  std::string Until(const std::string& last) {
    std::vector<std::string> all;
    do {
      std::string text = Text(Next());
      if (text.rfind("started", 0) != 0 || text.find(last) != std::string::npos) all.push_back(std::move(text));
    } while (all.empty() || all.back().find(last) == std::string::npos);
    return absl::StrJoin(all, " | ");
  }

 private:
  struct Bell {
    Mutex mutex;
    CondVar changed;
  };

  const std::shared_ptr<Outbox> outbox_ = std::make_shared<Outbox>();
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
};

}  // namespace warren::session

#endif  // WARREN_TESTS_AGENT_SESSION_OUTBOX_READER_H_
