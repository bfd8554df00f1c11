#include <memory>

#include "client/args/netns_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/listing.h"
#include "client/cmd/show.h"
#include "client/output/namespace_text.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

constexpr char kFilter[] = "name = \"qrouter-*\" AND foreign = false";

struct NetnsListFlags : ListFlags {
  std::string host;
};

int Watch(Context& context, const std::string& command, const NetnsListFlags& flags) {
  const auto parent = ParentOf(flags.host);
  if (!parent.ok()) return context.Usage(command, parent.status());
  return PrintWatch<v1::Namespace>(context, command, NamespaceColumns(context.style()), [&](client::Client& client) {
    v1::WatchNamespacesRequest request;
    request.set_parent(*parent);
    request.set_filter(flags.filter);
    return client.WatchNamespaces(request);
  });
}

int List(Context& context, const NetnsListFlags& flags) {
  if (flags.watch) return Watch(context, "warren netns list", flags);
  const auto parent = ParentOf(flags.host);
  if (!parent.ok()) return context.Usage("warren netns list", parent.status());
  v1::ListNamespacesRequest request;
  request.set_parent(*parent);
  request.set_view(v1::NAMESPACE_VIEW_BASIC);
  return PrintList<v1::Namespace>(
      context, "warren netns list", flags, request, NamespaceColumns(context.style()),
      [](client::Client& client, const v1::ListNamespacesRequest& asked, client::Client::Page<v1::Namespace> page,
         absl::Time deadline) { return client.ListNamespaces(asked, page, deadline); });
}

int ShowOne(Context& context, const std::string& text, bool watch) {
  const auto place = ParseNetnsArgument(text);
  if (!place.ok()) return context.Usage("warren netns show", place.status());
  return ShowNamespace(context, "warren netns show", *place, watch,
                       [&context](const v1::Namespace& netns) { return NamespaceText(netns, context.format()); });
}

void AddHolders(Tree& tree, CLI::App* group) {
  auto text = std::make_shared<std::string>();
  CLI::App* holders =
      tree.AddVerb(group,
                   {"holders",
                    {},
                    "HOST/NS",
                    "Show what keeps a namespace alive: processes, descriptors, sockets, mounts",
                    "  warren netns holders h1/red\n"
                    "  warren netns holders h1/red -o name\n"},
                   [text](Context& context) {
                     const auto place = ParseNetnsArgument(*text);
                     if (!place.ok()) return context.Usage("warren netns holders", place.status());
                     return Show(
                         context, "warren netns holders",
                         [&](client::Client& client) {
                           return client.ListHolders(NamespaceName(place->host, place->netns), context.deadline());
                         },
                         [&](const v1::ListHoldersResponse& found) { return HoldersText(found, context.format()); });
                   });
  holders->add_option("HOST/NS", *text, "The host, and the name of the namespace")->required();
}

void AddAdd(Tree& tree, CLI::App* group) {
  auto place = std::make_shared<std::string>();
  auto flags = std::make_shared<NetnsAddFlags>();
  CLI::App* add = tree.AddChange(group,
                                 {"add",
                                  {},
                                  "HOST/NS",
                                  "Make a namespace, with its loopback up",
                                  "  warren netns add h1/red\n"
                                  "  warren netns add h1/red --allow-existing\n"
                                  "  warren netns add h1/red --loopback-down --no-wait\n"},
                                 [place, flags] { return ParseNetnsAdd(*place, *flags); });
  add->add_option("HOST/NS", *place, "The host, and the name of the namespace")->required();
  add->add_flag("--allow-existing", flags->allow_existing, "Adopt a namespace of that name that is already there");
  add->add_flag("--loopback-down", flags->loopback_down, "Leave the loopback interface down");
}

void AddDelete(Tree& tree, CLI::App* group) {
  auto place = std::make_shared<std::string>();
  auto flags = std::make_shared<NetnsDeleteFlags>();
  CLI::App* remove = tree.AddChange(group,
                                    {"delete",
                                     {},
                                     "HOST/NS",
                                     "Delete a namespace with everything in it",
                                     "  warren netns delete h1/red\n"
                                     "  warren netns del h1/red --allow-missing\n"
                                     "  warren netns delete h1/theirs --force\n"},
                                    [place, flags] { return ParseNetnsDelete(*place, *flags); });
  remove->add_option("HOST/NS", *place, "The host, and the name of the namespace")->required();
  remove->add_flag("--allow-missing", flags->allow_missing, "Succeed when there is no such namespace");
  remove->add_flag("--force", flags->force, "Also delete one that Warren did not make, or in which processes live");
}

}  // namespace

void AddNetnsCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("netns", {}, "Make, delete, show and watch network namespaces",
                                  "  warren netns add h1/red\n"
                                  "  warren netns list h1\n"
                                  "  warren netns show h1/red\n"
                                  "  warren netns delete h1/red\n");
  auto listed = std::make_shared<NetnsListFlags>();
  CLI::App* list = tree.AddVerb(group,
                                {"list",
                                 {"ls", "lst"},
                                 "[HOST]",
                                 "List the namespaces of a host, or of all hosts",
                                 "  warren netns list\n"
                                 "  warren netns list h1 -o name\n"
                                 "  warren netns list h1 --watch\n"},
                                [listed](Context& context) { return List(context, *listed); });
  list->add_option("HOST", listed->host, "Name of the host; all hosts without one");
  AddListFlags(list, listed.get(), "", kFilter);
  auto shown = std::make_shared<std::string>();
  auto again = std::make_shared<bool>(false);
  CLI::App* show = tree.AddVerb(group,
                                {"show",
                                 {},
                                 "HOST/NS",
                                 "Show a namespace with its links, addresses and routes",
                                 "  warren netns show h1/red\n"
                                 "  warren netns show h1/@host -o yaml\n"},
                                [shown, again](Context& context) { return ShowOne(context, *shown, *again); });
  show->add_option("HOST/NS", *shown, "The host, and the name of the namespace")->required();
  AddWatchFlag(show, again.get());
  AddHolders(tree, group);
  AddAdd(tree, group);
  AddDelete(tree, group);
  auto watched = std::make_shared<NetnsListFlags>();
  CLI::App* watch =
      tree.AddVerb(group,
                   {"watch",
                    {},
                    "[HOST]",
                    "Show the namespaces of a host, or of all hosts, then each that is made, changed or deleted",
                    "  warren netns watch h1\n"
                    "  warren netns watch -o json\n"},
                   [watched](Context& context) { return Watch(context, "warren netns watch", *watched); });
  watch->add_option("HOST", watched->host, "Name of the host; all hosts without one");
  AddFilterFlag(watch, watched.get(), kFilter);
  tree.SetDefault(group, list);
}

}  // namespace warren::cli
