// Intents: Get, and how an intent is read.

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/snapshot.h"
#include "server/intents/stored.h"

namespace warren::intents {

absl::Status Intents::NotFound(std::string_view host, std::string_view id) {
  return WithResource(WithReason(absl::NotFoundError(absl::StrCat(
                                     "host ", absl::string_view(host.data(), host.size()), ": there is no intent ",
                                     absl::string_view(id.data(), id.size()), "; ListIntents shows those there are")),
                                 "INTENT_NOT_FOUND"),
                      "warren.v1.Intent", IntentName(host, id));
}

std::optional<Intents::Snapshot> Intents::Look(const Host* host, const Uuid& id) const {
  const History::Row* row = host == nullptr ? nullptr : host->history.Find(id);
  if (row == nullptr) return std::nullopt;
  Snapshot snapshot{host->name, id, row->sequence, row->state, nullptr, 0};
  if (row->finished()) return snapshot;
  const Entry& entry = host->lane.entries().at(row->sequence);
  if (entry.running) snapshot.state = v1::Intent::RUNNING;
  snapshot.body = entry.body;
  return snapshot;
}

absl::StatusOr<Intents::Snapshot> Intents::Look(std::string_view host, std::string_view id) const {
  const auto uuid = Uuid::Parse(id);
  if (!uuid) return NotFound(host, id);
  MutexLock lock(&mutex_);
  auto snapshot = Look(FindHost(host), *uuid);
  if (!snapshot) return NotFound(host, id);
  return *std::move(snapshot);
}

absl::StatusOr<v1::Intent> Intents::Read(const Snapshot& snapshot) const {
  v1::Intent intent;
  if (snapshot.finished()) {
    auto row = kv_.Get(IntentKey(snapshot.host, snapshot.id), snapshot.revision);
    if (absl::IsNotFound(row.status())) return NotFound(snapshot.host, snapshot.id.ToString());  // retired meanwhile
    if (!row.ok()) return row.status();
    auto stored = DecodeIntent(*row);
    if (!stored.ok()) return stored.status();
    intent = std::move(stored->intent);
  } else {
    intent = ParseBody(snapshot.body);
    intent.set_state(snapshot.state);
  }
  return Complete(std::move(intent), snapshot.host, snapshot.id, snapshot.sequence);
}

absl::StatusOr<v1::Intent> Intents::Get(std::string_view host, std::string_view id) {
  auto snapshot = Look(host, id);
  if (!snapshot.ok()) return snapshot.status();
  return Read(*snapshot);
}

}  // namespace warren::intents
