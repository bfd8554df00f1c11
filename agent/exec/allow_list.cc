#include "agent/exec/allow_list.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/nsexec/wire.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

constexpr char kAny[] = "*";
constexpr char kRest[] = "...";

// What it leads to, for the comparison: /bin/ip and /usr/sbin/ip are one.
std::string Canonical(const std::string& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::canonical(path, error);
  return error ? path : canonical.string();
}

std::optional<std::string> Find(const std::string& command) {
  if (command.find('/') != std::string::npos) return command;
  for (const auto directory : absl::StrSplit(nsexec::kDefaultPath, ':')) {
    std::string path = absl::StrCat(directory, "/", command);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

// What a path ends in. A program that is several (busybox, kmod, iptables) does what this says.
std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool Matches(const std::vector<std::string>& pattern, const std::string& file, const std::vector<std::string>& argv) {
  if (NameOf(pattern[0]) != NameOf(file) || Canonical(pattern[0]) != Canonical(file)) return false;
  for (size_t i = 1; i < pattern.size(); ++i) {
    if (pattern[i] == kRest && i + 1 == pattern.size()) return true;
    if (i >= argv.size() || (pattern[i] != kAny && pattern[i] != argv[i])) return false;
  }
  return argv.size() == pattern.size();
}

bool IsHarmless(std::string_view variable) {
  static constexpr std::string_view kNames[] = {"TERM", "LANG", "TZ", "COLUMNS", "LINES", "NO_COLOR"};
  return variable.starts_with("LC_") || std::find(std::begin(kNames), std::end(kNames), variable) != std::end(kNames);
}

absl::Status Denied(std::string_view reason, std::string message) {
  return WithReason(absl::PermissionDeniedError(message), reason);
}

}  // namespace

absl::StatusOr<AllowList> AllowList::Create(const std::vector<std::string>& commands,
                                            const std::vector<std::string>& users) {
  AllowList list;
  list.users_ = users;
  for (const std::string& text : commands) {
    std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
    if (words.empty() || words[0].front() != '/') {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\" does not begin with an absolute path, such as \"/usr/bin/ping -c 1 *\""));
    }
    list.commands_.push_back(std::move(words));
  }
  return list;
}

absl::StatusOr<std::string> AllowList::Check(const std::vector<std::string>& argv, const v1::Command& command) const {
  const std::string user = command.user().empty() ? "root" : command.user();
  if (!users_.empty() && std::find(users_.begin(), users_.end(), user) == users_.end()) {
    return Denied("USER_NOT_ALLOWED",
                  absl::StrCat("nothing may be run as \"", user, "\" on this host; say --user with one of ",
                               absl::StrJoin(users_, ", ")));
  }
  if (commands_.empty()) return std::string();
  const auto allowed = [&] {
    return absl::StrJoin(commands_, "; ", [](std::string* out, const std::vector<std::string>& words) {
      absl::StrAppend(out, absl::StrJoin(words, " "));
    });
  };
  if (argv.empty()) {
    return Denied("COMMAND_NOT_ALLOWED", absl::StrCat("this host gives no shell; it runs only: ", allowed()));
  }
  // The rest would not be seen by the kernel, nor by a program that looks at its own name.
  if (argv[0].find('\0') != std::string::npos) {
    return Denied("COMMAND_NOT_ALLOWED", "the command has a NUL");
  }
  // Here it would lead elsewhere than from the directory that the command begins in.
  if (!argv[0].starts_with('/') && argv[0].find('/') != std::string::npos) {
    return Denied(
        "COMMAND_NOT_ALLOWED",
        absl::StrCat("\"", argv[0], "\" is neither a name nor an absolute path; this host runs only: ", allowed()));
  }
  const std::optional<std::string> file = Find(argv[0]);
  if (!file) {
    return WithReason(absl::NotFoundError(absl::StrCat("there is no command \"", argv[0], "\"")), "COMMAND_NOT_FOUND");
  }
  const auto listed = std::find_if(commands_.begin(), commands_.end(), [&](const std::vector<std::string>& pattern) {
    return Matches(pattern, *file, argv);
  });
  if (listed == commands_.end()) {
    return Denied("COMMAND_NOT_ALLOWED",
                  absl::StrCat("\"", absl::StrJoin(argv, " "),
                               "\" is not what this host may be asked to run, which is: ", allowed()));
  }
  for (const auto& [name, value] : command.env()) {
    if (IsHarmless(name)) continue;
    return Denied(
        "VARIABLE_NOT_ALLOWED",
        absl::StrCat("the variable \"", name,
                     "\" could change what the command does; a host with a list of commands takes TERM, LANG, "
                     "LC_*, TZ, COLUMNS, LINES and NO_COLOR only"));
  }
  // Not the path that was asked for: it may lead elsewhere by the time, or at the place, it is executed.
  return listed->front();
}

}  // namespace warren::exec
