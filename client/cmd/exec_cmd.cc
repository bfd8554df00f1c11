// `warren exec` and `warren shell`.

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/args/exec_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/exec_many.h"
#include "client/exec/attach.h"
#include "client/exec/raw_terminal.h"
#include "google/protobuf/util/time_util.h"
#include "proto/common/flags.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "proto/common/utf8.h"

namespace warren::cli {
namespace {

struct ExecLine : ExecFlags {
  std::string place;
  std::string timeout;
  std::string filter;
  int parallel = 8;
  bool stdin = false;
  bool terminal = false;
};

constexpr char kEnded[] = ": session ended; the command is hung up";

// What a change may be asked for, and a command cannot.
absl::Status CheckOptions(const GlobalOptions& options) {
  if (options.dry_run) return absl::InvalidArgumentError("--dry-run is for changes: a command is run, or it is not");
  if (options.no_wait) return absl::InvalidArgumentError("--no-wait is for changes: a command ends when warren does");
  return absl::OkStatus();
}

// What to run, with the time it may take.
absl::StatusOr<v1::Command> CommandOf(const Context& context, const ExecLine& line) {
  if (absl::Status refused = CheckOptions(context.options()); !refused.ok()) return refused;
  auto command = ParseCommand(line, context.options().command);
  if (!command.ok() || line.timeout.empty()) return command;
  const auto timeout = ParsePositive("timeout", line.timeout);
  if (!timeout.ok()) return timeout.status();
  *command->mutable_timeout() =
      google::protobuf::util::TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(*timeout));
  return command;
}

// What is typed and shown there is this terminal's: so are its kind and its characters, as with ssh.
void SetTerminal(Context& context, v1::SessionStart& start) {
  *start.mutable_terminal() = RawTerminal(context.streams().in_fd).Size();
  auto& env = *start.mutable_command()->mutable_env();
  for (const char* name : {"TERM", "LANG", "LC_ALL", "LC_CTYPE"}) {
    const char* own = getenv(name);
    if (own != nullptr && *own != '\0' && IsUtf8(own)) env.insert({name, own});
  }
}

// Of who has put what a shell reads into one word.
std::vector<std::string> NoShellAdvice(const std::vector<std::string>& command, const absl::Status& status) {
  if (ReasonOf(status) != "COMMAND_NOT_FOUND" || command.empty()) return {};
  if (command[0].find_first_of(" |&;<>$=*") == std::string::npos) return {};
  return {"  no shell reads a command: leave the quotes out, or run sh -c '...'"};
}

int ReportEnd(Context& context, const std::string& name, const ExecLine& line, const Outcome& outcome, bool reached) {
  if (outcome.status.ok()) {
    const v1::ExitStatus& exit = outcome.exit;
    if (exit.signal_number() == 0) return exit.code();
    const bool known = exit.signal_number() == SIGINT || exit.signal_number() == SIGPIPE;
    if (!known) context.Complain(name, {absl::StrCat(line.place, ": the command was killed by ", exit.signal())});
    return kExitSignalled + exit.signal_number();
  }
  // The last line that the command wrote on the terminal may have no end.
  if (line.terminal && outcome.started) context.streams().err << "\n";
  if (outcome.ended_by_signal == SIGPIPE) return kExitSignalled + SIGPIPE;
  if (outcome.write_error != 0) {
    context.Complain(name, {absl::StrCat("writing what the command wrote: ", strerror(outcome.write_error))});
    return kExitNotRun;
  }
  if (outcome.ended_by_signal != 0) {
    if (outcome.started) context.Complain(name, {absl::StrCat(line.place, kEnded)});
    return kExitSignalled + outcome.ended_by_signal;
  }
  if (!reached) {
    context.Fail(name, outcome.status);
    return kExitNotRun;
  }
  if (absl::IsCancelled(outcome.status)) {
    context.Complain(name, {absl::StrCat(line.place, kEnded)});
    return kExitNotRun;
  }
  if (absl::IsUnavailable(outcome.status) && ReasonOf(outcome.status).empty()) {
    context.Complain(name, {absl::StrCat("the connection to server ", context.server(), " was lost (",
                                         outcome.status.message(), "); the command is hung up")});
    return kExitNotRun;
  }
  context.Refused(name, outcome.status, NoShellAdvice(context.options().command, outcome.status));
  return ExitCodeOf(outcome.status);
}

int RunOne(Context& context, const std::string& name, const ExecLine& line, v1::Command command) {
  const auto place = ParseNetnsArgument(line.place);
  if (!place.ok()) return context.Usage(name, place.status()), kExitNotRun;
  v1::SessionStart start;
  start.set_name(NamespaceName(place->host, place->netns));
  *start.mutable_command() = std::move(command);
  start.set_stdin(line.stdin);
  if (line.terminal) SetTerminal(context, start);
  const CaughtSignals signals;
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return kExitNotRun;
  const auto session = client->Exec(std::move(start), context.deadline());
  const Here here = {context.streams().out, context.streams().err, line.stdin ? context.streams().in_fd : -1,
                     line.terminal};
  const Outcome outcome = Attach(*session, here, signals);
  return ReportEnd(context, name, line, outcome, session->reached());
}

int Exec(Context& context, ExecLine line) {
  const std::string name = "warren exec";
  const auto refuse = [&](const absl::Status& why) { return context.Usage(name, why), kExitNotRun; };
  if (context.options().command.empty()) {
    return refuse(absl::InvalidArgumentError("CMD is required; `warren shell HOST/NS` runs a shell"));
  }
  const auto targets = Targets::Parse(line.place);
  if (!targets.ok()) return refuse(targets.status());
  auto command = CommandOf(context, line);
  if (!command.ok()) return refuse(command.status());
  if (targets->many()) {
    if (line.stdin || line.terminal) {
      return refuse(absl::InvalidArgumentError("-i and -t are for one namespace, not for a pattern of them"));
    }
    return RunMany(context, name, {*targets, line.filter, line.parallel}, *command);
  }
  if (!line.filter.empty()) return refuse(absl::InvalidArgumentError("--filter is for a pattern, as in 'h1/*'"));
  if (line.terminal && isatty(context.streams().in_fd) != 1) {
    return refuse(absl::InvalidArgumentError("-t: standard input is no terminal here; leave -t out"));
  }
  line.stdin = line.stdin || line.terminal;
  return RunOne(context, name, line, *std::move(command));
}

int Shell(Context& context, ExecLine line) {
  auto command = CommandOf(context, line);
  if (!command.ok()) return context.Usage("warren shell", command.status()), kExitNotRun;
  line.stdin = true;
  line.terminal = isatty(context.streams().in_fd) == 1 && context.streams().out_terminal.interactive;
  return RunOne(context, "warren shell", line, *std::move(command));
}

void AddCommonOptions(CLI::App* app, ExecLine& line) {
  const CLI::Validator something([](const std::string& text) { return text.empty() ? "is empty" : std::string(); }, "");
  app->add_option("-u,--user", line.user, "User to run as: NAME or UID, or either with :GROUP (root)")
      ->check(something);
  app->add_option("-e,--env", line.env,
                  "Set a variable: NAME=VALUE, or NAME for the value it has here; may be repeated")
      ->expected(1)
      ->take_all();
  app->add_option("-w,--cwd,--workdir", line.cwd, "Directory to begin in (/)")->check(something);
  // Hides the global one, behind the verb.
  app->add_option("--timeout", line.timeout,
                  "Longest time the command may take (as the host allows); before the verb: to reach the server");
}

}  // namespace

