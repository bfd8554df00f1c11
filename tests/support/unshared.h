#ifndef WARREN_TESTS_SUPPORT_UNSHARED_H_
#define WARREN_TESTS_SUPPORT_UNSHARED_H_

// Statuses that go from one thread to another in what ThreadSanitizer judges.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace warren {

// A status that shares nothing with the other. Copies of one share a count that Abseil keeps, which ThreadSanitizer
// cannot see (Abseil comes uninstrumented).
inline absl::Status Unshared(const absl::Status& status) {
  absl::Status copy(status.code(), status.message());
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    copy.SetPayload(url, absl::Cord(std::string(payload)));
  });
  return copy;
}

}  // namespace warren

#endif  // WARREN_TESTS_SUPPORT_UNSHARED_H_
