#ifndef WARREN_TESTS_SERVER_FILTER_FILTER_SUBJECT_H_
#define WARREN_TESTS_SERVER_FILTER_FILTER_SUBJECT_H_

// A schema with a field of each type, and something to match.

#include <map>
#include <string>

#include "server/filter/filter.h"

namespace warren::filter {

inline const Schema& TestSchema() {
  static const Schema schema = {{"name", Type::kString, {}},
                                {"count", Type::kInt, {}},
                                {"live", Type::kBool, {}},
                                {"made", Type::kTime, {}},
                                {"state", Type::kEnum, {{"QUEUED", 1}, {"FAILED", 4}}},
                                {"labels", Type::kStringMap, {}}};
  return schema;
}

// An empty one has no value anywhere.
struct TestSubject : Subject {
  bool has = true;
  std::string name = "qrouter-1";
  int64_t count = 5;
  bool live = true;
  absl::Time made = absl::FromUnixSeconds(1767323045);  // 2026-01-02T03:04:05Z
  int64_t state = 4;
  std::map<std::string, std::string> labels = {
      {"rack", "a1"}, {"kubernetes.io/hostname", "n1"}, {"a b", "c d"}, {"empty", ""}};

  Value Get(size_t field, std::string_view key) const override {
    if (!has) return {};
    switch (field) {
      case 0:
        return std::string_view(name);
      case 1:
        return count;
      case 2:
        return live;
      case 3:
        return made;
      case 4:
        return state;
      default: {
        const auto found = labels.find(std::string(key));
        return found == labels.end() ? Value() : Value(std::string_view(found->second));
      }
    }
  }
};

}  // namespace warren::filter

#endif  // WARREN_TESTS_SERVER_FILTER_FILTER_SUBJECT_H_
