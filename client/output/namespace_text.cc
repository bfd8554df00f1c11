#include "client/output/namespace_text.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/output/ink.h"
#include "client/output/ip_text.h"
#include "client/output/table.h"
#include "client/output/times.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// Of "hosts/h1/namespaces/red".
Place PlaceOf(const v1::Namespace& netns) {
  const auto name = ParseNamespace(netns.name());
  return name.ok() ? Place{name->host, name->id, ""} : Place{netns.name(), "", ""};
}

std::string Short(const v1::Namespace& netns) {
  const Place place = PlaceOf(netns);
  return place.netns.empty() ? place.host : absl::StrCat(place.host, "/", Visible(place.netns));
}

std::string Nsid(const v1::Namespace& netns) { return netns.nsid() < 0 ? "" : absl::StrCat(netns.nsid()); }

}  // namespace

absl::Duration AgeOf(const v1::Namespace& netns) {
  if (!netns.has_observe_time()) return absl::ZeroDuration();
  return std::max(absl::Now() - ToTime(netns.observe_time()), absl::ZeroDuration());
}

Columns<v1::Namespace> NamespaceColumns(const Style& style) {
  const bool wide = style.format == Format::kWide;
  std::vector<std::string> heading = {"NAMESPACE", "NSID", "LINKS", "ROUTES", "FOREIGN"};
  if (wide) heading.insert(heading.end(), {"COOKIE", "INODE", "OBSERVED"});
  return {std::move(heading), [wide](const v1::Namespace& netns) {
            std::vector<std::string> row = {Short(netns), Nsid(netns), absl::StrCat(netns.link_count()),
                                            absl::StrCat(netns.route_count()), netns.foreign() ? "yes" : "no"};
            if (!netns.unusable_reason().empty()) {
              row[2] = row[3] = "";
              absl::StrAppend(&row[4], ", ", Visible(netns.unusable_reason()));
            }
            if (wide) {
              row.insert(row.end(), {netns.has_identity() ? absl::StrCat(netns.identity().cookie()) : "",
                                     netns.has_identity() ? absl::StrCat(netns.identity().inode()) : "",
                                     netns.has_observe_time() ? TimeText(netns.observe_time()) : ""});
            }
            return row;
          }};
}

std::string NamespacesText(const std::vector<v1::Namespace>& namespaces, Format format) {
  ListWriter<v1::Namespace> writer(format, NamespaceColumns(format));
  const std::string page = writer.Page(namespaces);
  return absl::StrCat(page, writer.End());
}

std::string NamespaceText(const v1::Namespace& netns, Format format) {
  if (IsData(format)) return DataText(netns, format);
  if (format == Format::kName) return absl::StrCat(netns.name(), "\n");
  Sheet sheet;
  sheet.Add("Namespace", Short(netns));
  if (!netns.unusable_reason().empty()) {
    sheet.Add("Unusable", absl::StrCat("no network namespace: ", Visible(netns.unusable_reason())));
  }
  sheet.Add("Foreign", netns.foreign() ? "yes: not made through Warren" : "no");
  sheet.Add("Nsid", Nsid(netns));
  if (netns.has_identity()) {
    sheet.Add("Cookie", absl::StrCat(netns.identity().cookie()));
    sheet.Add("Inode", absl::StrCat(netns.identity().inode()));
    sheet.Add("Boot", netns.identity().boot_id());
  }
  if (netns.has_observe_time()) sheet.Add("Observed", TimeText(netns.observe_time()));
  std::string text = sheet.Text();
  const Place place = PlaceOf(netns);
  if (netns.links_size() > 0) {
    absl::StrAppend(&text, "\n",
                    AddressesText(place, {netns.links().begin(), netns.links().end()}, format, AgeOf(netns)));
  }
  if (netns.routes_size() > 0) {
    absl::StrAppend(&text, "\n",
                    RoutesText(place, {netns.routes().begin(), netns.routes().end()}, format, AgeOf(netns)));
  }
  return text;
}

std::string HoldersText(const v1::ListHoldersResponse& holders, Format format) {
  if (IsData(format)) return DataText(holders, format);
  std::string text;
  if (format == Format::kName) {
    std::set<int> pids;
    for (const v1::Holder& holder : holders.holders()) {
      if (holder.pid() != 0 && pids.insert(holder.pid()).second) absl::StrAppend(&text, holder.pid(), "\n");
    }
    return text;
  }
  Table table({"PID", "COMMAND", "HOLDS"});
  for (const v1::Holder& holder : holders.holders()) {
    table.Add(
        {holder.pid() == 0 ? "" : absl::StrCat(holder.pid()), Visible(holder.command()), Visible(holder.holds())});
  }
  text = table.Text();
  for (const std::string& line : holders.not_looked_at()) absl::StrAppend(&text, "# not looked at: ", line, "\n");
  return text;
}

}  // namespace warren::cli
