#include "agent/exec/session.h"

#include <errno.h>
#include <fcntl.h>
#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/exec/explain.h"
#include "agent/kernel/netns_name.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

using boost::asio::posix::stream_descriptor;
using google::protobuf::util::TimeUtil;

// Between two empty messages while the caller is not read, for the command does not read its input: that the stream is
// over shows in a write, too.
constexpr std::chrono::milliseconds kProbe{500};
// More than the kernel keeps of what was written on a terminal.
constexpr size_t kMostInTerminal = size_t{1} << 20;
// A caller may ask for 10,000 years, of which a clock in nanoseconds knows nothing.
constexpr absl::Duration kForever = absl::Hours(24 * 365 * 100);

void Adopt(stream_descriptor& descriptor, UniqueFd fd) {
  boost::system::error_code ignored;
  if (fd.valid()) descriptor.assign(fd.release(), ignored);
}

void CloseQuietly(stream_descriptor& descriptor) {
  boost::system::error_code ignored;
  descriptor.close(ignored);
}

}  // namespace

LiveSession::LiveSession(Surroundings& surroundings, v1::OpenExec open, std::shared_ptr<Caller> caller)
    : around_(surroundings),
      open_(std::move(open)),
      caller_(std::move(caller)),
      input_(surroundings.io),
      out_(surroundings.io),
      err_(surroundings.io),
      probe_(surroundings.io),
      timer_(surroundings.io),
      pace_(surroundings.io),
      reopen_(surroundings.io) {}

void LiveSession::Begin(absl::Status refusal) {
  begun_ = last_active_ = Clock::now();
  if (!refusal.ok()) return Refuse(refusal);
  caller_->Read();
}

void LiveSession::Received(v1::SessionRequest message) {
  boost::asio::post(around_.io, [self = shared_from_this(), message = std::move(message)]() mutable {
    self->OnReceived(std::move(message));
  });
}

void LiveSession::Written() {
  boost::asio::post(around_.io, [self = shared_from_this()] {
    self->writing_ = false;
    if (!std::exchange(self->probing_, false)) self->last_active_ = Clock::now();
    self->Pump();
    self->ReadOutputs();
    self->CheckOver();
  });
}

void LiveSession::Gone(absl::Status why) {
  boost::asio::post(around_.io, [self = shared_from_this(), why = std::move(why)] {
    self->caller_ = nullptr;
    self->to_send_.clear();
    self->HangUp(why.ok() ? absl::CancelledError("the caller went away") : why);
    self->CloseInput();
    if (self->finished_) return self->around_.over(*self);
    // A terminal is hung up. A pipe is read to its end: a command that tidies up when it hears SIGHUP, and says so, is
    // not to die of SIGPIPE over it.
    if (self->start_ && self->start_->has_terminal()) self->CloseOutputs();
    self->ReadOutputs();
    self->CheckOver();
  });
}

void LiveSession::OnReceived(v1::SessionRequest message) {
  if (caller_ == nullptr || finished_) return;
  if (!start_) {
    if (!message.has_start()) return Refuse(absl::InvalidArgumentError("the first message must be start"));
    return Start(std::move(*message.mutable_start()));
  }
  if (!started_) {
    early_ = std::move(message);
    return;
  }
  Obey(std::move(message));
}

void LiveSession::Obey(v1::SessionRequest message) {
  last_active_ = Clock::now();
  switch (message.kind_case()) {
    case v1::SessionRequest::kStdin:
      bytes_in_ += static_cast<int64_t>(message.stdin().size());
      input_text_ = std::move(*message.mutable_stdin());
      input_done_ = 0;
      return Feed();
    case v1::SessionRequest::kStdinEnd:
      EndInput();
      break;
    case v1::SessionRequest::kResize:
      if (start_->has_terminal() && out_.fd.is_open()) ResizeTerminal(out_.fd.native_handle(), message.resize());
      break;
    case v1::SessionRequest::kSignal:
      if (const int number = SignalNumber(message.signal().name()); number == 0) {
        HangUp(absl::InvalidArgumentError(absl::StrCat("there is no signal \"", message.signal().name(), "\"")));
      } else if (helper_) {
        helper_->Signal(number);
      }
      break;
    case v1::SessionRequest::kStart:
      HangUp(absl::InvalidArgumentError("start may only be the first message"));
      break;
    case v1::SessionRequest::KIND_NOT_SET:
      break;  // from a newer caller
  }
  if (caller_ != nullptr) caller_->Read();
}

