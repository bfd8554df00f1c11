#ifndef WARREN_SERVER_HOSTS_OUTBOX_H_
#define WARREN_SERVER_HOSTS_OUTBOX_H_

// What is to be sent to one agent, in order. Items are small (an intent's body is shared with the queue); messages are
// put together when it is their turn to be written: as many items of one kind as fit. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "server/intents/dispatcher.h"
#include "warren/v1/agents.pb.h"

namespace warren::hosts {

class Outbox {
 public:
  struct Limits {
    size_t items = 65536;  // held at once: intents, cancel requests, acknowledged results, commands, questions
    size_t message_bytes = (size_t{3} << 20) - 4096;  // of a message; one intent alone may be larger
    size_t message_items = 4096;                      // acknowledged results in a message
  };

  explicit Outbox(const Limits& limits) : limits_(limits) {}

  void Add(v1::Welcome welcome) { items_.push_back(std::move(welcome)); }
  // False: that is more than the limit allows, and nothing was taken.
  [[nodiscard]] bool Add(std::vector<intents::Delivery> deliveries);
  [[nodiscard]] bool AddCancel(int64_t sequence);
  [[nodiscard]] bool AddAcknowledged(const std::vector<int64_t>& sequences);
  [[nodiscard]] bool Add(v1::OpenExec open);
  [[nodiscard]] bool Add(v1::FindHolders question);

  // Takes the next message, to be sent at `now`; nothing: it is empty.
  std::optional<v1::ServerMessage> Next(absl::Time now);

 private:
  struct Cancel {
    int64_t sequence = 0;
  };
  struct Acknowledged {
    int64_t sequence = 0;
  };
  using Item = std::variant<v1::Welcome, intents::Delivery, Cancel, Acknowledged, v1::OpenExec, v1::FindHolders>;

  bool Fits(size_t more) const { return items_.size() + more <= limits_.items; }
  void TakeDeliveries(absl::Time now, v1::Deliver& message);
  void TakeAcknowledged(v1::ResultsAcknowledged& message);

  const Limits limits_;
  std::deque<Item> items_;
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_OUTBOX_H_
