#include <memory>

#include "client/args/place_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/show.h"
#include "client/output/host_text.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

int List(Context& context) {
  return Show(
      context, "warren hosts list",
      [&](client::Client& client) { return client.ListHosts(v1::ListHostsRequest(), context.deadline()); },
      [&](const auto& hosts) { return HostsText(hosts, context.format(), context.now()); });
}

int ShowOne(Context& context, const std::string& text) {
  const auto host = ParseHostArgument(text);
  if (!host.ok()) return context.Usage("warren hosts show", host.status());
  return Show(
      context, "warren hosts show",
      [&](client::Client& client) { return client.GetHost(HostName(*host), context.deadline()); },
      [&](const auto& shown) { return HostText(shown, context.format(), context.now()); });
}

}  // namespace

void AddHostsCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("hosts", {}, "Show the machines that have an agent",
                                  "  warren hosts list\n"
                                  "  warren hosts show h1\n");
  CLI::App* list = tree.AddVerb(group,
                                {"list",
                                 {"ls"},
                                 "",
                                 "List all hosts by name",
                                 "  warren hosts list\n"
                                 "  warren hosts list -o name\n"},
                                List);
  auto host = std::make_shared<std::string>();
  CLI::App* show = tree.AddVerb(group,
                                {"show",
                                 {},
                                 "HOST",
                                 "Show one host, and what its kernel can do",
                                 "  warren hosts show h1\n"
                                 "  warren hosts show h1 -o json\n"},
                                [host](Context& context) { return ShowOne(context, *host); });
  show->add_option("HOST", *host, "Name of the host")->required();
  tree.SetDefault(group, list);
}

}  // namespace warren::cli
