#include "tests/support/executor_host.h"

#include <google/protobuf/text_format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>

namespace warren {
namespace {

std::chrono::steady_clock::time_point Deadline() {
  const char* slowness = getenv("WARREN_TEST_SLOWNESS");
  return std::chrono::steady_clock::now() +
         std::chrono::seconds(30) * (slowness != nullptr ? std::max(1, atoi(slowness)) : 1);
}

}  // namespace

v1::IntentDelivery ParseIntent(int64_t sequence, std::string_view operations) {
  v1::IntentDelivery intent;
  intent.set_sequence(sequence);
  intent.set_intent_id("intent-" + std::to_string(sequence));
  std::istringstream lines{std::string(operations)};
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    if (!google::protobuf::TextFormat::ParseFromString(line, intent.add_operations())) {
      throw std::invalid_argument("no operation: " + line);
    }
  }
  return intent;
}

void Recorder::OnStarted(int64_t sequence) {
  MutexLock lock(&mutex_);
  started_.push_back(sequence);
  changed_.SignalAll();
  while (held_.contains(sequence)) changed_.Wait(&mutex_);
}

void Recorder::OnFinished(executor::Finished finished) {
  MutexLock lock(&mutex_);
  finished_.push_back(std::move(finished));
  changed_.SignalAll();
}

void Recorder::OnOperation(const std::string& kind, absl::Duration, const std::string& errno_name) {
  MutexLock lock(&mutex_);
  operations_.push_back({kind, errno_name});
}

executor::Finished Recorder::WaitFinished(int64_t sequence, size_t times) {
  const auto deadline = Deadline();
  MutexLock lock(&mutex_);
  while (true) {
    size_t told = 0;
    for (const executor::Finished& finished : finished_) {
      if (finished.result.sequence() == sequence && ++told == times) return finished;
    }
    if (!changed_.WaitUntil(&mutex_, deadline)) {
      throw std::runtime_error("intent " + std::to_string(sequence) + " does not finish");
    }
  }
}

void Recorder::WaitStarted(int64_t sequence) {
  const auto deadline = Deadline();
  MutexLock lock(&mutex_);
  while (std::find(started_.begin(), started_.end(), sequence) == started_.end()) {
    if (!changed_.WaitUntil(&mutex_, deadline)) {
      throw std::runtime_error("intent " + std::to_string(sequence) + " does not start");
    }
  }
}

std::vector<int64_t> Recorder::started() const {
  MutexLock lock(&mutex_);
  return started_;
}

std::vector<executor::Finished> Recorder::finished() const {
  MutexLock lock(&mutex_);
  return finished_;
}

std::vector<Recorder::Operation> Recorder::operations() const {
  MutexLock lock(&mutex_);
  return operations_;
}

void Recorder::HoldAt(int64_t sequence) {
  MutexLock lock(&mutex_);
  held_.insert(sequence);
}

void Recorder::Release() {
  MutexLock lock(&mutex_);
  held_.clear();
  changed_.SignalAll();
}

}  // namespace warren
