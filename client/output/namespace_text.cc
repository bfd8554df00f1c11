#include "client/output/namespace_text.h"

#include "absl/strings/str_cat.h"
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
  return place.netns.empty() ? place.host : absl::StrCat(place.host, "/", place.netns);
}

std::string Nsid(const v1::Namespace& netns) { return netns.nsid() < 0 ? "" : absl::StrCat(netns.nsid()); }

}  // namespace

std::string NamespacesText(const std::vector<v1::Namespace>& namespaces, Format format) {
  if (IsData(format)) return DataListText(namespaces, format);
  std::string names;
  Table table({"NAMESPACE", "NSID", "LINKS", "ROUTES", "FOREIGN"});
  for (const v1::Namespace& netns : namespaces) {
    absl::StrAppend(&names, netns.name(), "\n");
    table.Add({Short(netns), Nsid(netns), absl::StrCat(netns.link_count()), absl::StrCat(netns.route_count()),
               netns.foreign() ? "yes" : "no"});
  }
  return format == Format::kName ? names : table.Text();
}

std::string NamespaceText(const v1::Namespace& netns, Format format) {
  if (IsData(format)) return DataText(netns, format);
  if (format == Format::kName) return absl::StrCat(netns.name(), "\n");
  Sheet sheet;
  sheet.Add("Namespace", Short(netns));
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
    absl::StrAppend(&text, "\n", AddressesText(place, {netns.links().begin(), netns.links().end()}, format));
  }
  if (netns.routes_size() > 0) {
    absl::StrAppend(&text, "\n", RoutesText(place, {netns.routes().begin(), netns.routes().end()}, format));
  }
  return text;
}

}  // namespace warren::cli
