#include "server/api/wake_thread.h"

#include <utility>

namespace warren::api {

WakeThread::WakeThread() : thread_([this] { Run(); }) {}

WakeThread::~WakeThread() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  thread_.join();
}

void WakeThread::Wake(std::shared_ptr<Sleeper> sleeper) {
  MutexLock lock(&mutex_);
  woken_.push_back(std::move(sleeper));
  if (woken_.size() == 1) changed_.Signal();
}

void WakeThread::Run() {
  std::vector<std::shared_ptr<Sleeper>> woken;
  for (;;) {
    {
      MutexLock lock(&mutex_);
      while (woken_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (woken_.empty()) return;
      woken.swap(woken_);
    }
    for (std::shared_ptr<Sleeper>& sleeper : woken) {
      sleeper->Awake();
      sleeper.reset();  // it may be the last to keep it
    }
    woken.clear();
  }
}

}  // namespace warren::api
