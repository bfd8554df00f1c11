#include "server/hosts/hello.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"

namespace warren::hosts {
namespace {

constexpr int kMaxCapabilities = 64;
constexpr size_t kMaxText = 1024;  // of anything an agent says of itself

// In the order of their keys.
void Labels(const v1::Hello& hello, const std::function<void(std::string field, std::string why)>& bad) {
  if (hello.labels().size() > kMaxLabels) {
    bad("labels", absl::StrCat("has ", hello.labels().size(), " entries, more than ", kMaxLabels));
    return;
  }
  for (const auto& [key, value] : std::map<std::string, std::string>(hello.labels().begin(), hello.labels().end())) {
    const std::string field = absl::StrCat("labels[\"", key, "\"]");
    if (auto why = WhyBadLabelKey(key)) bad(field, absl::StrCat("has a key that ", *why));
    if (auto why = WhyBadLabelValue(value)) bad(field, *why);
  }
}

}  // namespace

absl::Status CheckHello(const v1::Hello& hello) {
  std::vector<FieldViolation> violations;
  const auto bad = [&](std::string field, std::string why) {
    violations.push_back({absl::StrCat("hello.", field), std::move(why)});
  };
  const auto text = [&](const std::string& field, const std::string& value) {
    if (value.size() > kMaxText) bad(field, absl::StrCat("is longer than ", kMaxText, " bytes"));
  };
  if (auto why = WhyBadHost(hello.host())) bad("host", *why);
  if (auto why = WhyBadUuid(hello.instance_id())) bad("instance_id", *why);
  if (auto why = WhyBadUuid(hello.boot_id())) bad("boot_id", *why);
  text("version", hello.version());
  text("kernel_release", hello.kernel_release());
  Labels(hello, bad);
  if (hello.capabilities_size() > kMaxCapabilities) {
    bad("capabilities", absl::StrCat("has more than ", kMaxCapabilities, " entries"));
  }
  for (int i = 0; i < std::min(hello.capabilities_size(), kMaxCapabilities); ++i) {
    const std::string field = absl::StrCat("capabilities[", i, "]");
    if (hello.capabilities(i).name().empty()) bad(field + ".name", "is empty");
    text(field + ".name", hello.capabilities(i).name());
    text(field + ".reason", hello.capabilities(i).reason());
  }
  return violations.empty() ? absl::OkStatus() : BadRequestError(violations);
}

v1::Host RecordOf(v1::Hello hello, absl::Time now) {
  v1::Host record;
  record.set_name(HostName(hello.host()));
  record.set_agent_version(std::move(*hello.mutable_version()));
  record.set_boot_id(std::move(*hello.mutable_boot_id()));
  record.set_kernel_release(std::move(*hello.mutable_kernel_release()));
  *record.mutable_capabilities() = std::move(*hello.mutable_capabilities());
  *record.mutable_labels() = std::move(*hello.mutable_labels());
  record.set_connected(true);
  SetTimestamp(now, *record.mutable_connect_time());
  SetTimestamp(now, *record.mutable_last_seen_time());
  return record;
}

bool CarryBoot(const v1::Host& before, v1::Host& record) {
  if (before.boot_id().empty()) return false;
  if (before.boot_id() != record.boot_id()) {
    record.set_previous_boot_id(before.boot_id());
    *record.mutable_reboot_time() = record.connect_time();
    return true;
  }
  record.set_previous_boot_id(before.previous_boot_id());
  if (before.has_reboot_time()) *record.mutable_reboot_time() = before.reboot_time();
  return false;
}

void SetTimestamp(absl::Time time, google::protobuf::Timestamp& timestamp) {
  const absl::Duration since = time - absl::UnixEpoch();
  const int64_t seconds = absl::ToInt64Seconds(absl::Floor(since, absl::Seconds(1)));
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(since - absl::Seconds(seconds))));
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

}  // namespace warren::hosts
