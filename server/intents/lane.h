#ifndef WARREN_SERVER_INTENTS_LANE_H_
#define WARREN_SERVER_INTENTS_LANE_H_

// One host's queue: what is accepted and not finished, how far the send cursor has moved, what the present session was
// given. Decides what to do next; does nothing itself. No I/O, no locks, no time: its owner holds one and passes it on.
// Not thread-safe.
//
// The rules: hand out strictly by sequence; only what is at or before the durable cursor; the cursor moves only as far
// as `window` intents are handed out and unfinished, one commit at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/intents/uuid.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

// A serialized v1::Intent in the form it is stored in: a fraction of what the message takes, and half of what is queued
// is never looked at again before it is handed out.
using Body = std::shared_ptr<const std::string>;
v1::Intent ParseBody(const Body& body);

struct Entry {
  int64_t sequence = 0;
  Uuid id;
  Body body;
  absl::Time expire_time = absl::InfiniteFuture();
  bool running = false;
  bool finishing = false;  // its result is known and on its way to disk
  bool asked = false;      // the agent was asked in this session not to begin it
  std::vector<std::function<void(absl::StatusOr<v1::Intent>)>> cancels;  // to be answered when it is finished
  std::set<uint64_t> waits;
};

class Lane {
 public:
  explicit Lane(size_t window) : window_(window) {}

  // `entry.sequence` is greater than any before.
  void Append(Entry entry);
  // Null: there is none. Valid until it is removed.
  Entry* Find(int64_t sequence);
  // The entry exists.
  Entry Remove(int64_t sequence);
  const std::map<int64_t, Entry>& entries() const { return entries_; }
  std::map<int64_t, Entry>& entries() { return entries_; }

  // Everything is to be handed out again. False, and nothing done: a session this new or newer was there before. What
  // was asked of the session before is for its owner to take (TakeAsked) first.
  bool Connect(uint64_t session);
  // False, and nothing done: it is not the present session.
  bool Disconnect(uint64_t session);
  bool connected() const { return connected_; }

  bool BeyondCursor(int64_t sequence) const { return sequence > cursor_; }
  // The store has it. Never goes back.
  void CursorCommitted(int64_t position);
  // The commit that Output::cursor asked for is over, whichever way.
  void CursorSettled() { cursor_moving_ = false; }

  // So many intents are on their way to disk in one transaction. True: they would be handed out at once, so it may move
  // the cursor as well, up to the last of them, which saves the second commit.
  bool BeginAccept(size_t count);
  // With what BeginAccept got and returned; before the entries are appended.
  void EndAccept(size_t count, bool direct);
  size_t accepting() const { return accepting_ + accepting_direct_; }

  void Acknowledge(int64_t sequence);
  void AskCancel(Entry& entry);
  // Who asked to cancel what the agent has not answered with a result; nothing is asked of it any more.
  std::vector<std::function<void(absl::StatusOr<v1::Intent>)>> TakeAsked();

  // What the owner must do now, in this order; taken once. Nothing when there is no session.
  struct HandOut {
    int64_t sequence = 0;
    Uuid id;
    Body body;
    absl::Time expire_time = absl::InfiniteFuture();
  };
  struct Output {
    uint64_t session = 0;
    std::vector<int64_t> acknowledgements;
    std::vector<HandOut> deliveries;
    std::vector<int64_t> cancels;
    int64_t cursor = 0;  // commit it, then call CursorCommitted and CursorSettled; 0: it stays
  };
  Output Take();

 private:
  // Handed out (or about to be) and unfinished.
  size_t HandedOut() const;

  size_t window_;
  std::map<int64_t, Entry> entries_;
  int64_t cursor_ = 0;
  bool cursor_moving_ = false;
  size_t accepting_ = 0;
  size_t accepting_direct_ = 0;
  bool connected_ = false;
  uint64_t session_ = 0;
  int64_t sent_ = 0;  // in this session, up to here
  std::vector<int64_t> acknowledgements_;
  std::vector<int64_t> cancels_;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_LANE_H_
