#include <memory>

#include "client/args/place_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/listing.h"
#include "client/cmd/show.h"
#include "client/output/host_text.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

constexpr char kFilter[] = "connected = true AND labels.rack = \"a*\"";

Columns<v1::Host> HostTable(Context& context) {
  return HostColumns(context.style(), [&context] { return context.now(); });
}

int Watch(Context& context, const std::string& command, const ListFlags& flags) {
  return PrintWatch<v1::Host>(context, command, HostTable(context), [&flags](client::Client& client) {
    v1::WatchHostsRequest request;
    request.set_filter(flags.filter);
    return client.WatchHosts(request);
  });
}

int List(Context& context, const ListFlags& flags) {
  if (flags.watch) return Watch(context, "warren hosts list", flags);
  v1::ListHostsRequest request;
  request.set_order_by(flags.sort);
  return PrintList<v1::Host>(
      context, "warren hosts list", flags, request, HostTable(context),
      [](client::Client& client, const v1::ListHostsRequest& asked, client::Client::Page<v1::Host> page,
         absl::Time deadline) { return client.ListHosts(asked, page, deadline); });
}

int ShowOne(Context& context, const std::string& text) {
  const auto host = ParseHostArgument(text);
  if (!host.ok()) return context.Usage("warren hosts show", host.status());
  return Show(
      context, "warren hosts show",
      [&](client::Client& client) { return client.GetHost(HostName(*host), context.deadline()); },
      [&](const auto& shown) { return HostText(shown, context.style(), context.now()); });
}

int Delete(Context& context, const std::string& text, bool allow_missing) {
  const auto host = ParseHostArgument(text);
  if (!host.ok()) return context.Usage("warren hosts delete", host.status());
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return code;
  v1::DeleteHostRequest request;
  request.set_name(HostName(*host));
  request.set_allow_missing(allow_missing);
  request.set_validate_only(context.options().dry_run);
  const absl::Status status = client->DeleteHost(request, context.deadline());
  if (!status.ok()) return context.Fail("warren hosts delete", status);
  if (!IsTable(context.format())) {
    v1::Host deleted;
    deleted.set_name(request.name());
    return context.Print(HostText(deleted, context.style(), context.now()));
  }
  return context.Print(absl::StrCat("host ", *host, request.validate_only() ? " would be deleted\n" : " deleted\n"));
}

void AddDelete(Tree& tree, CLI::App* group) {
  auto host = std::make_shared<std::string>();
  auto allow_missing = std::make_shared<bool>(false);
  CLI::App* remove =
      tree.AddVerb(group,
                   {"delete",
                    {},
                    "HOST",
                    "Forget a host whose agent is gone: its record, its intents, queued ones too. What is on the host "
                    "stays as it is",
                    "  warren hosts delete h1\n"
                    "  warren hosts delete h1 --dry-run\n"},
                   [host, allow_missing](Context& context) { return Delete(context, *host, *allow_missing); });
  remove->add_option("HOST", *host, "Name of the host")->required();
  remove->add_flag("--allow-missing", *allow_missing, "Succeed when there is no such host");
}

}  // namespace

void AddHostsCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("hosts", {}, "Show, watch and forget the machines that have an agent",
                                  "  warren hosts list\n"
                                  "  warren hosts show h1\n"
                                  "  warren hosts watch\n");
  auto flags = std::make_shared<ListFlags>();
  CLI::App* list = tree.AddVerb(group,
                                {"list",
                                 {"ls"},
                                 "",
                                 "List all hosts by name",
                                 "  warren hosts list -o wide\n"
                                 "  warren hosts list -o name --filter 'connected = false'\n"
                                 "  warren hosts list --watch\n"},
                                [flags](Context& context) { return List(context, *flags); });
  AddListFlags(list, flags.get(), "name", kFilter);
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
  auto watched = std::make_shared<ListFlags>();
  CLI::App* watch =
      tree.AddVerb(group,
                   {"watch",
                    {},
                    "",
                    "Show all hosts, then each that appears, connects, disconnects, reboots or is deleted",
                    "  warren hosts watch\n"
                    "  warren hosts watch -o json --filter 'labels.rack = a1'\n"},
                   [watched](Context& context) { return Watch(context, "warren hosts watch", *watched); });
  AddFilterFlag(watch, watched.get(), kFilter);
  AddDelete(tree, group);
  tree.SetDefault(group, list);
}

}  // namespace warren::cli
