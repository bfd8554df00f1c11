#include "agent/exec/commands.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/exec/session.h"
#include "agent/kernel/error.h"
#include "agent/kernel/netns_watch.h"
#include "agent/nsexec/cgroup.h"
#include "agent/nsexec/family.h"
#include "proto/common/mutex.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

using boost::asio::posix::stream_descriptor;

constexpr size_t kRoom = 256 << 10;
constexpr std::chrono::milliseconds kAgain{20};
// What SIGTERM leaves of an agent's 5 s.
constexpr absl::Duration kStopGrace = absl::Seconds(1);
// Between two looks at a namespace whose deletion may yet be undone.
constexpr std::chrono::milliseconds kUndecided{100};

// It says nothing of what was to be opened.
bool IsShortage(const absl::Status& status) {
  const int error = kernel::ErrnoOf(status);
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

std::set<pid_t> OwnChildren() {
  const std::vector<pid_t> children = nsexec::Children(getpid());
  return {children.begin(), children.end()};
}

class AllCommands : public Commands {
 public:
  AllCommands(Options options, AllowList allow_list, std::unique_ptr<AuditLog> audit, kernel::NetnsWatch watch,
              Observer& observer)
      : options_(std::move(options)),
        allow_list_(std::move(allow_list)),
        netns_dir_(options_.netns_dir),
        audit_(std::move(audit)),
        watch_(std::move(watch)),
        watched_(io_),
        undecided_(io_),
        surroundings_{
            io_,
            options_,
            allow_list_,
            netns_dir_,
            *audit_,
            observer,
            CgroupPrefix(),
            room_,
            [this](const std::string& cgroup, std::function<void()> done) { KillOrphans(cgroup, std::move(done)); },
            [this](LiveSession& session) { Forget(session); }},
        work_(io_.get_executor()) {
    boost::system::error_code ignored;
    watched_.assign(dup(watch_.fd()), ignored);
    WatchNames();
    thread_ = std::jthread([this] { Run(); });
  }
  ~AllCommands() override {
    Stop(absl::ZeroDuration());
    io_.stop();
  }

  std::shared_ptr<Session> Open(v1::OpenExec open, std::shared_ptr<Caller> caller) override {
    auto session = std::make_shared<LiveSession>(surroundings_, std::move(open), std::move(caller));
    boost::asio::post(io_, [this, session] {
      const absl::Status refusal = WhyNot();
      Add(session);
      session->Begin(refusal);
    });
    return session;
  }

  size_t sessions() const override { return count_; }

  void Stop(absl::Duration patience) override {
    boost::asio::post(io_, [this] {
      stopping_ = true;
      const absl::Duration grace = std::min(options_.grace, kStopGrace);
      for (const auto& session : sessions_) session->HangUp(StoppingError(), grace);
    });
    const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
    MutexLock lock(&mutex_);
    while (count_ > 0) {
      if (!changed_.WaitUntil(&mutex_, until)) return;
    }
  }

 private:
  std::string CgroupPrefix() const;
  void Run();
  absl::Status StoppingError() const {
    return absl::UnavailableError(absl::StrCat("the agent of host ", options_.host, " is stopping"));
  }
  absl::Status WhyNot() const;
  void Add(const std::shared_ptr<LiveSession>& session);
  void Forget(LiveSession& session);
  void KillOrphans(const std::string& cgroup, std::function<void()> done);
  void WatchNames();
  // Hangs up whoever is in a namespace that has lost its name, one of these or any.
  void CheckNames(const std::set<std::string>* names);
  // Also where that cannot be known.
  bool HasName(const LiveSession& session, bool& undecided) const;
  std::set<ino_t> Parked() const;

  const Options options_;
  const AllowList allow_list_;
  const kernel::NetnsDir netns_dir_;
  std::vector<char> room_ = std::vector<char>(kRoom);
  boost::asio::io_context io_{1};
  const std::unique_ptr<AuditLog> audit_;
  kernel::NetnsWatch watch_;
  stream_descriptor watched_;
  boost::asio::steady_timer undecided_;
  Surroundings surroundings_;
  const std::set<pid_t> born_with_ = OwnChildren();  // of whoever executed this program
  bool stopping_ = false;                            // the thread's
  std::set<std::shared_ptr<LiveSession>> sessions_;  // the thread's
  std::atomic<size_t> count_ = 0;                    // of them
  Mutex mutex_;
  CondVar changed_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::jthread thread_;  // last: it uses the rest
};

std::string AllCommands::CgroupPrefix() const {
  const std::string own = options_.use_cgroups ? nsexec::OwnCgroup() : "";
  if (own.empty()) return "";
  const std::string name = absl::StrCat("warren-exec-", options_.mark, "-");
  // Of an agent that died together with its helpers.
  for (const std::string& left : nsexec::CgroupsBelow(own, name)) {
    options_.logger.Warn("killing what a session has left", {{"cgroup", left}});
    nsexec::KillCgroup(left);
    // One whose processes take a moment to die is removed at the next start.
    nsexec::RemoveCgroup(left);
  }
  return absl::StrCat(own, "/", name);
}

void AllCommands::Run() {
  // A pipe that nobody reads any more is an errno here, as everywhere.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  io_.run();
}

absl::Status AllCommands::WhyNot() const {
  if (stopping_) return StoppingError();
  if (sessions_.size() < options_.max_sessions) return absl::OkStatus();
  return WithReason(ExhaustedError(absl::StrCat("host ", options_.host, " runs ", options_.max_sessions,
                                                " sessions already, the most it may (--exec-max-sessions)"),
                                   absl::Seconds(5)),
                    "TOO_MANY_SESSIONS", {{"host", options_.host}});
}

void AllCommands::Add(const std::shared_ptr<LiveSession>& session) {
  sessions_.insert(session);
  count_ = sessions_.size();
}

void AllCommands::Forget(LiveSession& session) {
  sessions_.erase(session.shared_from_this());
  MutexLock lock(&mutex_);
  count_ = sessions_.size();
  changed_.SignalAll();
}

void AllCommands::KillOrphans(const std::string& cgroup, std::function<void()> done) {
  if (!cgroup.empty()) nsexec::KillCgroup(cgroup);
  // This process is a subreaper: what a helper has left is its child now. It makes no others but helpers.
  std::set<pid_t> spared = born_with_;
  for (const auto& session : sessions_) spared.insert(session->helper());
  bool left = false;
  for (const pid_t child : nsexec::Children(getpid())) {
    if (spared.contains(child)) continue;
    nsexec::KillDescendants(child);
    kill(child, SIGKILL);
    waitpid(child, nullptr, WNOHANG);
    // Its own children come to us only now.
    left = true;
  }
  if (!cgroup.empty() && nsexec::RemoveCgroup(cgroup) == EBUSY) left = true;
  if (!left) return done();
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, kAgain);
  timer->async_wait([this, timer, cgroup, done = std::move(done)](boost::system::error_code error) mutable {
    if (!error) KillOrphans(cgroup, std::move(done));
  });
}

