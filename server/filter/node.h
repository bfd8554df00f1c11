#ifndef WARREN_SERVER_FILTER_NODE_H_
#define WARREN_SERVER_FILTER_NODE_H_

// What a filter is parsed into. For the files of this room only.

#include <cstdint>
#include <string>
#include <vector>

#include "server/filter/filter.h"

namespace warren::filter {

enum class Op { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kHas };

struct Filter::Node {
  enum class Kind { kAnd, kOr, kNot, kCompare };

  Kind kind = Kind::kAnd;
  std::vector<Node> children;  // of kNot: one

  // Of kCompare: a field, and what it is compared with, which one of the members below holds.
  size_t field = 0;
  std::string key;
  Type type = Type::kString;
  Op op = Op::kEqual;
  std::string text;
  bool any_before = false;  // "*text"
  bool any_after = false;   // "text*"
  int64_t number = 0;       // of an enum or a bool, too
  absl::Time time;
};

}  // namespace warren::filter

#endif  // WARREN_SERVER_FILTER_NODE_H_
