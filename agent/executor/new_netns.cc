#include "agent/executor/new_netns.h"

#include <chrono>
#include <utility>

namespace warren::executor {

absl::StatusOr<TakenNetns> TakeNetns(WarmPool* warm, kernel::NetnsWorker& worker) {
  if (warm != nullptr) {
    if (auto claimed = warm->Claim()) return TakenNetns{std::move(claimed->made), claimed->lot};
  }
  auto made = worker.NewNetns();
  if (!made.ok()) return made.status();
  return TakenNetns{*std::move(made), std::nullopt};
}

absl::StatusOr<kernel::NetnsWorker::Made> TakeConfirmedNetns(WarmPool* warm, kernel::NetnsWorker& worker) {
  const auto asked = std::chrono::steady_clock::now();
  auto taken = TakeNetns(warm, worker);
  if (!taken.ok()) return taken.status();
  if (taken->lot && !warm->Confirm(*taken->lot, asked)) return worker.NewNetns();
  return std::move(taken->made);
}

}  // namespace warren::executor
