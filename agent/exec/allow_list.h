#ifndef WARREN_AGENT_EXEC_ALLOW_LIST_H_
#define WARREN_AGENT_EXEC_ALLOW_LIST_H_

// Which commands a host runs, and as whom, where it does not run all. Thread-safe after it was made. Looks at the file
// system, for what a path leads to.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "warren/v1/exec.pb.h"

namespace warren::exec {

class AllowList {
 public:
  // Everything.
  AllowList() = default;
  // `commands`: words with spaces between them, the first an absolute path; "*" stands for any one argument, "..." at
  // the end for any number; another path that leads to the same file by the same name will do. `users`: as Command.user
  // has them; "root" is who says nothing. An empty list allows all.
  //
  // INVALID_ARGUMENT: one is not such a text.
  static absl::StatusOr<AllowList> Create(const std::vector<std::string>& commands,
                                          const std::vector<std::string>& users);

  // The file to execute, by the path that the list has; "": whichever argv[0] leads to. With a list of commands, the
  // environment that a caller may give is only what cannot change what a command does: TERM, LANG, LC_*, TZ, COLUMNS,
  // LINES, NO_COLOR.
  //
  // PERMISSION_DENIED: COMMAND_NOT_ALLOWED, USER_NOT_ALLOWED or VARIABLE_NOT_ALLOWED, with what is. NOT_FOUND
  // (COMMAND_NOT_FOUND): nothing of that name is in PATH.
  absl::StatusOr<std::string> Check(const std::vector<std::string>& argv, const v1::Command& command) const;

 private:
  std::vector<std::vector<std::string>> commands_;
  std::vector<std::string> users_;
};

}  // namespace warren::exec

#endif  // WARREN_AGENT_EXEC_ALLOW_LIST_H_
