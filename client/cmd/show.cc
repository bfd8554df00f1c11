#include "client/cmd/show.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/args/place_args.h"
#include "client/args/words.h"
#include "client/cmd/listing.h"

namespace warren::cli {
namespace {

// One showing of a watch.
std::string Showing(Format format, const std::string& type, const std::string& text, int64_t revision) {
  if (format == Format::kJson) return EventJson(type, JoinJsonLines(text), revision);
  if (format == Format::kYaml) return EventYaml(type, text, revision);
  return text;
}

int WatchNamespace(Context& context, const std::string& command, const Place& place, const NamespacePart& part) {
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return code;
  v1::WatchNamespacesRequest request;
  request.set_parent(HostName(place.host));
  request.set_filter(absl::StrCat("name = \"", place.netns, "\""));
  request.set_view(v1::NAMESPACE_VIEW_FULL);
  const auto watch = client->WatchNamespaces(request);
  const std::string name = absl::StrCat(place.host, "/", place.netns);
  bool there = false;
  return FollowWatch(context, command, *watch, [&](const client::WatchEvent<v1::Namespace>& event) {
    const std::string type = EventType(event.change);
    if (event.change == client::WatchChange::kRestarted) there = false;
    if (event.change == client::WatchChange::kDeleted || (event.change == client::WatchChange::kSynced && !there)) {
      there = false;
      context.Complain(command, {absl::StrCat("there is no namespace ", name, " now")});
    }
    if (!HasItem(event) || event.change == client::WatchChange::kDeleted) {
      return IsData(context.format()) ? context.Print(Showing(context.format(), type, "", event.revision)) : kExitOk;
    }
    there = true;
    const auto text = part(event.item);
    if (!text.ok()) {
      context.Complain(command, {std::string(text.status().message())});
      return kExitOk;
    }
    return context.Print(Showing(context.format(), type, *text, event.revision));
  });
}

}  // namespace

int ShowNamespace(Context& context, const std::string& command, const Place& place, bool watch,
                  const NamespacePart& part) {
  if (watch) return WatchNamespace(context, command, place, part);
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return code;
  const auto netns = client->GetNamespace(NamespaceName(place.host, place.netns), context.deadline());
  if (!netns.ok()) return context.Fail(command, netns.status());
  const auto text = part(*netns);
  return text.ok() ? context.Print(*text) : context.Fail(command, text.status());
}

CLI::App* AddShowWords(Tree& tree, CLI::App* group, const Tree::Verb& verb,
                       int (*show)(Context& context, const ShowWords& given)) {
  auto given = std::make_shared<ShowWords>();
  CLI::App* app = tree.AddVerb(group, verb, [given, show](Context& context) { return show(context, *given); });
  app->add_option("words", given->words);
  AddWatchFlag(app, &given->watch);
  return app;
}

void AddWatchFlag(CLI::App* app, bool* watch) {
  app->add_flag("-w,--watch", *watch, "Show it again whenever the namespace changes, until interrupted");
}

absl::StatusOr<Place> ParseShowWords(const std::vector<std::string>& list) {
  Words words(list);
  words.TakeIf("dev");
  const auto text = words.Required("the namespace or link, HOST/NS or HOST/NS:IF");
  if (!text.ok()) return text.status();
  if (!words.Done()) return absl::InvalidArgumentError(absl::StrCat("unexpected word \"", words.Peek(), "\""));
  return ParseNetnsOrLinkArgument(*text);
}

bool Answers(const v1::Link& link, const std::string& name) {
  const auto& others = link.alternative_names();
  return link.name() == name || std::find(others.begin(), others.end(), name) != others.end();
}

absl::Status CheckIsNamespace(const v1::Namespace& netns, const Place& place) {
  if (netns.unusable_reason().empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(place.host, "/", place.netns, " is no network namespace: ", netns.unusable_reason()));
}

absl::StatusOr<std::vector<v1::Link>> LinksAt(const v1::Namespace& netns, const Place& place) {
  if (auto status = CheckIsNamespace(netns, place); !status.ok()) return status;
  std::vector<v1::Link> links;
  std::vector<std::string> names;
  for (const v1::Link& link : netns.links()) {
    names.push_back(link.name());
    if (place.interface.empty() || Answers(link, place.interface)) links.push_back(link);
  }
  if (links.empty() && !place.interface.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no link ", PlaceText(place), "; ", place.host, "/", place.netns,
                                            " has ", names.empty() ? "none" : absl::StrJoin(names, ", ")));
  }
  return links;
}

}  // namespace warren::cli
