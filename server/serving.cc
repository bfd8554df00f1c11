#include "server/serving.h"

#include <string>
#include <utility>

namespace warren::server {

void Serving::Announce(std::function<void(bool)> tell) {
  MutexLock lock(&mutex_);
  tell_ = std::move(tell);
  Tell();
}

void Serving::End() {
  MutexLock lock(&mutex_);
  ending_ = true;
  Tell();
}

absl::Status Serving::Ready() const {
  MutexLock lock(&mutex_);
  if (ending_) return absl::UnavailableError("the server is shutting down");
  return store_;
}

void Serving::OnHealth(const absl::Status& health) {
  if (health.ok()) {
    logger_.Info("the store works again");
  } else {
    logger_.Error("the store does not work", {{"reason", std::string(health.message())}});
  }
  MutexLock lock(&mutex_);
  store_ = health;
  Tell();
}

void Serving::Tell() {
  if (tell_) tell_(store_.ok() && !ending_);
}

}  // namespace warren::server
