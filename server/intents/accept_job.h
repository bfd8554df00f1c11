#ifndef WARREN_SERVER_INTENTS_ACCEPT_JOB_H_
#define WARREN_SERVER_INTENTS_ACCEPT_JOB_H_

// One Accept or AcceptBatch on its way from the request to the disk.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/snapshot.h"

namespace warren::intents {

struct Intents::AcceptJob {
  struct Item {
    Uuid id;
    // What is known under the id; nothing: it is new, and the rest is about it.
    std::optional<Snapshot> seen;
    std::optional<v1::Intent> then;  // that, read
    v1::Intent intent;               // as it is stored
    Body body;
    Host* host = nullptr;
  };
  // What goes into one lane.
  struct Share {
    std::string_view name;
    Host* host = nullptr;  // null: nothing is known of it yet
    size_t count = 0;
    bool direct = false;  // what Lane::BeginAccept said
    int64_t last_position = 0;
  };

  std::vector<AcceptRequest> requests;
  bool batch = false;
  bool validate_only = false;
  IntentsDone done;

  std::vector<Item> items;  // one for each request, once the ids are known to be good
  std::vector<Share> shares;
  size_t bytes = 0;  // of the new ones' bodies

  // In front of an item's fields and messages.
  std::string Prefix(size_t i, const char* separator) const {
    return batch ? absl::StrCat("requests[", i, "]", separator) : std::string();
  }
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_ACCEPT_JOB_H_
