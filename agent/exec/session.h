#ifndef WARREN_AGENT_EXEC_SESSION_H_
#define WARREN_AGENT_EXEC_SESSION_H_

// One command's session, from its start message to the end of all that it started. For commands.cc alone: it brings
// Asio. Everything but the methods of Session runs on the thread of Commands.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/exec/allow_list.h"
#include "agent/exec/audit_log.h"
#include "agent/exec/commands.h"
#include "agent/exec/helper.h"
#include "agent/exec/streams.h"
#include "agent/kernel/netns.h"

namespace warren::exec {

class LiveSession;

// What all sessions share; outlives them.
struct Surroundings {
  boost::asio::io_context& io;
  const Options& options;
  const AllowList& allow_list;
  const kernel::NetnsDir& netns_dir;
  AuditLog& audit;
  Observer& observer;
  std::string cgroups;      // directory and beginning of the name of a session's; empty: there are none
  std::vector<char>& room;  // for reading
  // Kills what a helper that died has left; then calls.
  std::function<void(const std::string& cgroup, std::function<void()> done)> kill_orphans;
  // The session is over, and will not be heard of again.
  std::function<void(LiveSession&)> over;
};

class LiveSession : public Session, public std::enable_shared_from_this<LiveSession> {
 public:
  LiveSession(Surroundings& surroundings, v1::OpenExec open, std::shared_ptr<Caller> caller);

  // Reads its start, or refuses it with this.
  void Begin(absl::Status refusal);

  void Received(v1::SessionRequest message) override;
  void Written() override;
  void Gone(absl::Status why) override;

  // Ends the command; the caller is told why, once nothing is left of it.
  // SIGKILL comes after that time, at the latest.
  void HangUp(absl::Status why, absl::Duration grace = absl::InfiniteDuration());

  // The namespace it is in; inode 0: none, or the host's own.
  const std::string& netns() const { return record_.netns; }
  ino_t netns_inode() const { return netns_inode_; }
  // Of its helper; 0: there is none.
  pid_t helper() const { return helper_ ? helper_->pid() : 0; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Output {
    explicit Output(boost::asio::io_context& io) : fd(io) {}
    boost::asio::posix::stream_descriptor fd;
    bool waiting = false;
    size_t left = std::numeric_limits<size_t>::max();  // how much of it may still be the command's
  };

  void OnReceived(v1::SessionRequest message);
  void Obey(v1::SessionRequest message);
  void Start(v1::SessionStart start);
  absl::StatusOr<nsexec::Order> MakeOrder(const v1::SessionStart& start);
  void Launch(nsexec::Order order);
  void OnEvent(const nsexec::Event& event);
  void OnStarted(pid_t pid);
  void OnHelperEnded(bool finished, bool killed);
  void OnNothingLeft();

  // What was said for standard input.
  void Feed();
  void Probe();
  void EndInput();
  void CloseInput();

  // Reads as much output as may wait to be sent.
  void ReadOutputs();
  // The same when nobody is there to be sent it.
  void DropOutputs();
  bool ReadFrom(Output& output);
  void CloseOutputs();
  void Send(v1::SessionResponse message);
  void Pump();

  // When all is over.
  void CheckOver();
  void Refuse(const absl::Status& status);
  void Finish(const absl::Status& status);
  void SetTimer();
  void OnTimer();

  Surroundings& around_;
  const v1::OpenExec open_;
  std::shared_ptr<Caller> caller_;  // null: gone

  AuditRecord record_;
  bool audited_ = false;
  kernel::Netns netns_;  // until the helper has it
  ino_t netns_inode_ = 0;
  std::string cgroup_;
  std::optional<v1::SessionStart> start_;
  std::optional<v1::SessionRequest> early_;  // came before the command ran
  std::shared_ptr<Helper> helper_;
  bool started_ = false;
  std::optional<v1::ExitStatus> exit_;
  bool nothing_left_ = false;
  absl::Status why_;  // it was hung up; or could not be started
  bool finished_ = false;

  boost::asio::posix::stream_descriptor input_;
  std::string input_text_;
  size_t input_done_ = 0;
  Output out_, err_;
  bool err_first_ = false;  // whose turn it is
  std::deque<v1::SessionResponse> to_send_;
  bool writing_ = false;
  bool probing_ = false;  // with an empty message
  int64_t bytes_in_ = 0, bytes_out_ = 0;

  boost::asio::steady_timer probe_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer pace_;    // of the output
  boost::asio::steady_timer reopen_;  // of a terminal
  bool pacing_ = false;
  Clock::time_point read_after_;
  Clock::time_point begun_, last_active_;
  Clock::time_point ends_at_ = Clock::time_point::max();
};

}  // namespace warren::exec

#endif  // WARREN_AGENT_EXEC_SESSION_H_
