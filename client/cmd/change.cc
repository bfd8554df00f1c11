#include "client/cmd/change.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/intent_text.h"
#include "proto/common/flags.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// How long looking up an absent host may take on top of --timeout: it only improves a message.
constexpr absl::Duration kLookUp = absl::Seconds(1);

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

int SubmitFailed(Context& context, const std::string& command, const v1::CreateIntentRequest& request,
                 const absl::Status& status) {
  std::vector<std::string> advice;
  if (IsUnreachable(status)) {
    advice.push_back(absl::StrCat("  whether it was accepted is not known; the same command with --request-id ",
                                  request.request_id(), " finds out, and never does it twice"));
  } else if (absl::IsNotFound(status) && !request.allow_unknown_host() &&
             !absl::StrContains(status.message(), "allow_unknown_host")) {
    advice.push_back("  --allow-unknown-host accepts it for a host that has never connected; it then waits");
  }
  return context.Fail(command, status, advice);
}

}  // namespace

int SubmitChange(Context& context, const std::string& command, const Change& change, Typed typed) {
  int exit_code = kExitOk;
  client::Client* client = context.Connect(&exit_code);
  if (client == nullptr) return exit_code;
  v1::CreateIntentRequest request;
  request.set_parent(HostName(change.host));
  *request.mutable_intent() = change.intent;
  request.set_request_id(context.options().request_id);
  request.set_allow_unknown_host(context.options().allow_unknown_host);
  const auto intent = client->Submit(request, context.deadline());
  if (!intent.ok()) return SubmitFailed(context, command, request, intent.status());
  if (context.options().no_wait) return context.Print(IntentRowText(*intent, context.format(), context.now()));
  return WaitAndReport(context, command, *intent, typed);
}

int WaitAndReport(Context& context, const std::string& command, const v1::Intent& intent, Typed typed) {
  if (client::IsFinished(intent.state())) return ReportIntent(context, command, intent, typed);
  int exit_code = kExitOk;
  client::Client* client = context.Connect(&exit_code);
  if (client == nullptr) return exit_code;
  const auto finished = client->Wait(intent.name(), context.deadline());
  if (finished.ok()) return ReportIntent(context, command, *finished, typed);
  if (!IsUnreachable(finished.status())) return context.Fail(command, finished.status());
  return context.Fail(
      command, finished.status(),
      {absl::StrCat("  intent ", IntentShortName(intent), " was accepted and goes on"), HowToWait(intent)});
}

int ReportIntent(Context& context, const std::string& command, const v1::Intent& intent, Typed typed) {
  const bool succeeded = intent.state() == v1::Intent::SUCCEEDED;
  // A script wants the intent whatever came of it; for people a failure is told below.
  if (succeeded || context.format() != Format::kTable) {
    const int written = context.Print(IntentRowText(intent, context.format(), context.now()));
    if (written != kExitOk) return written;
  }
  if (!client::IsFinished(intent.state())) return ReportPending(context, command, intent);
  std::vector<std::string> lines;
  if (intent.state() == v1::Intent::FAILED) {
    lines = FailureAdvice(intent, typed);
    lines.push_back(absl::StrCat("  intent ", IntentShortName(intent), " FAILED"));
  } else if (!succeeded) {
    lines.push_back(
        absl::StrCat("intent ", IntentShortName(intent), " was never started: it is ", StateText(intent.state())));
  }
  const std::vector<std::string> pending = ReleaseLines(intent);
  lines.insert(lines.end(), pending.begin(), pending.end());
  if (!lines.empty()) context.Complain(command, lines);
  return succeeded ? kExitOk : kExitFailed;
}

}  // namespace warren::cli
