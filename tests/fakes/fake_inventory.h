#ifndef WARREN_TESTS_FAKES_FAKE_INVENTORY_H_
#define WARREN_TESTS_FAKES_FAKE_INVENTORY_H_

// A host that the test describes: namespaces by name, each with a number that stands for everything in it. Told as
// differences like the real one's, one namespace a slice. FakeHost is the test's side, thread-safe; the inventory is
// made from it on the thread that uses it.

#include <sys/eventfd.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/inventory/inventory.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::inventory {

class FakeHost {
 public:
  void Set(const std::string& name, int value) {
    MutexLock lock(&mutex_);
    namespaces_[name] = value;
  }
  void Erase(const std::string& name) {
    MutexLock lock(&mutex_);
    namespaces_.erase(name);
  }
  std::map<std::string, int> Get() const {
    MutexLock lock(&mutex_);
    return namespaces_;
  }

  // From now on changes made with Change are heard, and passes come for those only.
  void MakeHeard() {
    MutexLock lock(&mutex_);
    bell_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }
  void Change(const std::string& name, int value) {
    Set(name, value);
    MutexLock lock(&mutex_);
    const uint64_t one = 1;
    (void)!write(bell_.get(), &one, sizeof one);
  }
  int descriptor() const {
    MutexLock lock(&mutex_);
    return bell_.get();
  }
  // What the inventory does: everything up to now is heard; and then looked at.
  void Hear() {
    MutexLock lock(&mutex_);
    uint64_t count = 0;
    if (bell_.valid() && read(bell_.get(), &count, sizeof count) > 0) stale_ = true;
  }
  void LookedAt() {
    MutexLock lock(&mutex_);
    stale_ = false;
  }
  bool stale() const {
    MutexLock lock(&mutex_);
    return stale_;
  }

  // Somebody hurries: nothing is heard meanwhile, and everything is to be looked at after it.
  void Hurry(bool on) {
    MutexLock lock(&mutex_);
    hurries_ = on;
    if (!on) stale_ = true;
    changed_.SignalAll();
  }
  void WaitUntilHurrying(bool on) {
    MutexLock lock(&mutex_);
    while (hurries_ != on) changed_.Wait(&mutex_);
  }

  // Somebody else changes something in it, which is heard although somebody hurries.
  void ChangeElsewhere(const std::string& name, int value) {
    Set(name, value);
    MutexLock lock(&mutex_);
    elsewhere_.insert(name);
    const uint64_t one = 1;
    (void)!write(bell_.get(), &one, sizeof one);
  }
  std::set<std::string> TakeElsewhere() {
    MutexLock lock(&mutex_);
    return std::exchange(elsewhere_, {});
  }
  std::optional<std::chrono::steady_clock::time_point> ElsewhereBy() const {
    MutexLock lock(&mutex_);
    if (elsewhere_.empty()) return std::nullopt;
    return std::chrono::steady_clock::now();
  }
  // It has changed without an event, which the next check finds.
  void ChangeUnheard(const std::string& name, int value) {
    Set(name, value);
    MutexLock lock(&mutex_);
    unheard_.insert(name);
  }
  std::set<std::string> TakeUnheard() {
    MutexLock lock(&mutex_);
    return std::exchange(unheard_, {});
  }

  // From now on a slice of a pass over differences does not end before it is interrupted.
  void MakePassesEndless() {
    MutexLock lock(&mutex_);
    endless_ = true;
  }
  bool endless() const {
    MutexLock lock(&mutex_);
    return endless_;
  }

  // A whole pass stops before its last slice until Release.
  void HoldWholePass() {
    MutexLock lock(&mutex_);
    held_ = true;
  }
  void Release() {
    MutexLock lock(&mutex_);
    held_ = false;
    changed_.SignalAll();
  }
  void ArriveAtHold() {
    MutexLock lock(&mutex_);
    at_hold_ = held_;
    changed_.SignalAll();
    while (held_) changed_.Wait(&mutex_);
    at_hold_ = false;
  }
  void WaitUntilHeld() {
    MutexLock lock(&mutex_);
    while (!at_hold_) changed_.Wait(&mutex_);
  }