void LiveSession::Start(v1::SessionStart start) {
  start_ = std::move(start);
  auto order = MakeOrder(*start_);
  if (!order.ok()) return Refuse(order.status());
  const v1::Command& command = start_->command();
  absl::Duration longest = around_.options.max_duration;
  if (command.has_timeout()) {
    longest =
        std::min(longest, absl::Seconds(command.timeout().seconds()) + absl::Nanoseconds(command.timeout().nanos()));
  }
  if (longest < kForever) ends_at_ = begun_ + absl::ToChronoNanoseconds(longest);
  SetTimer();
  // So that the caller's going is noticed.
  caller_->Read();
  // On disk before anything is started.
  audited_ = true;
  around_.audit.Begin(record_, [self = shared_from_this(), order = *std::move(order)](std::string why_not) mutable {
    boost::asio::post(self->around_.io, [self, order = std::move(order), why_not = std::move(why_not)]() mutable {
      if (!self->why_.ok()) return self->Refuse(self->why_);
      if (why_not.empty()) return self->Launch(std::move(order));
      self->audited_ = false;
      self->Refuse(WithReason(absl::FailedPreconditionError(
                                  absl::StrCat(why_not, "; nothing is run that cannot be recorded: make room for it")),
                              "AUDIT_LOG_FAILED"));
    });
  });
}

absl::StatusOr<nsexec::Order> LiveSession::MakeOrder(const v1::SessionStart& start) {
  const v1::Command& command = start.command();
  nsexec::Order order;
  order.argv.assign(command.argv().begin(), command.argv().end());
  if (order.argv.empty()) order.argv.assign(command.raw_argv().begin(), command.raw_argv().end());
  const auto name = ParseNamespace(start.name());
  if (!name.ok()) return name.status();
  std::vector<std::string> variables;
  for (const auto& [key, value] : command.env()) {
    variables.push_back(key);
    order.env.push_back(absl::StrCat(key, "=", value));
  }
  record_ = {open_.session_id(), open_.caller(), open_.source(),      around_.options.host,
             name->id,           command.user(), order.argv,          start.has_terminal(),
             absl::Now(),        command.cwd(),  std::move(variables)};
  auto path = around_.allow_list.Check(order.argv, command);
  if (!path.ok()) return path.status();
  order.path = *std::move(path);
  order.cwd = command.cwd();
  order.user = command.user();
  order.host = around_.options.host;
  order.netns_cookie = start.namespace_cookie();
  order.grace_ms = static_cast<uint64_t>(absl::ToInt64Milliseconds(around_.options.grace));
  order.netns_etc = around_.options.netns_etc;
  order.terminal = start.has_terminal();
  order.join = name->id != kHostNamespace;
  if (order.join) {
    auto raw = RawNamespace(name->id);
    if (!raw.ok()) return raw.status();
    order.netns = record_.netns = *std::move(raw);
    auto netns = around_.netns_dir.Open(order.netns);
    if (!netns.ok()) {
      const kernel::NoNetns there = kernel::LookAtName(around_.netns_dir, order.netns);
      return there.what.empty() ? ExplainNoNamespace(order.netns, netns.status()) : there.ToStatus(name->id);
    }
    netns_ = *std::move(netns);
    netns_inode_ = netns_.inode;
  } else {
    order.netns = name->id;
    netns_.fd.reset(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  }
  if (!around_.cgroups.empty()) order.cgroup = cgroup_ = absl::StrCat(around_.cgroups, open_.session_id());
  return order;
}

void LiveSession::Launch(nsexec::Order order) {
  auto streams = order.terminal ? MakeTerminal(start_->terminal()) : MakePipes(start_->stdin());
  if (!streams.ok()) return Refuse(streams.status());
  streams->theirs.netns = std::move(netns_.fd);
  // While there is a helper, the session is not over, and not forgotten.
  auto helper = Helper::Start(around_.io, around_.options.helper, order, streams->theirs,
                              {[this](const nsexec::Event& event) { OnEvent(event); },
                               [this](bool finished, bool killed) { OnHelperEnded(finished, killed); }});
  if (!helper.ok()) return Refuse(helper.status());
  helper_ = *std::move(helper);
  if (order.terminal && start_->stdin()) streams->in.reset(fcntl(streams->out.get(), F_DUPFD_CLOEXEC, 0));
  Adopt(input_, std::move(streams->in));
  Adopt(out_.fd, std::move(streams->out));
  Adopt(err_.fd, std::move(streams->err));
  // It went while the record was being written.
  if (caller_ == nullptr) CloseInput();
}

void LiveSession::OnEvent(const nsexec::Event& event) {
  switch (event.kind) {
    case nsexec::Event::kStarted:
      return OnStarted(event.value);
    case nsexec::Event::kFailed:
      if (why_.ok()) why_ = ExplainFailure(event);
      return;
    case nsexec::Event::kExited:
      exit_ = ToExitStatus(event.value);
      *exit_->mutable_duration() =
          TimeUtil::NanosecondsToDuration(std::chrono::nanoseconds(Clock::now() - begun_).count());
      return;
  }
}

void LiveSession::OnStarted(pid_t pid) {
  started_ = true;
  around_.observer.OnStarted();
  v1::SessionResponse message;
  message.mutable_started()->set_pid(pid);
  message.mutable_started()->set_session_id(open_.session_id());
  *message.mutable_started()->mutable_start_time() = TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(record_.start));
  Send(std::move(message));
  ReadOutputs();
  if (auto early = std::exchange(early_, std::nullopt)) Obey(*std::move(early));
}

