#include "agent/session/holder_finder.h"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "agent/executor/places.h"
#include "agent/kernel/holders.h"

namespace warren::session {
namespace {

constexpr size_t kMaxWaiting = 16;
constexpr std::chrono::seconds kLookAround{5};

v1::AgentMessage Answer(const v1::FindHolders& question, const absl::Status& status) {
  v1::AgentMessage message;
  v1::HoldersAnswer* answer = message.mutable_holders_answer();
  answer->set_query(question.query());
  answer->set_code(static_cast<int>(status.code()));
  answer->set_message(std::string(status.message()));
  return message;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HolderFinder>> HolderFinder::Start(std::string netns_dir) {
  auto worker = kernel::NetnsWorker::Create();
  if (!worker.ok()) return worker.status();
  return std::unique_ptr<HolderFinder>(new HolderFinder(std::move(netns_dir), *std::move(worker)));
}

HolderFinder::HolderFinder(std::string netns_dir, kernel::NetnsWorker worker)
    : dir_(std::move(netns_dir)), worker_(std::move(worker)), thread_([this] { Run(); }) {}

HolderFinder::~HolderFinder() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.SignalAll();
}

void HolderFinder::Find(v1::FindHolders question, std::shared_ptr<Outbox> outbox) {
  {
    MutexLock lock(&mutex_);
    if (questions_.size() < kMaxWaiting) {
      questions_.push_back({std::move(question), std::move(outbox)});
      changed_.SignalAll();
      return;
    }
  }
  outbox->Put(Answer(
      question, absl::ResourceExhaustedError(absl::StrCat("the agent is being asked for the holders of ", kMaxWaiting,
                                                          " namespaces already; try again in a few seconds"))));
}

void HolderFinder::Run() {
  pthread_setname_np(pthread_self(), "list-holders");
  while (true) {
    Question question;
    {
      MutexLock lock(&mutex_);
      while (questions_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (stopping_) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    v1::AgentMessage message = Answer(question.asked, absl::OkStatus());
    const absl::Status status = Look(question.asked.namespace_(), *message.mutable_holders_answer());
    if (!status.ok()) message = Answer(question.asked, status);
    question.outbox->Put(std::move(message));
  }
}

absl::Status HolderFinder::Look(const std::string& netns, v1::HoldersAnswer& answer) {
  executor::Places places(worker_, dir_);
  kernel::HolderSearch search;
  search.until = std::chrono::steady_clock::now() + kLookAround;
  kernel::NetnsId id;
  {
    // Not held for as long as the look takes.
    const auto found = places.Find(netns);
    if (!found.ok()) return found.status();
    const auto cookie = worker_.CookieOf(found->netns);
    if (!cookie.ok()) return cookie.status();
    id = {found->netns.inode, *cookie};
    search.name_path = dir_.PathOf(found->name);
  }
  const kernel::Holders holders = kernel::FindHolders(worker_, {id}, search);
  for (const kernel::Holder& holder : holders.found) {
    v1::Holder* told = answer.add_holders();
    told->set_pid(holder.pid);
    told->set_command(holder.command);
    told->set_holds(holder.holds);
  }
  for (const std::string& line : holders.not_looked_at) answer.add_not_looked_at(line);
  return absl::OkStatus();
}

}  // namespace warren::session
