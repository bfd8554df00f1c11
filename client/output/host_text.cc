#include "client/output/host_text.h"

#include "absl/strings/str_cat.h"
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

std::string HostsText(const std::vector<v1::Host>& hosts, Format format, absl::Time now) {
  if (IsData(format)) return DataListText(hosts, format);
  std::string names;
  Table table({"HOST", "CONNECTED", "LAST SEEN", "NAMESPACES", "QUEUED", "KERNEL", "AGENT"});
  for (const v1::Host& host : hosts) {
    absl::StrAppend(&names, host.name(), "\n");
    table.Add({Short(host), host.connected() ? "yes" : "no", LastSeen(host, now), absl::StrCat(host.namespace_count()),
               absl::StrCat(host.queued_intents()), host.kernel_release(), host.agent_version()});
  }
  return format == Format::kName ? names : table.Text();
}

std::string HostText(const v1::Host& host, Format format, absl::Time now) {
  if (IsData(format)) return DataText(host, format);
  if (format == Format::kName) return absl::StrCat(host.name(), "\n");
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
  sheet.Add("Agent", host.agent_version());
  sheet.Add("Instance", host.agent_instance());
  for (int i = 0; i < host.capabilities_size(); ++i) {
    const auto& capability = host.capabilities(i);
    std::string can = absl::StrCat(capability.name(), ": ", capability.available() ? "yes" : "no");
    if (!capability.reason().empty()) absl::StrAppend(&can, ", ", capability.reason());
    sheet.Add(i == 0 ? "Capabilities" : "", can);
  }
  return sheet.Text();
}

}  // namespace warren::cli
