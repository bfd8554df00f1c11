#include "client/cmd/show.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/args/place_args.h"
#include "client/args/words.h"

namespace warren::cli {

absl::StatusOr<Place> ParseShowWords(const std::vector<std::string>& list) {
  Words words(list);
  words.TakeIf("dev");
  const auto text = words.Required("the namespace or link, HOST/NS or HOST/NS:IF");
  if (!text.ok()) return text.status();
  if (!words.Done()) return absl::InvalidArgumentError(absl::StrCat("unexpected word \"", words.Peek(), "\""));
  return ParseNetnsOrLinkArgument(*text);
}

absl::StatusOr<std::vector<v1::Link>> LinksAt(client::Client& client, const Place& place, absl::Time deadline) {
  const auto netns = client.GetNamespace(NamespaceName(place.host, place.netns), deadline);
  if (!netns.ok()) return netns.status();
  std::vector<v1::Link> links;
  std::vector<std::string> names;
  for (const v1::Link& link : netns->links()) {
    names.push_back(link.name());
    if (place.interface.empty() || place.interface == link.name()) links.push_back(link);
  }
  if (links.empty() && !place.interface.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no link ", PlaceText(place), "; ", place.host, "/", place.netns,
                                            " has ", names.empty() ? "none" : absl::StrJoin(names, ", ")));
  }
  return links;
}

}  // namespace warren::cli
