#include "server/intents/lane.h"

#include <algorithm>
#include <utility>

namespace warren::intents {

v1::Intent ParseBody(const Body& body) {
  v1::Intent intent;
  (void)intent.ParseFromString(*body);  // it was serialized from one
  return intent;
}

void Lane::Append(Entry entry) {
  const int64_t sequence = entry.sequence;
  entries_.emplace_hint(entries_.end(), sequence, std::move(entry));
}

Entry* Lane::Find(int64_t sequence) {
  const auto it = entries_.find(sequence);
  return it == entries_.end() ? nullptr : &it->second;
}

Entry Lane::Remove(int64_t sequence) {
  auto node = entries_.extract(sequence);
  return std::move(node.mapped());
}

bool Lane::Connect(uint64_t session) {
  if (session <= session_) return false;
  session_ = session;
  connected_ = true;
  sent_ = 0;
  acknowledgements_.clear();
  cancels_.clear();
  return true;
}

bool Lane::Disconnect(uint64_t session) {
  if (!connected_ || session != session_) return false;
  connected_ = false;
  acknowledgements_.clear();
  cancels_.clear();
  return true;
}

void Lane::CursorCommitted(int64_t position) { cursor_ = std::max(cursor_, position); }

bool Lane::BeginAccept(size_t count) {
  // Whatever is accepted and not yet behind the cursor would be dragged along, past the window.
  const bool nothing_waits = entries_.empty() || !BeyondCursor(entries_.rbegin()->first);
  const bool direct = connected_ && !cursor_moving_ && accepting_ == 0 && nothing_waits &&
                      HandedOut() + accepting_direct_ + count <= window_;
  (direct ? accepting_direct_ : accepting_) += count;
  return direct;
}

void Lane::EndAccept(size_t count, bool direct) { (direct ? accepting_direct_ : accepting_) -= count; }

void Lane::Acknowledge(int64_t sequence) {
  if (connected_) acknowledgements_.push_back(sequence);
}

void Lane::AskCancel(Entry& entry) {
  if (entry.asked) return;
  entry.asked = true;
  cancels_.push_back(entry.sequence);
}

std::vector<std::function<void(absl::StatusOr<v1::Intent>)>> Lane::TakeAsked() {
  std::vector<std::function<void(absl::StatusOr<v1::Intent>)>> taken;
  for (auto it = entries_.begin(); it != entries_.end() && it->first <= cursor_; ++it) {
    Entry& entry = it->second;
    if (!entry.asked || entry.finishing) continue;
    entry.asked = false;
    for (auto& cancel : entry.cancels) taken.push_back(std::move(cancel));
    entry.cancels.clear();
  }
  return taken;
}

Lane::Output Lane::Take() {
  Output output;
  if (!connected_) return output;
  output.session = session_;
  output.acknowledgements = std::exchange(acknowledgements_, {});
  output.cancels = std::exchange(cancels_, {});
  auto it = entries_.upper_bound(sent_);
  for (; it != entries_.end() && it->first <= cursor_; ++it) {
    const Entry& entry = it->second;
    if (!entry.finishing) output.deliveries.push_back({entry.sequence, entry.id, entry.body, entry.expire_time});
  }
  sent_ = std::max(sent_, cursor_);
  if (!cursor_moving_ && it != entries_.end()) {
    const size_t taken = HandedOut() + accepting_direct_;
    for (size_t room = taken < window_ ? window_ - taken : 0; room > 0 && it != entries_.end(); --room, ++it) {
      output.cursor = it->first;
    }
    cursor_moving_ = output.cursor != 0;
  }
  return output;
}

size_t Lane::HandedOut() const {
  size_t count = 0;
  for (auto it = entries_.begin(); it != entries_.end() && it->first <= cursor_; ++it) {
    count += it->second.finishing ? 0 : 1;
  }
  return count;
}

}  // namespace warren::intents
