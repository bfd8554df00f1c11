#include "client/output/intent_text.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/ink.h"
#include "client/output/operation_text.h"
#include "client/output/table.h"
#include "client/output/times.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// Length of a UUID.
constexpr size_t kUuid = 36;

std::string HostOf(const v1::Intent& intent) {
  const auto name = ParseIntent(intent.name());
  return name.ok() ? name->host : intent.name();
}

// "EINVAL: Nexthop has invalid gateway"; empty when the kernel said nothing that the message does not have already.
std::string KernelText(const v1::OperationError& error) {
  std::vector<std::string> said;
  for (const std::string& word : {error.errno_name(), error.extended_ack()}) {
    if (!word.empty() && !absl::StrContains(error.message(), word)) said.push_back(word);
  }
  return absl::StrJoin(said, ": ");
}

}  // namespace

std::string IntentShortName(const v1::Intent& intent) {
  const auto name = ParseIntent(intent.name());
  return name.ok() ? absl::StrCat(name->host, "/", name->id) : intent.name();
}

std::string StateText(v1::Intent::State state) {
  const std::string& name = v1::Intent::State_Name(state);
  return name.empty() ? absl::StrCat("state ", static_cast<int>(state)) : name;
}

Columns<v1::Intent> IntentColumns(const Style& style, Clock clock) {
  const bool wide = style.format == Format::kWide;
  std::vector<std::string> heading = {"INTENT", "STATE", "AGE", "APPLIED IN", "OPERATIONS"};
  if (wide) heading.insert(heading.end(), {"SEQUENCE", "ACCEPTED", "STARTED", "FINISHED", "EXPIRES", "BOOT"});
  return {std::move(heading),
          [wide, color = style.color, clock = std::move(clock)](const v1::Intent& intent) {
            std::vector<std::string> row = {IntentShortName(intent),
                                            Painted(StateText(intent.state()), StateInk(intent.state()), color),
                                            intent.has_create_time() ? AgeText(intent.create_time(), clock()) : "",
                                            intent.has_apply_duration() ? SpanText(intent.apply_duration()) : "",
                                            OperationsText(intent.operations())};
            if (wide) {
              row.insert(row.end(), {intent.sequence() == 0 ? "" : absl::StrCat(intent.sequence()),
                                     intent.has_create_time() ? TimeText(intent.create_time()) : "",
                                     intent.has_start_time() ? TimeText(intent.start_time()) : "",
                                     intent.has_finish_time() ? TimeText(intent.finish_time()) : "",
                                     intent.has_expire_time() ? TimeText(intent.expire_time()) : "", intent.boot_id()});
            }
            return row;
          },
          {sizeof("h1/") - 1 + kUuid, sizeof("SUCCEEDED") - 1, 4, 8}};
}

std::string IntentsText(const std::vector<v1::Intent>& intents, const Style& style, absl::Time now) {
  ListWriter<v1::Intent> writer(style.format, IntentColumns(style, [now] { return now; }));
  const std::string page = writer.Page(intents);
  return absl::StrCat(page, writer.End());
}

std::string DryRunText(const std::string& host, const v1::Intent& intent, Format format) {
  v1::Intent asked;
  *asked.mutable_operations() = intent.operations();
  if (intent.has_expire_time()) *asked.mutable_expire_time() = intent.expire_time();
  if (IsData(format)) return DataText(asked, format);
  if (format == Format::kName) return absl::StrCat(HostName(host), "\n");
  Sheet sheet;
  sheet.Add("Host", host);
  if (intent.has_expire_time()) sheet.Add("Expires", TimeText(intent.expire_time()));
  for (int i = 0; i < intent.operations_size(); ++i) {
    sheet.Add(i == 0 ? "Operations" : "", absl::StrCat(i, "  ", OperationText(intent.operations(i))));
  }
  return sheet.Text();
}

std::string IntentText(const v1::Intent& intent, Format format) {
  if (IsData(format)) return DataText(intent, format);
  if (format == Format::kName) return absl::StrCat(intent.name(), "\n");
  Sheet sheet;
  sheet.Add("Intent", IntentShortName(intent));
  sheet.Add("State", StateText(intent.state()));
  if (intent.sequence() != 0) sheet.Add("Sequence", absl::StrCat(intent.sequence()));
  if (intent.has_create_time()) sheet.Add("Accepted", TimeText(intent.create_time()));
  if (intent.has_start_time()) sheet.Add("Started", TimeText(intent.start_time()));
  if (intent.has_finish_time()) sheet.Add("Finished", TimeText(intent.finish_time()));
  if (intent.has_expire_time()) sheet.Add("Expires", TimeText(intent.expire_time()));
  if (intent.has_apply_duration()) sheet.Add("Applied in", SpanText(intent.apply_duration()));
  sheet.Add("Boot", intent.boot_id());
  for (int i = 0; i < intent.operations_size(); ++i) {
    sheet.Add(i == 0 ? "Operations" : "", absl::StrCat(i, "  ", OperationText(intent.operations(i))));
  }
  std::string text = sheet.Text();
  if (intent.has_error()) {
    for (const std::string& line : FailureLines(intent)) absl::StrAppend(&text, line, "\n");
  }
  for (const std::string& line : ReleaseLines(intent)) absl::StrAppend(&text, line, "\n");
  return text;
}

std::string IntentRowText(const v1::Intent& intent, const Style& style, absl::Time now) {
  return IsTable(style.format) ? IntentsText({intent}, style, now) : IntentText(intent, style.format);
}

std::vector<std::string> FailureLines(const v1::Intent& intent) {
  const v1::OperationError& error = intent.error();
  const bool one = error.operation_index() >= 0 && !error.operation().empty();
  std::string head = one ? absl::StrCat("operation ", error.operation_index(), ", ", error.operation(), " ",
                                        error.object(), " on host ", HostOf(intent))
                         : absl::StrCat("host ", HostOf(intent));
  std::vector<std::string> lines = {absl::StrCat(head, ": ", error.message())};
  if (const std::string kernel = KernelText(error); !kernel.empty()) {
    lines.push_back(absl::StrCat("  the kernel said: ", kernel));
  }
  if (error.not_undone().empty()) {
    lines.push_back("  nothing is left of it: what it had changed was put back");
  } else {
    lines.push_back("  not everything could be undone; what is left:");
    for (const std::string& left : error.not_undone()) lines.push_back(absl::StrCat("    ", left));
  }
  return lines;
}

std::vector<std::string> ReleaseLines(const v1::Intent& intent) {
  std::vector<std::string> lines;
  if (!intent.has_release_pending()) return lines;
  const auto& pending = intent.release_pending();
  lines.push_back(
      absl::StrCat("deleted, but the kernel has not yet let go of: ", absl::StrJoin(pending.objects(), ", ")));
  if (!pending.holders().empty()) {
    lines.push_back(absl::StrCat("  held by: ", absl::StrJoin(pending.holders(), "; ")));
  }
  for (const std::string& line : pending.not_looked_at()) lines.push_back(absl::StrCat("  not looked at: ", line));
  return lines;
}

}  // namespace warren::cli