void AllCommands::WatchNames() {
  watched_.async_wait(stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    const kernel::NetnsWatch::News news = watch_.Read();
    CheckNames(news.lost ? nullptr : &news.names);
    WatchNames();
  });
}

bool AllCommands::HasName(const LiveSession& session, bool& undecided) const {
  const auto there = netns_dir_.Open(session.netns());
  // While the session lives, so does its namespace, and its inode number is nobody else's.
  if (there.ok()) return there->inode == session.netns_inode();
  undecided |= IsShortage(there.status());
  return IsShortage(there.status());
}

void AllCommands::CheckNames(const std::set<std::string>* names) {
  bool undecided = false;
  std::vector<std::shared_ptr<LiveSession>> nameless;
  for (const auto& session : sessions_) {
    if (session->netns_inode() == 0 || (names != nullptr && !names->contains(session->netns()))) continue;
    if (!HasName(*session, undecided)) nameless.push_back(session);
  }
  const std::set<ino_t> parked = nameless.empty() ? std::set<ino_t>() : Parked();
  for (const auto& session : nameless) {
    if (parked.contains(session->netns_inode())) {
      undecided = true;
      continue;
    }
    // What was parked may have its name again by now.
    if (HasName(*session, undecided)) continue;
    const std::string name = EscapeName(session->netns());
    session->HangUp(
        WithReason(absl::AbortedError(absl::StrCat("namespace ", name, " was deleted, and so the command was hung up")),
                   "NAMESPACE_DELETED", {{"host", options_.host}, {"namespace", name}}));
  }
  if (!undecided) return;
  undecided_.expires_after(kUndecided);
  undecided_.async_wait([this](boost::system::error_code error) {
    if (!error) CheckNames(nullptr);
  });
}

std::set<ino_t> AllCommands::Parked() const {
  std::set<ino_t> inodes;
  if (options_.parked_dir.empty()) return inodes;
  std::error_code error;
  std::filesystem::directory_iterator entry(options_.parked_dir, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (const auto parked = kernel::OpenNetnsAt(entry->path().string()); parked.ok()) inodes.insert(parked->inode);
  }
  return inodes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Commands>> Commands::Start(Options options, Observer& observer) {
  auto allow_list = AllowList::Create(options.allowed_commands, options.allowed_users);
  if (!allow_list.ok()) return allow_list.status();
  if (access(options.helper.c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(options.helper, " cannot be executed: ", strerror(errno),
                                                      "; it is installed beside warren-agent, or say where "
                                                      "with --exec-helper"));
  }
  auto audit = AuditLog::Open(options.audit_log);
  if (!audit.ok()) return audit.status();
  const kernel::NetnsDir dir(options.netns_dir);
  if (auto status = dir.Prepare(); !status.ok()) return status;
  auto watch = kernel::NetnsWatch::Open(options.netns_dir);
  if (!watch.ok()) return watch.status();
  // So that nothing is lost when a helper is killed.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return absl::ErrnoToStatus(errno, "becoming a subreaper");
  return std::make_unique<AllCommands>(std::move(options), *std::move(allow_list), *std::move(audit), *std::move(watch),
                                       observer);
}

}  // namespace warren::exec
