#ifndef WARREN_CLIENT_CMD_CONTEXT_H_
#define WARREN_CLIENT_CMD_CONTEXT_H_

// What every command has at hand: the options all share, the streams, the connection, and one way to report what went
// wrong. `command` is the whole of its name, "warren link set". One thread.

#include <memory>
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
  bool no_wait = false;
  bool allow_unknown_host = false;
};

class Context {
 public:
  // The time to be done by starts now. The options are checked already.
  Context(const GlobalOptions& options, Streams streams, client::RetryOptions retry);

  const GlobalOptions& options() const { return options_; }
  Streams& streams() { return streams_; }
  Format format() const { return format_; }
  absl::Time now() const { return retry_.now(); }
  absl::Time deadline() const { return deadline_; }
  const std::string& server() const { return server_; }

  // The connection, made when first asked for; null once that has been refused and reported, with *exit_code set.
  client::Client* Connect(int* exit_code);

  int Print(std::string_view text);
  // "COMMAND: LINE" and the lines that follow, on standard error.
  void Complain(const std::string& command, const std::vector<std::string>& lines);
  // The line was wrong: says why and where help is.
  int Usage(const std::string& command, const absl::Status& status);
  // A call failed: says so in a way that fits the code, with every bad field a line, and advice if there is any;
  // returns the exit code.
  int Fail(const std::string& command, const absl::Status& status, const std::vector<std::string>& advice = {});

 private:
  GlobalOptions options_;
  Streams streams_;
  Format format_;
  client::RetryOptions retry_;
  absl::Time start_;
  absl::Time deadline_;
  std::string server_;
  bool said_retrying_ = false;
  std::unique_ptr<client::Client> client_;
};

// No answer, or not in time: the same may succeed later.
bool IsUnreachable(const absl::Status& status);

// "5m" of "5m", "1h30m"...: INVALID_ARGUMENT when it is not a positive duration.
absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_CONTEXT_H_
