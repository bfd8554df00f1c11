#include "client/args/exec_args.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/args/place_args.h"
#include "proto/common/names.h"
#include "proto/common/utf8.h"

namespace warren::cli {
namespace {

bool IsPattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool Fits(const std::string& pattern, const std::string& name) {
  return name == pattern || fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

absl::Status SetVariable(const std::string& given, v1::Command& command) {
  const size_t equals = given.find('=');
  const std::string name = given.substr(0, equals);
  if (name.empty()) return absl::InvalidArgumentError(absl::StrCat("--env \"", given, "\" has no name"));
  std::string value;
  if (equals != std::string::npos) {
    value = given.substr(equals + 1);
  } else if (const char* own = getenv(name.c_str())) {
    value = own;
  } else {
    return absl::OkStatus();
  }
  if (!IsUtf8(name) || !IsUtf8(value)) {
    return absl::InvalidArgumentError(absl::StrCat("--env ", name, ": what is not UTF-8 cannot be sent"));
  }
  (*command.mutable_env())[name] = value;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Command> ParseCommand(const ExecFlags& flags, const std::vector<std::string>& words) {
  v1::Command command;
  const bool text = std::all_of(words.begin(), words.end(), [](const std::string& word) { return IsUtf8(word); });
  for (const std::string& word : words) {
    if (text) {
      command.add_argv(word);
    } else {
      command.add_raw_argv(word);
    }
  }
  for (const std::string& variable : flags.env) {
    if (absl::Status status = SetVariable(variable, command); !status.ok()) return status;
  }
  if (!flags.cwd.empty() && flags.cwd[0] != '/') {
    return absl::InvalidArgumentError(absl::StrCat("--cwd \"", flags.cwd, "\" is not an absolute path"));
  }
  command.set_user(flags.user);
  command.set_cwd(flags.cwd);
  return command;
}

absl::StatusOr<Targets> Targets::Parse(std::string_view text) {
  Targets targets;
  const std::string place = ShortPlace(text);
  text = place;
  const size_t slash = text.find('/');
  targets.host_ = std::string(text.substr(0, slash));
  targets.netns_ = slash == std::string_view::npos ? "" : std::string(text.substr(slash + 1));
  targets.host_pattern_ = IsPattern(targets.host_);
  targets.netns_pattern_ = IsPattern(targets.netns_);
  if (!targets.many()) {
    const auto place = ParseNetnsArgument(text);
    if (!place.ok()) return place.status();
    return targets;
  }
  if (targets.netns_.empty() || targets.host_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", std::string(text),
                                                   "\" names no namespace; expected HOST/NS, as in h1/red, or a "
                                                   "pattern of them, as in 'h1/*' or '*/*'"));
  }
  if (!targets.host_pattern_) {
    if (const auto host = ParseHostArgument(targets.host_); !host.ok()) return host.status();
  }
  return targets;
}

bool Targets::Match(const std::string& host, const std::string& netns) const {
  if (netns_pattern_ && netns == kHostNamespace) return false;
  return (host_pattern_ ? Fits(host_, host) : host_ == host) &&
         (netns_pattern_ ? Fits(netns_, netns) : netns_ == netns);
}

}  // namespace warren::cli
