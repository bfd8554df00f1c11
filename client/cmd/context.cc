#include "client/cmd/context.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cmd/advice.h"
#include "client/lib/address.h"
#include "client/lib/status.h"
#include "proto/common/flags.h"
#include "proto/common/string_view.h"

namespace warren::cli {
namespace {

// A server that is being restarted is back sooner than this, and nobody need know.
constexpr absl::Duration kPatience = absl::Seconds(2);

}  // namespace

bool IsUnreachable(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || (absl::IsUnavailable(status) && ReasonOf(status) != client::kHostAway);
}

absl::StatusOr<absl::Duration> ParsePositive(std::string_view what, std::string_view text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(AbslView(text), &timeout) || timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(AbslView(what), " \"", AbslView(text),
                                                   "\" is not a positive duration, as in 500ms, 30s, 5m or 1h30m"));
  }
  return timeout;
}

Context::Context(const GlobalOptions& options, Streams streams, client::RetryOptions retry)
    : options_(options),
      streams_(streams),
      style_(ParseFormat(options.output).value_or(Format::kTable),
             UseColor(options.color, streams.out_terminal, getenv("NO_COLOR"), getenv("TERM"))),
      err_color_(UseColor(options.color, streams.err_terminal, getenv("NO_COLOR"), getenv("TERM"))),
      retry_(std::move(retry)),
      timeout_(ParsePositive("timeout", options.timeout).value_or(absl::Minutes(1))),
      start_(retry_.now()),
      deadline_(start_ + timeout_),
      heard_(start_),
      server_(options.server.empty() ? client::DefaultServer() : options.server) {}

std::optional<absl::Time> Context::expire_time() const {
  if (options_.expire_in.empty()) return std::nullopt;
  return start_ + ParsePositive("time", options_.expire_in).value_or(absl::InfiniteDuration());
}

void Context::Heard() {
  said_retrying_ = false;
  heard_ = now();
}

client::Client* Context::Connect(int* exit_code) {
  if (client_ != nullptr) return client_.get();
  client::RetryOptions retry = retry_;
  retry.on_retry = [this](const absl::Status& status) {
    if (now() - heard_ < kPatience || std::exchange(said_retrying_, true)) return;
    Complain("warren",
             {absl::StrCat("server ", server_, ": ", status.message(), "; trying again for up to ", options_.timeout)});
  };
  auto client = client::Client::Connect(server_, std::move(retry));
  if (!client.ok()) {
    Complain("warren", {absl::StrCat("server \"", server_, "\": ", client.status().message())});
    *exit_code = absl::IsInvalidArgument(client.status()) ? kExitUsage : kExitFailed;
    return nullptr;
  }
  client_ = *std::move(client);
  return client_.get();
}

int Context::Print(std::string_view text) {
  streams_.out << text << std::flush;
  if (streams_.out) return kExitOk;
  Complain("warren", {"the output cannot be written"});
  return kExitFailed;
}

void Context::Complain(const std::string& command, const std::vector<std::string>& lines) {
  std::string text = absl::StrCat(command, ": ");
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  streams_.err << text << std::flush;
}

int Context::Usage(const std::string& command, const absl::Status& status) {
  streams_.err << command << ": " << status.message() << "\nSee `" << command << " --help`.\n" << std::flush;
  return kExitUsage;
}

void Context::Refused(const std::string& command, const absl::Status& status, const std::vector<std::string>& advice) {
  const std::string code = absl::StatusCodeToString(status.code());
  const auto violations = client::FieldViolations(status);
  std::vector<std::string> lines;
  if (violations.empty()) {
    lines = {absl::StrCat(code, ": ", AsTyped(std::string(status.message()), Typed::kFlags))};
  } else {
    lines = {
        absl::StrCat(code, ": ", violations.size(), violations.size() == 1 ? " field is" : " fields are", " refused:")};
    for (const auto& violation : violations) {
      lines.push_back(absl::StrCat("  ", violation.field, ": ", violation.description));
    }
  }
  const std::vector<std::string> by_reason = ReasonAdvice(status);
  lines.insert(lines.end(), by_reason.begin(), by_reason.end());
  lines.insert(lines.end(), advice.begin(), advice.end());
  Complain(command, lines);
}

int Context::Fail(const std::string& command, const absl::Status& status, const std::vector<std::string>& advice) {
  if (!IsUnreachable(status)) {
    Refused(command, status, advice);
    return kExitFailed;
  }
  std::vector<std::string> lines = {
      absl::StrCat("no answer from server ", server_, " within ", options_.timeout, ": ",
                   absl::StatusCodeToString(status.code()), ": ", status.message()),
      "  is warren-server running there? --server or WARREN_SERVER names another, --timeout allows more time"};
  lines.insert(lines.end(), advice.begin(), advice.end());
  Complain(command, lines);
  return kExitUnreachable;
}

}  // namespace warren::cli