  void CountPass() {
    MutexLock lock(&mutex_);
    ++passes_;
    changed_.SignalAll();
  }
  // Waits until so many passes over differences have begun.
  void WaitForPasses(int count) {
    MutexLock lock(&mutex_);
    while (passes_ < count) changed_.Wait(&mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<std::string, int> namespaces_ ABSL_GUARDED_BY(mutex_);
  bool endless_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool at_hold_ ABSL_GUARDED_BY(mutex_) = false;
  UniqueFd bell_ ABSL_GUARDED_BY(mutex_);  // none: nobody can tell
  bool stale_ ABSL_GUARDED_BY(mutex_) = false;
  bool hurries_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> elsewhere_ ABSL_GUARDED_BY(mutex_), unheard_ ABSL_GUARDED_BY(mutex_);
  int passes_ ABSL_GUARDED_BY(mutex_) = 0;
};

class FakeInventory : public Inventory {
 public:
  explicit FakeInventory(FakeHost& host) : host_(host) {}

  std::vector<v1::InventoryUpdate> Refresh(const std::set<std::string>& names) override {
    host_.Hear();
    v1::InventoryUpdate update;
    for (const std::string& name : names) Look(name, &update);
    if (update.ByteSizeLong() == 0) return {};
    return {update};
  }
  void BeginPass(bool whole) override {
    host_.Hear();
    host_.LookedAt();
    whole_ = whole;
    first_ = true;
    todo_.clear();
    if (whole) told_.clear();
    if (!whole) host_.CountPass();
    for (const auto& [name, value] : host_.Get()) todo_.push_back(name);
    for (const auto& [name, value] : told_) todo_.push_back(name);
  }
  Slice Continue(const std::function<bool()>& interrupted) override {
    Slice slice;
    v1::InventoryUpdate update;
    if (!whole_ && host_.endless()) {
      while (!interrupted()) {
      }
      return slice;
    }
    if (interrupted()) return slice;
    if (todo_.empty()) {
      if (whole_) host_.ArriveAtHold();
      slice.done = true;
    } else {
      Look(todo_.front(), &update);
      todo_.pop_front();
    }
    update.set_full_begin(whole_ && std::exchange(first_, false));
    update.set_full_end(whole_ && slice.done);
    if (update.ByteSizeLong() > 0) slice.updates.push_back(std::move(update));
    return slice;
  }
  int descriptor() const override { return host_.descriptor(); }
  bool stale() const override { return host_.stale(); }
  void Hurry(bool on) override { host_.Hurry(on); }
  void TellMeanwhile(Meanwhile) override {}
  // What was set elsewhere, while somebody hurries, is looked at when the test says so.
  std::vector<v1::InventoryUpdate> LookElsewhere() override { return Refresh(host_.TakeElsewhere()); }
  std::optional<std::chrono::steady_clock::time_point> ElsewhereBy() const override { return host_.ElsewhereBy(); }
  Checked Check() override {
    const std::set<std::string> unheard = host_.TakeUnheard();
    return {Refresh(unheard), unheard.size()};
  }
  Counts counts() const override { return {told_.size(), 0, 0}; }

 private:
  void Look(const std::string& name, v1::InventoryUpdate* update) {
    const auto now = host_.Get();
    const auto there = now.find(name);
    const auto told = told_.find(name);
    if (there == now.end()) {
      if (told == told_.end()) return;
      told_.erase(told);
      update->add_removed(name);
    } else if (told == told_.end() || told->second != there->second) {
      told_[name] = there->second;
      v1::Namespace* netns = update->add_namespaces();
      netns->set_name(name);
      netns->set_nsid(there->second);
    }
  }

  FakeHost& host_;
  std::map<std::string, int> told_;
  std::deque<std::string> todo_;
  bool whole_ = false;
  bool first_ = false;
};

}  // namespace warren::inventory

#endif  // WARREN_TESTS_FAKES_FAKE_INVENTORY_H_
