#include "server/api/exec_request.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/api/request.h"
#include "server/exec/wire.h"

namespace warren::api {
namespace {

constexpr size_t kMaxArguments = size_t{2} << 20;  // what a program can be given with a stack of 8 MiB
constexpr size_t kMaxPath = 4095;                  // PATH_MAX, less the NUL
constexpr size_t kMaxUser = 256;
constexpr uint32_t kMaxTerminal = 65535;  // struct winsize
constexpr int32_t kDefaultOutput = 64 << 10;
constexpr int32_t kMaxOutput = 1 << 20;
constexpr int64_t kMaxSeconds = 315'576'000'000;  // google/protobuf/duration.proto

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

// "root", "1000", "root:adm", "1000:1000".
bool IsUser(const std::string& user) {
  const size_t colon = user.find(':');
  const bool empty_part = colon == 0 || (colon != std::string::npos && colon + 1 == user.size());
  const bool again = colon != std::string::npos && user.find(':', colon + 1) != std::string::npos;
  const bool strange = std::any_of(user.begin(), user.end(),
                                   [](unsigned char c) { return absl::ascii_isspace(c) || absl::ascii_iscntrl(c); });
  return !empty_part && !again && !strange && user.size() <= kMaxUser;
}

class CommandCheck {
 public:
  CommandCheck(RequestCheck& check, std::string prefix) : check_(check), prefix_(std::move(prefix)) {}

  void Check(const v1::Command& command) {
    if (command.argv_size() > 0 && command.raw_argv_size() > 0) Bad("raw_argv", "and argv are both given; give one");
    Arguments("argv", command.argv());
    Arguments("raw_argv", command.raw_argv());
    for (const auto& [key, value] : command.env()) {
      bytes_ += key.size() + value.size() + 2;
      if (key.empty() || HasNul(key) || key.find('=') != std::string::npos) {
        Bad("env", absl::StrCat("\"", key, "\" is not a variable's name: it is empty, or has a \"=\" or a NUL"));
      } else if (HasNul(value)) {
        Bad("env", absl::StrCat("the value of ", key, " has a NUL"));
      }
    }
    if (bytes_ > kMaxArguments) {
      Bad("argv", absl::StrCat("and env have ", bytes_, " bytes together; a command takes ", kMaxArguments));
    }
    const std::string& cwd = command.cwd();
    if (!cwd.empty() && (cwd.front() != '/' || HasNul(cwd) || cwd.size() > kMaxPath)) {
      Bad("cwd", absl::StrCat("is not an absolute path of at most ", kMaxPath, " bytes"));
    }
    if (!command.user().empty() && !IsUser(command.user())) {
      Bad("user", absl::StrCat("\"", command.user(), "\" is not a user's name or UID, or either with \":GROUP\""));
    }
    if (command.has_timeout()) Timeout(command.timeout());
  }

 private:
  void Bad(const std::string& field, std::string why) { check_.Bad(prefix_ + field, std::move(why)); }

  template <typename Texts>
  void Arguments(const std::string& field, const Texts& texts) {
    for (int i = 0; i < texts.size(); ++i) {
      bytes_ += texts[i].size() + 1;
      if (HasNul(texts[i])) Bad(absl::StrCat(field, "[", i, "]"), "has a NUL");
    }
    if (texts.size() > 0 && texts[0].empty()) Bad(field + "[0]", "is empty; it is the command");
  }
  void Timeout(const google::protobuf::Duration& timeout) {
    const int64_t seconds = timeout.seconds();
    const int32_t nanos = timeout.nanos();
    if (seconds < 0 || nanos < 0 || nanos > 999'999'999 || seconds > kMaxSeconds || (seconds == 0 && nanos == 0)) {
      Bad("timeout", "is not a positive duration");
    }
  }

  RequestCheck& check_;
  const std::string prefix_;
  size_t bytes_ = 0;
};

std::string Serialized(v1::SessionRequest request) {
  request.DiscardUnknownFields();
  return request.SerializeAsString();
}

}  // namespace

absl::StatusOr<ExecRequest> CheckSession(v1::SessionRequest first) {
  RequestCheck check;
  if (!first.has_start()) {
    check.Bad("start", "is not there: the first message of a session must have it, and nothing else");
    return check.status();
  }
  const v1::SessionStart& start = first.start();
  ExecRequest request;
  request.name = check.Namespace("start.name", start.name());
  CommandCheck(check, "start.command.").Check(start.command());
  const v1::TerminalSize& terminal = start.terminal();
  if (terminal.rows() > kMaxTerminal) check.Bad("start.terminal.rows", "is more than 65535");
  if (terminal.columns() > kMaxTerminal) check.Bad("start.terminal.columns", "is more than 65535");
  if (!check.ok()) return check.status();
  request.first = {Serialized(std::move(first))};
  return request;
}

absl::StatusOr<ExecRequest> CheckRun(const v1::RunRequest& run) {
  RequestCheck check;
  ExecRequest request;
  request.name = check.Namespace("name", run.name());
  if (run.command().argv_size() == 0 && run.command().raw_argv_size() == 0) {
    check.Bad("command.argv", "is empty; a shell is for Session");
  }
  CommandCheck(check, "command.").Check(run.command());
  if (run.stdin().size() > exec::kMaxStdin) {
    check.Bad("stdin", absl::StrCat("has ", run.stdin().size(), " bytes, more than ", exec::kMaxStdin));
  }
  if (run.max_output_bytes() < 0 || run.max_output_bytes() > kMaxOutput) {
    check.Bad("max_output_bytes", absl::StrCat("is not between 0 and ", kMaxOutput));
  }
  if (!check.ok()) return check.status();
  v1::SessionRequest first;
  v1::SessionStart& start = *first.mutable_start();
  start.set_name(run.name());
  *start.mutable_command() = run.command();
  start.set_stdin(!run.stdin().empty());
  start.set_namespace_cookie(run.namespace_cookie());
  request.first = {Serialized(std::move(first))};
  if (!run.stdin().empty()) {
    v1::SessionRequest input;
    input.set_stdin(run.stdin());
    request.first.push_back(input.SerializeAsString());
    request.first.push_back(exec::StdinEndMessage());
  }
  return request;
}

size_t OutputLimit(const v1::RunRequest& request) {
  return static_cast<size_t>(request.max_output_bytes() == 0 ? kDefaultOutput : request.max_output_bytes());
}

}  // namespace warren::api