void LiveSession::OnHelperEnded(bool finished, bool killed) {
  const auto nothing_left = [self = shared_from_this()] { self->OnNothingLeft(); };
  helper_ = nullptr;
  if (finished && !killed) return nothing_left();
  if (!finished && why_.ok()) {
    why_ = WithReason(absl::AbortedError("the command's helper, warren-nsexec, was killed, and the command with it"),
                      "HELPER_LOST");
  }
  around_.kill_orphans(cgroup_, nothing_left);
}

void LiveSession::OnNothingLeft() {
  nothing_left_ = true;
  // It may have given its end of a pipe away: what is in it now is all, whoever still has that.
  for (Output* output : {&out_, &err_}) {
    if (!output->fd.is_open()) continue;
    const int size = fcntl(output->fd.native_handle(), F_GETPIPE_SZ);
    output->left = size > 0 ? static_cast<size_t>(size) : kMostInTerminal;
    boost::system::error_code ignored;
    output->fd.cancel(ignored);
  }
  reopen_.cancel();
  ReadOutputs();
  CheckOver();
}

void LiveSession::Feed() {
  while (input_done_ < input_text_.size() && input_.is_open()) {
    const ssize_t wrote =
        write(input_.native_handle(), input_text_.data() + input_done_, input_text_.size() - input_done_);
    if (wrote >= 0) {
      input_done_ += static_cast<size_t>(wrote);
    } else if (errno == EAGAIN) {
      Probe();
      return input_.async_wait(stream_descriptor::wait_write,
                               [self = shared_from_this()](boost::system::error_code error) {
                                 if (!error) self->Feed();
                               });
    } else if (errno != EINTR) {
      CloseInput();  // nobody reads it any more: what comes is dropped
    }
  }
  std::string().swap(input_text_);
  input_done_ = 0;
  if (caller_ != nullptr && !finished_) caller_->Read();
}

