#include "client/cmd/batch.h"

#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cmd/change.h"
#include "client/output/intent_text.h"
#include "client/output/progress.h"
#include "proto/common/flags.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

int PrintDryRun(Context& context, const std::string& command, const std::vector<Change>& changes,
                const v1::BatchCreateIntentsRequest& request) {
  std::string text;
  if (IsData(context.format())) {
    text = DataListText(request.requests(), context.format());
  } else {
    std::vector<std::string> each;
    for (size_t i = 0; i < changes.size(); ++i) {
      each.push_back(DryRunText(changes[i].host, request.requests(static_cast<int>(i)).intent(), context.format()));
    }
    text = absl::StrJoin(each, IsTable(context.format()) ? "\n" : "");
  }
  const int written = context.Print(text);
  context.Complain(command, {absl::StrCat("dry run: the server would accept these ", changes.size(),
                                          " intents; nothing was submitted")});
  return written;
}

// Prints all, and says of each that did not succeed why.
int ReportBatch(Context& context, const std::string& command, const std::vector<v1::Intent>& intents, Typed typed) {
  if (const int written = context.Print(IntentsText(intents, context.style(), context.now())); written != kExitOk) {
    return written;
  }
  std::map<v1::Intent::State, int> counts;
  int unfinished = 0;
  for (const v1::Intent& intent : intents) {
    ++counts[intent.state()];
    if (!client::IsFinished(intent.state())) {
      ++unfinished;
      continue;
    }
    const std::vector<std::string> lines = OutcomeLines(intent, typed);
    if (!lines.empty()) context.Complain(command, lines);
  }
  const int succeeded = counts[v1::Intent::SUCCEEDED];
  const int all = static_cast<int>(intents.size());
  if (succeeded == all) return kExitOk;
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) {
    if (count > 0 && state != v1::Intent::SUCCEEDED) parts.push_back(absl::StrCat(count, " ", StateText(state)));
  }
  std::vector<std::string> summary = {
      absl::StrCat(succeeded, " of ", all, " intents succeeded: ", absl::StrJoin(parts, ", "))};
  if (unfinished > 0) {
    summary.push_back(absl::StrCat("  those unfinished after ", context.options().timeout,
                                   " go on; `warren intents wait HOST/ID` waits for one, `warren intents watch` shows "
                                   "them"));
  }
  context.Complain(command, summary);
  return succeeded + unfinished == all ? kExitUnreachable : kExitFailed;
}

int WaitForBatch(Context& context, const std::string& command, std::vector<v1::Intent> intents, Typed typed) {
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return code;
  Progress progress(context.streams().err, context.streams().err_terminal, context.err_color(), context.now());
  std::vector<std::string> names;
  std::vector<size_t> rows;  // of names
  for (size_t i = 0; i < intents.size(); ++i) {
    progress.Add(IntentShortName(intents[i]), intents[i].state());
    if (client::IsFinished(intents[i].state())) continue;
    names.push_back(intents[i].name());
    rows.push_back(i);
  }
  const absl::Status status = client->WaitAll(
      names,
      [&](size_t index, const v1::Intent& intent) {
        context.Heard();
        intents[rows[index]] = intent;
        progress.Update(rows[index], intent.state(), context.now());
      },
      context.deadline());
  progress.Clear();
  if (status.ok()) return ReportBatch(context, command, intents, typed);
  const int reported = ReportBatch(context, command, intents, typed);
  const int failed = context.Fail(command, status, {"  what was accepted goes on"});
  return reported == kExitFailed ? reported : failed;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseHosts(const std::string& text) {
  std::vector<std::string> hosts;
  if (text.empty()) return hosts;
  std::set<std::string> seen;
  for (const auto part : absl::StrSplit(text, ',')) {
    const auto host = ParseHostArgument(std::string(part));
    if (!host.ok()) return host.status();
    if (!seen.insert(*host).second) {
      return absl::InvalidArgumentError(absl::StrCat("host \"", *host, "\" is given twice"));
    }
    hosts.push_back(*host);
  }
  return hosts;
}

std::string BatchRequestId(const std::string& first, size_t n) {
  constexpr size_t kTail = 12;  // the last group of a UUID: 48 bits
  if (n == 0 || first.size() < kTail) return first;
  const uint64_t tail = std::stoull(first.substr(first.size() - kTail), nullptr, 16);
  char text[kTail + 1];
  std::snprintf(text, sizeof(text), "%012llx", static_cast<unsigned long long>((tail + n) & 0xffffffffffffULL));
  return absl::StrCat(first.substr(0, first.size() - kTail), text);
}

absl::StatusOr<std::vector<Change>> ChangesFor(const std::vector<std::string>& hosts, std::vector<FileIntent> intents) {
  std::vector<Change> changes;
  for (FileIntent& one : intents) {
    if (!one.host.empty() && !hosts.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", one.line, ": host ", one.host,
                                                     " is named in the file; take HOST from the command line"));
    }
    if (one.host.empty() && hosts.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("HOST is required: line ", one.line, ": no host is named in the file (host: h1)"));
    }
    if (!one.host.empty()) changes.push_back({one.host, std::move(one.intent)});
    for (const std::string& host : hosts) changes.push_back({host, one.intent});
  }
  return changes;
}

int SubmitBatch(Context& context, const std::string& command, const std::vector<Change>& changes, Typed typed) {
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return code;
  const std::string first = context.options().request_id.empty() ? NewUuid() : context.options().request_id;
  v1::BatchCreateIntentsRequest request;
  request.set_validate_only(context.options().dry_run);
  std::map<std::string, size_t> of_host;
  for (const Change& change : changes) {
    *request.add_requests() = RequestOf(context, change, BatchRequestId(first, of_host[change.host]++));
  }
  auto intents = client->SubmitBatch(request, context.deadline());
  if (!intents.ok()) return SubmitFailed(context, command, first, intents.status());
  if (context.options().dry_run) return PrintDryRun(context, command, changes, request);
  if (context.options().no_wait) return context.Print(IntentsText(*intents, context.style(), context.now()));
  return WaitForBatch(context, command, *std::move(intents), typed);
}

}  // namespace warren::cli