void AddExecCommands(Tree& tree) {
  auto line = std::make_shared<ExecLine>();
  CLI::App* exec = tree.AddVerb(
      {"exec",
       {},
       "HOST/NS [OPTIONS] [--] CMD [ARG...]",
       "Run a command in a namespace, or in many at once",
       "  warren exec h1/red -- ip -br addr\n"
       "  warren exec h1/red -it -- bash\n"
       "  warren exec h1/red --user nobody --timeout 10s -- curl -sS http://10.0.0.2\n"
       "  tar c rules | warren exec h1/red -i -- tar xC /tmp\n"
       "  warren exec 'h1/*' --parallel 16 -- ip route show default\n"
       "  warren exec '*/qrouter-*' --filter 'foreign = false' -- sysctl -n net.ipv4.ip_forward\n"
       "\n"
       "No shell reads the command (sh -c '...' is one). It ends when warren does, with all that it started.\n"
       "SIGINT, SIGTERM, SIGQUIT, SIGUSR1 and SIGUSR2 are sent on to it; SIGHUP and the third\n"
       "SIGINT or SIGTERM end the session. On a terminal (-t) the keys are the command's; at the\n"
       "beginning of a line ~. ends the session, ~? has more. Without -i its input is empty.\n"
       "A pattern in quotes means every namespace it matches (never @host): each line then\n"
       "has HOST/NS in front, and a summary follows.\n"
       "\n"
       "Exit code: the command's; 128+N: signal N killed it, or ended the session; 124: it took\n"
       "longer than --timeout or the host allows; 125: it could not be run, or was ended; 126: it\n"
       "is no program; 127: there is no such command. Of many: 0 all returned 0, 1 some did not,\n"
       "125 some could not be run, or were ended.\n",
       true},
      [line](Context& context) { return Exec(context, *line); });
  exec->add_option("HOST/NS", line->place, "The host and the namespace, or a pattern of them")->required();
  exec->add_flag("-i,--stdin,--interactive", line->stdin, "Pass standard input on");
  exec->add_flag("-t,--terminal,--tty", line->terminal, "Give it a terminal, this one; implies -i");
  AddCommonOptions(exec, *line);
  exec->add_option("--parallel", line->parallel, "How many at once, of a pattern")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  exec->add_option("--filter", line->filter, "Of a pattern only those that match, as in `warren netns list --filter`");

  auto opened = std::make_shared<ExecLine>();
  CLI::App* shell =
      tree.AddVerb({"shell",
                    {},
                    "HOST/NS [OPTIONS] [[--] CMD [ARG...]]",
                    "Open a shell in a namespace",
                    "  warren shell h1/red\n"
                    "  warren shell h1/red --user nobody\n"
                    "  warren shell h1/red top\n"
                    "  echo 'ip route' | warren shell h1/red\n"
                    "\n"
                    "The user's shell, or CMD; on a terminal, if standard input and output are one. At the\n"
                    "beginning of a line ~. ends the session, ~? has more. Exit codes are those of\n"
                    "`warren exec`.\n",
                    true},
                   [opened](Context& context) { return Shell(context, *opened); });
  shell->add_option("HOST/NS", opened->place, "The host and the namespace")->required();
  AddCommonOptions(shell, *opened);
}

}  // namespace warren::cli
