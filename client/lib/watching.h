#ifndef WARREN_CLIENT_LIB_WATCHING_H_
#define WARREN_CLIENT_LIB_WATCHING_H_

// Watch over one of the three streams; see watch.h. Not installed: it knows gRPC.

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "client/lib/retry.h"
#include "client/lib/status.h"
#include "client/lib/watch.h"
#include "client/lib/watch_stream.h"

namespace warren::client {

// Traits of a kind of resource: Item, Request, Response, Event, and static functions
//   Start(stub, context, request, reactor), Change(event type) and Take(event) -> Item.
template <typename Traits>
class Watching : public Watch<typename Traits::Item> {
 public:
  using Item = typename Traits::Item;
  using Stub = typename Traits::Stub;
  using Stream = WatchStream<typename Traits::Request, typename Traits::Response>;

  Watching(std::shared_ptr<Stub> stub, typename Traits::Request request, RetryOptions retry)
      : stub_(std::move(stub)),
        request_(std::move(request)),
        retry_(std::move(retry)),
        backoff_(retry_),
        told_(request_.after_revision()) {}

  absl::StatusOr<WatchEvent<Item>> Next(absl::Time deadline) override {
    const auto until = Until(deadline);
    while (true) {
      if (!events_.empty()) return TakeEvent();
      if (!final_.ok()) return final_;
      if (Stopped()) return Over();
      if (stream_ == nullptr) {
        if (!Pause(until)) return Stopped() ? Over() : lost_;
        stream_ = std::make_unique<Stream>(mailbox_, request_, [this](auto* context, auto* request, auto* reactor) {
          Traits::Start(*stub_, context, request, reactor);
        });
      }
      if (absl::Status status = Receive(until); !status.ok()) return status;
    }
  }

  void Stop() override {
    MutexLock lock(&mailbox_->mutex);
    mailbox_->stopped = true;
    mailbox_->news.SignalAll();
  }

  int64_t revision() const override { return told_; }

 private:
  using Clock = std::chrono::steady_clock;

  static Clock::time_point Until(absl::Time deadline) {
    // A year is for ever; more does not fit the clock.
    const absl::Duration left = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Hours(24 * 365));
    return Clock::now() + absl::ToChronoNanoseconds(left);
  }

  bool Stopped() {
    MutexLock lock(&mailbox_->mutex);
    return mailbox_->stopped;
  }

  // What Next returns once it was stopped.
  absl::Status Over() {
    stream_ = nullptr;
    return absl::CancelledError("the watch was stopped");
  }

  // Waits for the time of the next attempt. False: the deadline or Stop came first.
  bool Pause(Clock::time_point until) {
    MutexLock lock(&mailbox_->mutex);
    while (!mailbox_->stopped) {
      const auto now = Clock::now();
      if (now >= next_attempt_) return true;
      if (now >= until) return false;
      mailbox_->news.WaitUntil(&mailbox_->mutex, std::min(until, next_attempt_));
    }
    return false;
  }

  // Waits for the stream to say something and takes it. Not OK: what Next returns.
  absl::Status Receive(Clock::time_point until) {
    auto news = stream_->Wait(until);
    if (news.answered) lost_ = absl::OkStatus();
    if (news.stopped) return Over();
    if (news.full) {
      stream_->Resume();
      backoff_ = Backoff(retry_);
      Enqueue(news.response);
    } else if (news.ended) {
      stream_ = nullptr;
      Ended(news.status.ok() ? absl::UnavailableError("the server ended the stream") : FromGrpc(news.status));
    } else {
      return lost_.ok() ? absl::DeadlineExceededError("nothing happened within the time given") : lost_;
    }
    return absl::OkStatus();
  }

  void Enqueue(typename Traits::Response& response) {
    for (auto& event : *response.mutable_events()) {
      events_.push_back({Traits::Change(event.type()), Traits::Take(event), event.revision()});
      in_snapshot_ = true;
    }
    if (response.revision() > 0) {
      in_snapshot_ = false;
      request_.set_after_revision(response.revision());
    }
    told_with_last_ = response.revision();
    if (events_.empty() && told_with_last_ > 0) told_ = told_with_last_;
  }

  WatchEvent<Item> TakeEvent() {
    WatchEvent<Item> event = std::move(events_.front());
    events_.pop_front();
    if (event.change == WatchChange::kRestarted) told_ = 0;
    if (events_.empty() && told_with_last_ > 0) told_ = told_with_last_;
    return event;
  }

  // Says how to go on.
  void Ended(const absl::Status& why) {
    const bool gone = absl::IsOutOfRange(why) && request_.after_revision() > 0;
    const bool slow = absl::IsResourceExhausted(why) && ReasonOf(why) == "SLOW_WATCH";
    if (!gone && !slow && !IsWorthRetrying(retry_, why)) {
      final_ = why;
      return;
    }
    if (gone || (in_snapshot_ && request_.after_revision() == 0)) {
      request_.set_after_revision(0);
      in_snapshot_ = false;
      told_with_last_ = 0;
      events_.push_back({WatchChange::kRestarted, Item(), 0});
    }
    if (gone) return;  // at once
    lost_ = why;
    next_attempt_ = Clock::now() + absl::ToChronoNanoseconds(backoff_.Next(why));
    retry_.on_retry(why);
  }

  const std::shared_ptr<Stub> stub_;
  typename Traits::Request request_;  // as it is to be asked next
  const RetryOptions retry_;
  Backoff backoff_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::unique_ptr<Stream> stream_;
  std::deque<WatchEvent<Item>> events_;
  bool in_snapshot_ = false;    // some of a snapshot was told, not all
  int64_t told_ = 0;            // revision()
  int64_t told_with_last_ = 0;  // what told_ becomes with the last of events_; 0: stays
  absl::Status lost_;           // why there is no server; OK: there is
  absl::Status final_;          // what it all ended with
  Clock::time_point next_attempt_ = Clock::now();
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_WATCHING_H_
