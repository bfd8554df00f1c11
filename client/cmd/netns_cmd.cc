#include <memory>

#include "client/args/netns_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/show.h"
#include "client/output/namespace_text.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

int List(Context& context, const std::string& text) {
  std::string parent = "hosts/-";
  if (!text.empty()) {
    const auto host = ParseHostArgument(text);
    if (!host.ok()) return context.Usage("warren netns list", host.status());
    parent = HostName(*host);
  }
  return Show(
      context, "warren netns list",
      [&](client::Client& client) {
        v1::ListNamespacesRequest request;
        request.set_parent(parent);
        request.set_view(v1::NAMESPACE_VIEW_BASIC);
        return client.ListNamespaces(request, context.deadline());
      },
      [&](const auto& namespaces) { return NamespacesText(namespaces, context.format()); });
}

int ShowOne(Context& context, const std::string& text) {
  const auto place = ParseNetnsArgument(text);
  if (!place.ok()) return context.Usage("warren netns show", place.status());
  return Show(
      context, "warren netns show",
      [&](client::Client& client) {
        return client.GetNamespace(NamespaceName(place->host, place->netns), context.deadline());
      },
      [&](const auto& netns) { return NamespaceText(netns, context.format()); });
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
  CLI::App* group = tree.AddGroup("netns", {}, "Make, delete and show network namespaces",
                                  "  warren netns add h1/red\n"
                                  "  warren netns list h1\n"
                                  "  warren netns show h1/red\n"
                                  "  warren netns delete h1/red\n");
  auto host = std::make_shared<std::string>();
  CLI::App* list = tree.AddVerb(group,
                                {"list",
                                 {"ls", "lst"},
                                 "[HOST]",
                                 "List the namespaces of a host, or of all hosts",
                                 "  warren netns list\n"
                                 "  warren netns list h1 -o name\n"},
                                [host](Context& context) { return List(context, *host); });
  list->add_option("HOST", *host, "Name of the host; all hosts without one");
  auto shown = std::make_shared<std::string>();
  CLI::App* show = tree.AddVerb(group,
                                {"show",
                                 {},
                                 "HOST/NS",
                                 "Show a namespace with its links, addresses and routes",
                                 "  warren netns show h1/red\n"
                                 "  warren netns show h1/@host -o yaml\n"},
                                [shown](Context& context) { return ShowOne(context, *shown); });
  show->add_option("HOST/NS", *shown, "The host, and the name of the namespace")->required();
  AddAdd(tree, group);
  AddDelete(tree, group);
  tree.SetDefault(group, list);
}

}  // namespace warren::cli
