#include "client/output/host_text.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/ink.h"
#include "client/output/table.h"
#include "client/output/times.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// "h1" of "hosts/h1".
std::string Short(const v1::Host& host) {
  auto name = ParseHost(host.name());
  return name.ok() ? *std::move(name) : host.name();
}

std::string LastSeen(const v1::Host& host, absl::Time now) {
  return host.has_last_seen_time() ? absl::StrCat(AgeText(host.last_seen_time(), now), " ago") : "never";
}

}  // namespace

std::string LabelsText(const v1::Host& host) {
  const std::map<std::string, std::string> labels(host.labels().begin(), host.labels().end());
  return absl::StrJoin(labels, ",", absl::PairFormatter("="));
}

Columns<v1::Host> HostColumns(const Style& style, Clock clock) {
  const bool wide = style.format == Format::kWide;
  std::vector<std::string> heading = {"HOST", "CONNECTED", "LAST SEEN", "NAMESPACES", "QUEUED", "KERNEL", "AGENT"};
  if (wide) heading.insert(heading.end(), {"SINCE", "LABELS", "BOOT", "PREVIOUS BOOT"});
  return {std::move(heading), [wide, color = style.color, clock = std::move(clock)](const v1::Host& host) {
            std::vector<std::string> row = {
                Short(host),
                Painted(host.connected() ? "yes" : "no", host.connected() ? Ink::kGood : Ink::kBad, color),
                LastSeen(host, clock()),
                absl::StrCat(host.namespace_count()),
                absl::StrCat(host.queued_intents()),
                host.kernel_release(),
                host.agent_version()};
            if (wide) {
              row.insert(row.end(), {host.has_connect_time() ? TimeText(host.connect_time()) : "", LabelsText(host),
                                     host.boot_id(), host.previous_boot_id()});
            }
            return row;
          }};
}

std::string HostsText(const std::vector<v1::Host>& hosts, const Style& style, absl::Time now) {
  ListWriter<v1::Host> writer(style.format, HostColumns(style, [now] { return now; }));
  const std::string page = writer.Page(hosts);
  return absl::StrCat(page, writer.End());
}

std::string HostText(const v1::Host& host, const Style& style, absl::Time now) {
  if (IsData(style.format)) return DataText(host, style.format);
  if (style.format == Format::kName) return absl::StrCat(host.name(), "\n");
  Sheet sheet;
  sheet.Add("Host", Short(host));
  sheet.Add("Connected", !host.connected()         ? "no"
                         : host.has_connect_time() ? absl::StrCat("yes, since ", TimeText(host.connect_time()))
                                                   : "yes");
  sheet.Add("Last seen", LastSeen(host, now));
  sheet.Add("Namespaces", absl::StrCat(host.namespace_count()));
  sheet.Add("Queued intents", absl::StrCat(host.queued_intents()));
  sheet.Add("Kernel", host.kernel_release());
  sheet.Add("Boot", host.boot_id());
  if (host.has_reboot_time()) {
    sheet.Add("Rebooted", absl::StrCat(TimeText(host.reboot_time()), ", after boot ", host.previous_boot_id()));
  }
  sheet.Add("Agent", host.agent_version());
  sheet.Add("Labels", LabelsText(host));
  for (int i = 0; i < host.capabilities_size(); ++i) {
    const auto& capability = host.capabilities(i);
    std::string can = absl::StrCat(capability.name(), ": ", capability.available() ? "yes" : "no");
    if (!capability.reason().empty()) absl::StrAppend(&can, ", ", capability.reason());
    sheet.Add(i == 0 ? "Capabilities" : "", can);
  }
  return sheet.Text();
}

}  // namespace warren::cli
