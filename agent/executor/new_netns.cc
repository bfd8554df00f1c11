#include "agent/executor/new_netns.h"

#include <utility>

namespace warren::executor {

absl::StatusOr<kernel::NetnsWorker::Made> TakeNetns(WarmPool* warm, kernel::NetnsWorker& worker) {
  if (warm != nullptr) {
    if (auto claimed = warm->Claim()) return *std::move(claimed);
  }
  return worker.NewNetns();
}

}  // namespace warren::executor
