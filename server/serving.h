#ifndef WARREN_SERVER_SERVING_H_
#define WARREN_SERVER_SERVING_H_

// Whether the server takes work: as long as its store does, until it begins to end. Tells whoever announces it (gRPC's
// health service) when that changes, and /readyz when it asks. Thread-safe.

#include <functional>

#include "absl/status/status.h"
#include "proto/common/logging.h"
#include "proto/common/mutex.h"
#include "server/store/kv.h"

namespace warren::server {

class Serving : public store::KvObserver {
 public:
  explicit Serving(Logger logger) : logger_(std::move(logger)) {}

  // Calls `tell` with how it stands and with every change from now on, under a lock of this: it must not call back.
  // Null: nobody any more.
  void Announce(std::function<void(bool serving)> tell);

  // For good.
  void End();

  // OK, or why not.
  absl::Status Ready() const;

  void OnBatch(const Batch&) override {}
  void OnHealth(const absl::Status& health) override;

 private:
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Logger logger_;
  mutable Mutex mutex_;
  std::function<void(bool)> tell_ ABSL_GUARDED_BY(mutex_);
  absl::Status store_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace warren::server

#endif  // WARREN_SERVER_SERVING_H_
