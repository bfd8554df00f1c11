#ifndef WARREN_CLIENT_ARGS_EXEC_ARGS_H_
#define WARREN_CLIENT_ARGS_EXEC_ARGS_H_

// `warren exec` and `warren shell`: where to run what. Pure but for the variables that --env takes over; thread-safe.
// Errors are INVALID_ARGUMENT.

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "warren/v1/exec.pb.h"

namespace warren::cli {

struct ExecFlags {
  std::string user;
  std::vector<std::string> env;  // "NAME=VALUE", or "NAME" for this process's own
  std::string cwd;
};

// What the API is to run; words: the command and its arguments, empty for the user's shell. Words that are not UTF-8
// are sent as they are.
absl::StatusOr<v1::Command> ParseCommand(const ExecFlags& flags, const std::vector<std::string>& words);

// "HOST/NS", where either part may be a pattern as the shell has them (fnmatch(3)): "h1/*", "*/qrouter-*", "h[12]/red".
// A pattern never means @host, which has to be named: "*/@host" is the own namespace of every host.
class Targets {
 public:
  static absl::StatusOr<Targets> Parse(std::string_view text);

  // Whether it may be any number of namespaces, none included.
  bool many() const { return host_pattern_ || netns_pattern_; }
  // A name, unless it is a pattern; then empty.
  std::string host() const { return host_pattern_ ? "" : host_; }
  std::string netns() const { return netns_pattern_ ? "" : netns_; }

  bool Match(const std::string& host, const std::string& netns) const;

 private:
  std::string host_;
  std::string netns_;
  bool host_pattern_ = false;
  bool netns_pattern_ = false;
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_EXEC_ARGS_H_
