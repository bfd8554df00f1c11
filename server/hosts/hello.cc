#include "server/hosts/hello.h"

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
  if (hello.capabilities_size() > kMaxCapabilities) {
    bad("capabilities", absl::StrCat("has more than ", kMaxCapabilities, " entries"));
    return BadRequestError(violations);
  }
  for (int i = 0; i < hello.capabilities_size(); ++i) {
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
  record.set_agent_instance(std::move(*hello.mutable_instance_id()));
  record.set_boot_id(std::move(*hello.mutable_boot_id()));
  record.set_kernel_release(std::move(*hello.mutable_kernel_release()));
  *record.mutable_capabilities() = std::move(*hello.mutable_capabilities());
  SetTimestamp(now, *record.mutable_connect_time());
  SetTimestamp(now, *record.mutable_last_seen_time());
  return record;
}

void SetTimestamp(absl::Time time, google::protobuf::Timestamp& timestamp) {
  const absl::Duration since = time - absl::UnixEpoch();
  const int64_t seconds = absl::ToInt64Seconds(absl::Floor(since, absl::Seconds(1)));
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(since - absl::Seconds(seconds))));
}

}  // namespace warren::hosts
