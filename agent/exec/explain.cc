#include "agent/exec/explain.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

absl::Status NotFound(const char* reason, std::string message) {
  return WithReason(absl::NotFoundError(message), reason);
}

absl::Status NotExecuted(const nsexec::Event& event, const std::string& why) {
  switch (event.error) {
    case ENOENT:
    case ENOTDIR:
      // A script whose interpreter is missing says the same.
      return NotFound("COMMAND_NOT_FOUND", absl::StrCat("there is no command \"", event.about, "\""));
    case E2BIG:
      return WithReason(absl::ResourceExhaustedError("the arguments and the environment are longer than the kernel "
                                                     "takes: one of them over 128 KiB, or all together"),
                        "ARGUMENTS_TOO_LONG");
    case ENOMEM:
    case EAGAIN:
      return absl::ResourceExhaustedError(absl::StrCat("executing ", event.about, ": ", why));
    default:
      return WithReason(absl::FailedPreconditionError(absl::StrCat("\"", event.about, "\" cannot be executed: ", why)),
                        "COMMAND_NOT_EXECUTABLE");
  }
}

}  // namespace

absl::Status ExplainFailure(const nsexec::Event& event) {
  const std::string why = strerror(event.error);
  const std::string& about = event.about;
  switch (static_cast<nsexec::Step>(event.value)) {
    case nsexec::Step::kUser:
      if (event.error == ENOENT) {
        return NotFound("USER_NOT_FOUND", absl::StrCat("there is no ", about,
                                                       " on this host; a UID that it does not know needs a group, as "
                                                       "in 1000:1000"));
      }
      return absl::FailedPreconditionError(absl::StrCat("becoming ", about, ": ", why));
    case nsexec::Step::kIdentity:
      return WithReason(
          absl::FailedPreconditionError(absl::StrCat("namespace ", EscapeName(about),
                                                     " is another than the one that was meant: it was made anew")),
          "NAMESPACE_CHANGED");
    case nsexec::Step::kDirectory:
      if (event.error == ENOENT || event.error == ENOTDIR) {
        return NotFound("DIRECTORY_NOT_FOUND", absl::StrCat("there is no directory \"", about, "\" on this host"));
      }
      return absl::FailedPreconditionError(absl::StrCat("beginning in \"", about, "\": ", why));
    case nsexec::Step::kExecute:
      return NotExecuted(event, why);
    case nsexec::Step::kNamespace:
      return absl::FailedPreconditionError(absl::StrCat("joining namespace ", EscapeName(about), ": ", why));
    case nsexec::Step::kMounts:
      return absl::FailedPreconditionError(
          absl::StrCat("mounting ", about, " for the command: ", why, "; the agent needs CAP_SYS_ADMIN for it"));
    case nsexec::Step::kCgroup:
      return absl::InternalError(absl::StrCat("cgroup ", about, ": ", why));
    case nsexec::Step::kTerminal:
      return absl::InternalError(absl::StrCat("setting up the command's streams: ", why));
    case nsexec::Step::kOrder:
      break;
  }
  return absl::ResourceExhaustedError(absl::StrCat("starting ", about, ": ", why));
}

absl::Status ExplainNoNamespace(const std::string& netns, const absl::Status& status) {
  if (kernel::ErrnoOf(status) != ENOENT) {
    return absl::FailedPreconditionError(
        absl::StrCat("namespace ", EscapeName(netns), " cannot be opened: ", status.message()));
  }
  return WithReason(absl::NotFoundError(absl::StrCat("there is no namespace \"", EscapeName(netns), "\" on this host")),
                    "NAMESPACE_NOT_FOUND", {{"namespace", EscapeName(netns)}});
}

v1::ExitStatus ToExitStatus(int status) {
  v1::ExitStatus exit;
  if (!WIFSIGNALED(status)) {
    exit.set_code(WEXITSTATUS(status));
    return exit;
  }
  const int number = WTERMSIG(status);
  const char* name = sigabbrev_np(number);
  exit.set_signal(name != nullptr ? absl::StrCat("SIG", name) : absl::StrCat("SIGRTMIN+", number - SIGRTMIN));
  exit.set_signal_number(number);
  return exit;
}

int SignalNumber(const std::string& name) {
  std::string upper = absl::AsciiStrToUpper(name);
  if (upper.starts_with("SIG")) upper.erase(0, 3);
  for (int number = 1; number < NSIG; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && upper == known) return number;
  }
  return 0;
}

}  // namespace warren::exec