void LiveSession::Probe() {
  probe_.expires_after(kProbe);
  probe_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->input_text_.empty() || self->caller_ == nullptr) return;
    if (!self->writing_) {
      self->probing_ = true;
      self->Send({});
    }
    self->Probe();
  });
}

void LiveSession::EndInput() {
  // A terminal has no end of its own: what somebody types there.
  constexpr char kEndOfTransmission = 4;
  if (start_->has_terminal() && input_.is_open()) {
    [[maybe_unused]] const ssize_t written = write(input_.native_handle(), &kEndOfTransmission, 1);
  }
  CloseInput();
}

void LiveSession::CloseInput() { CloseQuietly(input_); }

void LiveSession::HangUp(absl::Status why, absl::Duration grace) {
  if (why_.ok() && !nothing_left_) why_ = std::move(why);
  if (helper_) helper_->HangUp(absl::ToChronoMilliseconds(std::min(grace, around_.options.grace)));
}

void LiveSession::CheckOver() {
  if (finished_) return;
  // Never started: there is nothing to wait for, unless the audit log is about to answer.
  if (!start_ && caller_ == nullptr) return Finish(why_);
  if (!nothing_left_ || out_.fd.is_open() || err_.fd.is_open()) return;
  Finish(why_);
}

void LiveSession::Refuse(const absl::Status& status) {
  if (why_.ok()) why_ = status;
  CloseInput();
  CloseOutputs();
  Finish(why_);
}

void LiveSession::Finish(const absl::Status& status) {
  finished_ = true;
  timer_.cancel();
  pace_.cancel();
  reopen_.cancel();
  probe_.cancel();
  CloseInput();
  const std::string reason = status.ok()                ? "ok"
                             : ReasonOf(status).empty() ? absl::StatusCodeToString(status.code())
                                                        : ReasonOf(status);
  around_.observer.OnEnded(started_, reason, bytes_in_, bytes_out_);
  AuditEnd end;
  if (exit_) {
    end.exit_code = exit_->code();
    end.signal = exit_->signal();
  }
  if (!status.ok()) end.ended_by = ToText(status);
  end.bytes_in = bytes_in_;
  end.bytes_out = bytes_out_;
  if (audited_) {
    around_.audit.End(record_, end);
  } else if (start_) {
    around_.audit.Refused(record_, end.ended_by);
  }
  v1::SessionResponse last;
  if (status.ok() && exit_) {
    *last.mutable_exit() = *exit_;
  } else {
    *last.mutable_error() = ToRpcStatus(status.ok() ? absl::InternalError("the command's end was not told") : status);
  }
  Send(std::move(last));
  if (caller_ == nullptr) around_.over(*this);
}

void LiveSession::SetTimer() {
  Clock::time_point next = ends_at_;
  if (around_.options.idle_timeout != absl::InfiniteDuration()) {
    next = std::min(next, last_active_ + absl::ToChronoNanoseconds(around_.options.idle_timeout));
  }
  if (next == Clock::time_point::max()) return;
  timer_.expires_at(next);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->OnTimer();
  });
}

void LiveSession::OnTimer() {
  const Clock::time_point now = Clock::now();
  if (now >= ends_at_) {
    HangUp(absl::DeadlineExceededError(absl::StrCat("the command ran longer than it may: ",
                                                    absl::FormatDuration(absl::FromChrono(ends_at_ - begun_)))));
    // A caller that takes nothing would keep its place for good: its silence still counts.
    ends_at_ = Clock::time_point::max();
    return SetTimer();
  }
  const absl::Duration idle = around_.options.idle_timeout;
  if (idle != absl::InfiniteDuration() && now >= last_active_ + absl::ToChronoNanoseconds(idle)) {
    HangUp(WithReason(absl::AbortedError(absl::StrCat("nothing was said or written for ", absl::FormatDuration(idle),
                                                      ", and so the command was hung up")),
                      "IDLE_TOO_LONG"));
    // Who takes nothing does not take this either.
    if (writing_ && caller_ != nullptr) caller_->Cancel();
    return;
  }
  SetTimer();
}

}  // namespace warren::exec
