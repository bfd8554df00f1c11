#include "client/cmd/change.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/intent_text.h"
#include "client/output/progress.h"
#include "proto/common/flags.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// How long looking up an absent host may take on top of --timeout: it only improves a message.
constexpr absl::Duration kLookUp = absl::Seconds(1);
// How long one wait is: then the progress shown is brought up to date. The first is short enough that most intents need
// no progress.
constexpr absl::Duration kFirstSlice = absl::Milliseconds(300);
constexpr absl::Duration kSlice = absl::Seconds(1);

std::string HowToWait(const v1::Intent& intent) {
  const std::string name = IntentShortName(intent);
  return absl::StrCat("  wait for it with `warren intents wait ", name, "`, or stop it with `warren intents cancel ",
                      name, "`");
}

int ReportPending(Context& context, const std::string& command, const v1::Intent& intent) {
  std::vector<std::string> lines = {absl::StrCat("intent ", IntentShortName(intent), " is still ",
                                                 StateText(intent.state()), " after ", context.options().timeout)};
  const auto name = ParseIntent(intent.name());
  int ignored = 0;
  if (intent.state() == v1::Intent::QUEUED && name.ok()) {
    const auto host = context.Connect(&ignored)->GetHost(HostName(name->host), context.now() + kLookUp);
    if (host.ok() && !host->connected()) {
      lines.push_back(absl::StrCat("  host ", name->host, " is not connected; the intent waits for it"));
    }
  }
  lines.push_back(HowToWait(intent));
  context.Complain(command, lines);
  return kExitUnreachable;
}

}  // namespace

v1::CreateIntentRequest RequestOf(const Context& context, const Change& change, const std::string& request_id) {
  v1::CreateIntentRequest request;
  request.set_parent(HostName(change.host));
  *request.mutable_intent() = change.intent;
  if (const auto time = context.expire_time()) {
    const absl::Duration since_epoch = *time - absl::UnixEpoch();
    auto* expire = request.mutable_intent()->mutable_expire_time();
    expire->set_seconds(absl::ToInt64Seconds(since_epoch));
    expire->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(since_epoch % absl::Seconds(1))));
  }
  request.set_request_id(request_id);
  request.set_allow_unknown_host(context.options().allow_unknown_host);
  return request;
}

int SubmitFailed(Context& context, const std::string& command, const std::string& request_id,
                 const absl::Status& status) {
  std::vector<std::string> advice;
  if (IsUnreachable(status) && !context.options().dry_run) {
    advice.push_back(absl::StrCat("  whether it was accepted is not known; the same command with --request-id ",
                                  request_id, " finds out, and never does it twice"));
  } else if (absl::IsNotFound(status) && !context.options().allow_unknown_host &&
             !absl::StrContains(status.message(), "allow_unknown_host")) {
    advice.push_back("  --allow-unknown-host accepts it for a host that has never connected; it then waits");
  }
  return context.Fail(command, status, advice);
}

int SubmitChange(Context& context, const std::string& command, const Change& change, Typed typed) {
  int exit_code = kExitOk;
  client::Client* client = context.Connect(&exit_code);
  if (client == nullptr) return exit_code;
  v1::CreateIntentRequest request = RequestOf(context, change, context.options().request_id);
  request.set_validate_only(context.options().dry_run);
  const auto intent = client->Submit(request, context.deadline());
  if (!intent.ok()) return SubmitFailed(context, command, request.request_id(), intent.status());
  if (context.options().dry_run) {
    const int written = context.Print(DryRunText(change.host, request.intent(), context.format()));
    context.Complain(command, {"dry run: the server would accept this; nothing was submitted"});
    return written;
  }
  if (context.options().no_wait) return context.Print(IntentRowText(*intent, context.style(), context.now()));
  return WaitAndReport(context, command, *intent, typed);
}

int WaitAndReport(Context& context, const std::string& command, const v1::Intent& intent, Typed typed) {
  if (client::IsFinished(intent.state())) return ReportIntent(context, command, intent, typed);
  int exit_code = kExitOk;
  client::Client* client = context.Connect(&exit_code);
  if (client == nullptr) return exit_code;
  Progress progress(context.streams().err, context.streams().err_terminal, context.err_color(), context.now());
  progress.Add(IntentShortName(intent), intent.state());
  absl::StatusOr<v1::Intent> answer;
  absl::Duration slice = kFirstSlice;
  while (true) {
    answer = client->Wait(intent.name(), std::min(context.deadline(), context.now() + slice));
    slice = kSlice;
    if (answer.ok()) {
      progress.Update(0, answer->state(), context.now());
      context.Heard();
    }
    const bool over = answer.ok() ? client::IsFinished(answer->state()) : !IsUnreachable(answer.status());
    if (over || context.now() >= context.deadline()) break;
  }
  progress.Clear();
  if (answer.ok()) return ReportIntent(context, command, *answer, typed);
  if (!IsUnreachable(answer.status())) return context.Fail(command, answer.status());
  return context.Fail(
      command, answer.status(),
      {absl::StrCat("  intent ", IntentShortName(intent), " was accepted and goes on"), HowToWait(intent)});
}

std::vector<std::string> OutcomeLines(const v1::Intent& intent, Typed typed) {
  std::vector<std::string> lines;
  if (intent.state() == v1::Intent::FAILED) {
    lines = FailureAdvice(intent, typed);
    lines.push_back(absl::StrCat("  intent ", IntentShortName(intent), " FAILED"));
  } else if (intent.state() != v1::Intent::SUCCEEDED) {
    lines.push_back(
        absl::StrCat("intent ", IntentShortName(intent), " was never started: it is ", StateText(intent.state())));
  }
  const std::vector<std::string> pending = ReleaseLines(intent);
  lines.insert(lines.end(), pending.begin(), pending.end());
  return lines;
}

int ReportIntent(Context& context, const std::string& command, const v1::Intent& intent, Typed typed) {
  const bool succeeded = intent.state() == v1::Intent::SUCCEEDED;
  // A script wants the intent whatever came of it; for people a failure is told below.
  if (succeeded || !IsTable(context.format())) {
    const int written = context.Print(IntentRowText(intent, context.style(), context.now()));
    if (written != kExitOk) return written;
  }
  if (!client::IsFinished(intent.state())) return ReportPending(context, command, intent);
  const std::vector<std::string> lines = OutcomeLines(intent, typed);
  if (!lines.empty()) context.Complain(command, lines);
  return succeeded ? kExitOk : kExitFailed;
}

}  // namespace warren::cli
