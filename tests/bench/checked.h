#ifndef WARREN_TESTS_BENCH_CHECKED_H_
#define WARREN_TESTS_BENCH_CHECKED_H_

// For warren-bench, which ends when something fails: a benchmark that fails measures nothing.

#include <stdio.h>
#include <stdlib.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren {

inline void Check(const absl::Status& status) {
  if (status.ok()) return;
  fprintf(stderr, "warren-bench: %s\n", status.ToString().c_str());
  abort();
}

template <typename T>
T Checked(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

}  // namespace warren

#endif  // WARREN_TESTS_BENCH_CHECKED_H_
