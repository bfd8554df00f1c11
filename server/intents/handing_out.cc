// Intents: what goes to the hosts, and their sessions.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intent_feed.h"
#include "server/intents/intents.h"
#include "server/intents/stored.h"
#include "server/intents/worker.h"

namespace warren::intents {

void Intents::HostConnected(const std::string& host, uint64_t session) {
  std::vector<IntentDone> cancels;
  Host* connected = nullptr;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return;
    connected = MakeHost(host);
    if (!connected->lane.Connect(session)) return;
    cancels = TakeAsked(connected);
    SchedulePump(connected);
  }
  AnswerAway(*connected, std::move(cancels));
}

void Intents::HostDisconnected(const std::string& host, uint64_t session) {
  std::vector<IntentDone> cancels;
  Host* gone = nullptr;
  {
    MutexLock lock(&mutex_);
    gone = FindHost(host);
    if (stopping_ || gone == nullptr || !gone->lane.Disconnect(session)) return;
    cancels = TakeAsked(gone);
  }
  AnswerAway(*gone, std::move(cancels));
}

std::vector<IntentDone> Intents::TakeAsked(Host* host) {
  std::vector<IntentDone> cancels = host->lane.TakeAsked();
  open_calls_ -= cancels.size();
  return cancels;
}

void Intents::AnswerAway(const Host& host, std::vector<IntentDone> cancels) {
  for (IntentDone& done : cancels) {
    Answer(std::move(done),
           WithReason(absl::UnavailableError(absl::StrCat("host ", host.name,
                                                          ": its agent went away before it answered whether the "
                                                          "intent has begun; try again when it is back")),
                      "HOST_AWAY", {{"host", host.name}}));
  }
}

void Intents::Started(const std::string& host, const std::vector<int64_t>& sequences) {
  struct Begun {
    int64_t sequence = 0;
    Uuid id;
    Body body;
  };
  std::vector<Begun> begun;
  MutexLock lock(&mutex_);
  Host* found = FindHost(host);
  if (stopping_ || found == nullptr) return;
  for (const int64_t sequence : sequences) {
    Entry* entry = found->lane.Find(sequence);
    if (entry == nullptr || entry->running || entry->finishing) continue;
    entry->running = true;
    begun.push_back({entry->sequence, entry->id, entry->body});
  }
  if (begun.empty()) return;
  (void)worker_->Post([this, found, begun = std::move(begun)] {
    for (const Begun& one : begun) {
      v1::Intent intent = ParseBody(one.body);
      Observe(*found, one.id, v1::Intent::QUEUED, intent, v1::Intent::RUNNING);
      intent.set_state(v1::Intent::RUNNING);
      feed_->Running(found->name, Complete(std::move(intent), found->name, one.id, one.sequence));
    }
  });
}

void Intents::SchedulePump(Host* host) {
  if (host->pump_scheduled) return;
  host->pump_scheduled = true;
  (void)worker_->Post([this, host] { Pump(host); });
}

void Intents::Pump(Host* host) {
  Lane::Output output;
  {
    MutexLock lock(&mutex_);
    host->pump_scheduled = false;
    if (stopping_) return;
    output = host->lane.Take();
    if (output.cursor != 0) {
      BeginCommit();
      Commit({{}, {store::Mutation::Put(CursorKey(host->name), EncodeCursor(output.cursor))}},
             [this, host, position = output.cursor](const absl::StatusOr<store::CommitResult>& result) {
               CursorMoved(host, position, result.status());
             });
    }
  }
  if (!output.acknowledgements.empty()) {
    dispatcher_.AcknowledgeResults(host->name, output.session, std::move(output.acknowledgements));
  }
  if (!output.deliveries.empty()) {
    std::vector<Delivery> deliveries;
    deliveries.reserve(output.deliveries.size());
    for (const Lane::HandOut& one : output.deliveries) {
      deliveries.push_back(
          {one.sequence, one.id.ToString(), std::make_shared<const v1::Intent>(ParseBody(one.body)), one.expire_time});
    }
    dispatcher_.Deliver(host->name, output.session, std::move(deliveries));
  }
  for (const int64_t sequence : output.cancels) dispatcher_.AskCancel(host->name, output.session, sequence);
}

void Intents::CursorMoved(Host* host, int64_t position, const absl::Status& status) {
  absl::Duration backoff;
  {
    MutexLock lock(&mutex_);
    if (status.ok()) {
      host->lane.CursorCommitted(position);
      host->lane.CursorSettled();
      host->cursor_backoff = absl::ZeroDuration();
    } else {
      backoff = std::clamp(host->cursor_backoff * 2, options_.backoff_min, options_.backoff_max);
      host->cursor_backoff = backoff;
      // The lane asks for no other move until this one is settled.
      if (!stopping_) {
        worker_->After(backoff, [this, host] {
          {
            MutexLock lock(&mutex_);
            host->lane.CursorSettled();
          }
          Pump(host);
        });
      }
    }
    EndCommit();
  }
  if (status.ok()) return Pump(host);
  options_.logger.Warn("send cursor not stored; trying again",
                       {{"host", host->name}, {"error", ToText(status)}, {"in", absl::FormatDuration(backoff)}});
}

}  // namespace warren::intents
