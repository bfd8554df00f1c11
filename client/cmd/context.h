#ifndef WARREN_CLIENT_CMD_CONTEXT_H_
#define WARREN_CLIENT_CMD_CONTEXT_H_

// What every command has at hand: the options all share, the streams, the connection, and one way to report what went
// wrong. `command` is the whole of its name, "warren link set". One thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cmd/run.h"
#include "client/lib/client.h"
#include "client/output/format.h"

namespace warren::cli {

// Options of every command, as given.
struct GlobalOptions {
  std::string server;  // empty: client::DefaultServer()
  std::string output = "table";
  std::string timeout = "60s";
  std::string request_id;
  std::string color = "auto";
  std::string expire_in;  // empty: never
  bool dry_run = false;
  bool no_wait = false;
  bool allow_unknown_host = false;
  std::vector<std::string> command;  // to be run, of `warren exec`: its words are no options
};

class Context {
 public:
  // The time to be done by starts now. The options are checked already.
  Context(const GlobalOptions& options, Streams streams, client::RetryOptions retry);

  const GlobalOptions& options() const { return options_; }
  Streams& streams() { return streams_; }
  Format format() const { return style_.format; }
  // How standard output is to look.
  const Style& style() const { return style_; }
  // Whether words of state on standard error are coloured.
  bool err_color() const { return err_color_; }
  absl::Time now() const { return retry_.now(); }
  absl::Time deadline() const { return deadline_; }
  absl::Duration timeout() const { return timeout_; }
  // --expire-in from the start of the command on, the same for all it submits; none without it.
  std::optional<absl::Time> expire_time() const;
  const std::string& server() const { return server_; }

  // The connection, made when first asked for; null once that has been refused and reported, with *exit_code set.
  client::Client* Connect(int* exit_code);

  // The server has spoken: should it be lost again, that is said again.
  void Heard();

  int Print(std::string_view text);
  // "COMMAND: LINE" and the lines that follow, on standard error.
  void Complain(const std::string& command, const std::vector<std::string>& lines);
  // The line was wrong: says why and where help is.
  int Usage(const std::string& command, const absl::Status& status);
  // The server refused, or ended what it had begun: says so, with every bad field a line, and advice if there is any.
  void Refused(const std::string& command, const absl::Status& status, const std::vector<std::string>& advice = {});
  // A call failed: as Refused, unless nobody answered; returns the exit code.
  int Fail(const std::string& command, const absl::Status& status, const std::vector<std::string>& advice = {});

 private:
  GlobalOptions options_;
  Streams streams_;
  Style style_;
  bool err_color_;
  client::RetryOptions retry_;
  absl::Duration timeout_;
  absl::Time start_;
  absl::Time deadline_;
  absl::Time heard_;
  std::string server_;
  bool said_retrying_ = false;
  std::unique_ptr<client::Client> client_;
};

// No answer, or not in time: the same may succeed later. (A host that is away is an answer.)
bool IsUnreachable(const absl::Status& status);

// "5m" of "5m", "1h30m"...: INVALID_ARGUMENT naming what when it is not a positive duration.
absl::StatusOr<absl::Duration> ParsePositive(std::string_view what, std::string_view text);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_CONTEXT_H_
