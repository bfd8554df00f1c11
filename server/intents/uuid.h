#ifndef WARREN_SERVER_INTENTS_UUID_H_
#define WARREN_SERVER_INTENTS_UUID_H_

// An intent's id in 16 bytes: what the index of finished intents keeps of it. Upper and lower case are the same id; it
// is shown in lower case (RFC 9562, section 4).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace warren::intents {

struct Uuid {
  uint64_t high = 0;
  uint64_t low = 0;

  static std::optional<Uuid> Parse(std::string_view text);
  std::string ToString() const;

  bool operator==(const Uuid&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const Uuid& id) {
    return H::combine(std::move(h), id.high, id.low);
  }
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_UUID_H_
