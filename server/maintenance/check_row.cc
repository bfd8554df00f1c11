#include "server/maintenance/check_row.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/hosts/host_records.h"
#include "server/intents/stored.h"
#include "warren/v1/hosts.pb.h"

namespace warren::maintenance {
namespace {

absl::Status CheckIntent(const store::KeyValue& row) {
  const auto intent = intents::DecodeIntent(row);
  if (!intent.ok()) return intent.status();
  if (intent->intent.state() == v1::Intent::STATE_UNSPECIFIED || intent->intent.state() == v1::Intent::RUNNING) {
    return absl::DataLossError(
        absl::StrCat("an intent in state ", v1::Intent::State_Name(intent->intent.state()), ", which is never stored"));
  }
  if (intent->intent.operations().empty()) return absl::DataLossError("an intent without operations");
  return absl::OkStatus();
}

absl::Status CheckHost(const store::KeyValue& row) {
  const std::string_view name = std::string_view(row.key).substr(std::string_view(hosts::kHostPrefix).size());
  if (name.empty()) return absl::OkStatus();  // the feed's mark
  v1::Host host;
  if (!host.ParseFromString(row.value)) return absl::DataLossError("a host that cannot be parsed");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRow(const store::KeyValue& row) {
  const std::string_view key = row.key;
  if (key.starts_with(intents::kIntentPrefix)) return CheckIntent(row);
  if (key.starts_with(intents::kCursorPrefix)) return intents::DecodeCursor(row).status();
  if (key.starts_with(hosts::kHostPrefix)) return CheckHost(row);
  return absl::DataLossError("a key of no kind that this server knows");
}

}  // namespace warren::maintenance
