#include "server/hosts/outbox.h"

#include <utility>

namespace warren::hosts {
namespace {

// Tag and length in front of each intent of a message.
constexpr size_t kFraming = 16;

}  // namespace

bool Outbox::Add(std::vector<intents::Delivery> deliveries) {
  if (!Fits(deliveries.size())) return false;
  for (intents::Delivery& delivery : deliveries) items_.push_back(std::move(delivery));
  return true;
}

bool Outbox::AddCancel(int64_t sequence) {
  if (!Fits(1)) return false;
  items_.push_back(Cancel{sequence});
  return true;
}

bool Outbox::AddAcknowledged(const std::vector<int64_t>& sequences) {
  if (!Fits(sequences.size())) return false;
  for (const int64_t sequence : sequences) items_.push_back(Acknowledged{sequence});
  return true;
}

bool Outbox::Add(v1::OpenExec open) {
  if (!Fits(1)) return false;
  items_.push_back(std::move(open));
  return true;
}

bool Outbox::Add(v1::FindHolders question) {
  if (!Fits(1)) return false;
  items_.push_back(std::move(question));
  return true;
}

std::optional<v1::ServerMessage> Outbox::Next(absl::Time now) {
  if (items_.empty()) return std::nullopt;
  v1::ServerMessage message;
  if (auto* welcome = std::get_if<v1::Welcome>(&items_.front())) {
    *message.mutable_welcome() = std::move(*welcome);
    items_.pop_front();
  } else if (const auto* cancel = std::get_if<Cancel>(&items_.front())) {
    message.mutable_cancel()->set_sequence(cancel->sequence);
    items_.pop_front();
  } else if (auto* open = std::get_if<v1::OpenExec>(&items_.front())) {
    *message.mutable_open_exec() = std::move(*open);
    items_.pop_front();
  } else if (auto* question = std::get_if<v1::FindHolders>(&items_.front())) {
    *message.mutable_find_holders() = std::move(*question);
    items_.pop_front();
  } else if (std::holds_alternative<intents::Delivery>(items_.front())) {
    TakeDeliveries(now, *message.mutable_deliver());
  } else {
    TakeAcknowledged(*message.mutable_results_acknowledged());
  }
  return message;
}

void Outbox::TakeDeliveries(absl::Time now, v1::Deliver& message) {
  size_t bytes = 0;
  while (!items_.empty()) {
    const auto* delivery = std::get_if<intents::Delivery>(&items_.front());
    if (delivery == nullptr) return;
    v1::IntentDelivery one;
    one.set_sequence(delivery->sequence);
    one.set_intent_id(delivery->intent_id);
    *one.mutable_operations() = delivery->intent->operations();
    if (delivery->expire_time != absl::InfiniteFuture()) {
      const int64_t left = absl::ToInt64Nanoseconds(delivery->expire_time - now);
      one.mutable_expires_in()->set_seconds(left / 1'000'000'000);
      one.mutable_expires_in()->set_nanos(static_cast<int32_t>(left % 1'000'000'000));
    }
    const size_t size = one.ByteSizeLong() + kFraming;
    if (message.intents_size() > 0 && bytes + size > limits_.message_bytes) return;
    bytes += size;
    *message.add_intents() = std::move(one);
    items_.pop_front();
  }
}

void Outbox::TakeAcknowledged(v1::ResultsAcknowledged& message) {
  while (!items_.empty() && static_cast<size_t>(message.sequences_size()) < limits_.message_items) {
    const auto* acknowledged = std::get_if<Acknowledged>(&items_.front());
    if (acknowledged == nullptr) return;
    message.add_sequences(acknowledged->sequence);
    items_.pop_front();
  }
}

}  // namespace warren::hosts
