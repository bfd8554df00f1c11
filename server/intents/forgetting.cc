// Intents: the end of a host.

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/retirement.h"
#include "server/intents/stored.h"
#include "server/intents/worker.h"

namespace warren::intents {

struct Intents::Forgetting {
  std::string name;
  Host* host = nullptr;
  std::vector<std::string> keys;
  std::function<void(absl::Status)> done;
};

void Intents::ForgetHost(const std::string& host, std::vector<std::string> keys,
                         std::function<void(absl::Status)> done) {
  auto forgetting = std::make_shared<Forgetting>();
  forgetting->name = host;
  forgetting->keys = std::move(keys);
  absl::Status refused;
  {
    MutexLock lock(&mutex_);
    if (stopping_) {
      refused = StoppingError();
    } else {
      // Made if need be: from now on nothing is accepted for it.
      forgetting->host = MakeHost(host);
      if (forgetting->host->forgetting) {
        refused = WithReason(absl::AbortedError(absl::StrCat("host ", host, " is being deleted already")),
                             "HOST_BEING_DELETED", {{"host", host}});
      } else {
        forgetting->host->forgetting = true;
      }
    }
  }
  if (!refused.ok()) {
    return Run([done = std::move(done), refused = std::move(refused)] { done(refused); });
  }
  forgetting->done = std::move(done);
  Run([this, forgetting] { ForgetMore(forgetting); });
}

void Intents::ForgetMore(const std::shared_ptr<Forgetting>& forgetting) {
  bool stopping = false;
  {
    MutexLock lock(&mutex_);
    stopping = stopping_;
    if (!stopping) {
      std::vector<Retirement> some;
      Host* const host = forgetting->host;
      const auto& rows = host->history.rows();
      for (size_t i = host->history.First(); i < rows.size() && some.size() < Retirement::kAtOnce; ++i) {
        if (rows[i].finished()) some.push_back({host, rows[i].id, rows[i].sequence});
      }
      if (!some.empty()) {
        return Retire(std::move(some), [this, forgetting](const absl::Status& status) {
          status.ok() ? ForgetMore(forgetting) : Forgotten(forgetting, status);
        });
      }
      store::Transaction transaction;
      transaction.mutations.push_back(store::Mutation::DeletePrefix(IntentsPrefix(forgetting->name)));
      transaction.mutations.push_back(store::Mutation::Delete(CursorKey(forgetting->name)));
      for (std::string& key : forgetting->keys)
        transaction.mutations.push_back(store::Mutation::Delete(std::move(key)));
      BeginCommit();
      return Commit(std::move(transaction), [this, forgetting](const absl::StatusOr<store::CommitResult>& result) {
        {
          MutexLock lock(&mutex_);
          EndCommit();
          if (result.ok()) applied_revision_ = result->revision;
        }
        Forgotten(forgetting, result.status());
      });
    }
  }
  Forgotten(forgetting, StoppingError());
}

void Intents::Forgotten(const std::shared_ptr<Forgetting>& forgetting, const absl::Status& status) {
  std::vector<IntentDone> open;
  {
    MutexLock lock(&mutex_);
    Host* const host = forgetting->host;
    host->forgetting = false;
    if (status.ok()) {
      for (auto& [sequence, entry] : host->lane.entries()) {
        for (IntentDone& wait : TakeWaits(entry)) open.push_back(std::move(wait));
        open_calls_ -= entry.cancels.size();
        for (IntentDone& cancel : entry.cancels) open.push_back(std::move(cancel));
        expiries_.erase({entry.expire_time, host, sequence});
        queued_bytes_ -= entry.body->size();
        --unfinished_;
      }
      finished_ -= host->history.size() - host->lane.entries().size();
      host->lane = Lane(options_.window);
      host->history = History();
    }
  }
  const absl::Status gone = HostNotFoundError(forgetting->name, " was deleted, and its intents with it");
  for (IntentDone& done : open) done(gone);
  if (status.ok()) {
    options_.logger.Info("host forgotten", {{"host", forgetting->name}, {"open_calls", absl::StrCat(open.size())}});
    ObserveDepth();
  }
  forgetting->done(status);
}

}  // namespace warren::intents
