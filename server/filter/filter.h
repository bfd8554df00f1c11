#ifndef WARREN_SERVER_FILTER_FILTER_H_
#define WARREN_SERVER_FILTER_FILTER_H_

// List and watch filters: a documented subset of AIP-160, parsed once against a schema and then matched against any
// number of subjects.
//
//   connected = true AND (labels.rack = "a*" OR NOT host = h7) AND create_time > "2026-01-02T03:04:05Z"
//
// Comparators: = != < <= > >= and ":" (has: a label that is there, "labels:rack", or any field, "nsid:*"). AND binds
// looser than OR, as AIP-160 has it; juxtaposition is AND; NOT and "-" negate. "*" at either end of a string after = or
// != stands for anything. A value of other than letters, digits and punctuation is quoted: "a b", with \", \\ and \*
// for those characters themselves; a label's name likewise (labels."a b"). Text is compared byte for byte, enums by
// name, times as RFC 3339.
//
// Threading: a parsed filter never changes; any thread may match with it. Cost: a comparison is one virtual call and
// one compare, some 10 ns; nothing is allocated.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace warren::filter {

enum class Type { kString, kInt, kBool, kTime, kEnum, kStringMap };

struct Field {
  std::string name;  // "create_time"; of a map: what stands before the dot
  Type type = Type::kString;
  std::vector<std::pair<std::string, int64_t>> values;  // of an enum
};
// What can be filtered by; a field's position is its index for Subject::Get.
using Schema = std::vector<Field>;

// monostate: it has none, and no comparison holds but !=. An enum's is an int64_t.
using Value = std::variant<std::monostate, std::string_view, int64_t, bool, absl::Time>;

class Subject {
 public:
  virtual ~Subject() = default;
  // `key` is what follows the dot, for a map; empty otherwise. What a string_view points to outlives the match.
  virtual Value Get(size_t field, std::string_view key) const = 0;
};

class Filter {
 public:
  // Matches everything.
  Filter();
  ~Filter();
  Filter(const Filter&);
  Filter& operator=(const Filter&);

  // INVALID_ARGUMENT whose message says what is wrong, at which character, and what can be filtered by: fit for the
  // description of a field violation. At most 4 KiB of text, 64 comparisons and 16 levels.
  static absl::StatusOr<Filter> Parse(std::string_view text, const Schema& schema);

  bool Matches(const Subject& subject) const;
  // It matches everything.
  bool empty() const { return root_ == nullptr; }

 private:
  friend class Parser;
  struct Node;
  static bool Matches(const Node& node, const Subject& subject);
  static bool Compare(const Node& node, const Value& value);
  explicit Filter(std::shared_ptr<const Node> root);
  std::shared_ptr<const Node> root_;
};

}  // namespace warren::filter

#endif  // WARREN_SERVER_FILTER_FILTER_H_
