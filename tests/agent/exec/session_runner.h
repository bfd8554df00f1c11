#ifndef WARREN_TESTS_AGENT_EXEC_SESSION_RUNNER_H_
#define WARREN_TESTS_AGENT_EXEC_SESSION_RUNNER_H_

// Runs sessions of exec::Commands without a stream: a caller that says what the test says, takes what it is sent as the
// test wants it, and waits for what is to come.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/exec/commands.h"
#include "proto/common/mutex.h"
#include "proto/common/names.h"

namespace warren::exec {

constexpr std::chrono::seconds kPatience{60};

class TestCaller : public Caller {
 public:
  void Attach(std::shared_ptr<Session> session) {
    MutexLock lock(&mutex_);
    session_ = std::move(session);
    Deliver();
  }

  void Say(v1::SessionRequest message) {
    MutexLock lock(&mutex_);
    to_say_.push_back(std::move(message));
    Deliver();
  }
  void SayInput(std::string text) {
    v1::SessionRequest message;
    message.set_stdin(std::move(text));
    Say(std::move(message));
  }
  void EndInput() {
    v1::SessionRequest message;
    message.mutable_stdin_end();
    Say(std::move(message));
  }
  void Leave() {
    MutexLock lock(&mutex_);
    BeGone(absl::CancelledError("the caller went away"));
  }
  // From now on what is sent is not taken, until Take.
  void StopTaking() {
    MutexLock lock(&mutex_);
    taking_ = false;
  }

  // Until the last message.
  void WaitForEnd() {
    MutexLock lock(&mutex_);
    while (!ended_) ASSERT_TRUE(changed_.WaitFor(&mutex_, kPatience)) << "no end; so far: " << out_ << err_;
    BeGone(absl::OkStatus());
  }
  void WaitForOutput(const std::string& text) {
    MutexLock lock(&mutex_);
    while (out_.find(text) == std::string::npos) {
      ASSERT_TRUE(changed_.WaitFor(&mutex_, kPatience)) << "so far: " << out_;
    }
  }
  // Until the session has been given all that was said.
  void WaitUntilSaid() {
    MutexLock lock(&mutex_);
    while (!to_say_.empty()) ASSERT_TRUE(changed_.WaitFor(&mutex_, kPatience));
  }
  void WaitForStart() {
    MutexLock lock(&mutex_);
    while (pid_ == 0) ASSERT_TRUE(changed_.WaitFor(&mutex_, kPatience));
  }

  std::string out() const { return Locked(out_); }
  std::string err() const { return Locked(err_); }
  int pid() const { return Locked(pid_); }
  size_t bytes() const { return Locked(bytes_); }
  std::optional<v1::ExitStatus> exit() const { return Locked(exit_); }
  google::rpc::Status error() const { return Locked(error_); }

  void Read() override {
    MutexLock lock(&mutex_);
    reading_ = true;
    Deliver();
  }
  void Write(v1::SessionResponse message) override {
    MutexLock lock(&mutex_);
    bytes_ += message.stdout().size() + message.stderr().size();
    if (out_.size() < kKept) out_ += message.stdout();
    err_ += message.stderr();
    if (message.has_started()) pid_ = message.started().pid();
    if (message.has_exit()) exit_ = message.exit();
    if (message.has_error()) error_ = message.error();
    changed_.SignalAll();
    if (taking_ && !gone_) session_->Written();
  }
  void End() override {
    MutexLock lock(&mutex_);
    ended_ = true;
    changed_.SignalAll();
  }
  void Cancel() override {}

 private:
  static constexpr size_t kKept = 1 << 20;

  template <typename T>
  T Locked(const T& value) const {
    MutexLock lock(&mutex_);
    return value;
  }
  void BeGone(absl::Status why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    gone_ = true;
    std::exchange(session_, nullptr)->Gone(std::move(why));
  }
  void Deliver() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!reading_ || to_say_.empty() || session_ == nullptr) return;
    reading_ = false;
    session_->Received(std::exchange(to_say_.front(), {}));
    to_say_.pop_front();
    changed_.SignalAll();
  }

  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<Session> session_;
  std::deque<v1::SessionRequest> to_say_;
  bool reading_ = false, taking_ = true, ended_ = false, gone_ = false;
  std::string out_, err_;
  size_t bytes_ = 0;
  int pid_ = 0;
  std::optional<v1::ExitStatus> exit_;
  google::rpc::Status error_;
};

// A host with one namespace, "red".
class ExecTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(system("ip netns add red"), 0);
    const char* scratch = getenv("TMPDIR");
    directory_ = std::string(scratch != nullptr ? scratch : "/tmp") + "/exec-" + NewUuid();
    std::filesystem::create_directories(directory_);
    options_.host = "h1";
    options_.helper = getenv("WARREN_NSEXEC");
    options_.audit_log = directory_ + "/audit.jsonl";
    options_.mark = "test";
  }
  void TearDown() override {
    if (commands_ != nullptr) commands_->Stop(absl::Seconds(60));
    commands_.reset();
    // A test may have deleted it.
    EXPECT_TRUE(system("ip netns delete red 2>/dev/null") >= 0);
  }

  Commands& commands() {
    if (commands_ == nullptr) {
      auto started = Commands::Start(options_, observer_);
      EXPECT_TRUE(started.ok()) << started.status();
      commands_ = *std::move(started);
    }
    return *commands_;
  }

  static v1::SessionStart Starting(std::vector<std::string> argv) {
    v1::SessionStart start;
    start.set_name("hosts/h1/namespaces/red");
    for (std::string& word : argv) start.mutable_command()->add_argv(std::move(word));
    return start;
  }
  static v1::SessionStart Shell(const std::string& line) { return Starting({"sh", "-c", line}); }

  std::shared_ptr<TestCaller> Begin(v1::SessionStart start) {
    auto caller = std::make_shared<TestCaller>();
    v1::OpenExec open;
    open.set_session_id(NewUuid());
    open.set_caller("uid 0");
    open.set_source("unix:1");
    v1::SessionRequest first;
    *first.mutable_start() = std::move(start);
    caller->Say(std::move(first));
    caller->Attach(commands().Open(std::move(open), caller));
    return caller;
  }
  std::shared_ptr<TestCaller> Run(v1::SessionStart start) {
    auto caller = Begin(std::move(start));
    caller->WaitForEnd();
    return caller;
  }

  // Processes of which the command line holds this.
  static std::set<int> Processes(const std::string& mark) {
    std::set<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream file(entry.path() / "cmdline");
      std::ostringstream line;
      line << file.rdbuf();  // does not throw when the process is gone by now
      if (line.str().find(mark) != std::string::npos) found.insert(std::stoi(name));
    }
    return found;
  }
  // A kernel table has no event.
  static void WaitUntilNone(const std::string& mark) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!Processes(mark).empty()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "left: " << *Processes(mark).begin();
      usleep(5000);
    }
  }

  std::string directory_;
  Options options_;
  Observer observer_;
  std::unique_ptr<Commands> commands_;
};

}  // namespace warren::exec

#endif  // WARREN_TESTS_AGENT_EXEC_SESSION_RUNNER_H_
