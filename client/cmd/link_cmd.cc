#include <memory>

#include "client/args/link_add_args.h"
#include "client/args/link_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/show.h"
#include "client/cmd/words_verb.h"
#include "client/output/ip_text.h"

namespace warren::cli {
namespace {

int ShowLinks(Context& context, const ShowWords& given) {
  const auto place = ParseShowWords(given.words);
  if (!place.ok()) return context.Usage("warren link show", place.status());
  return ShowNamespace(context, "warren link show", *place, given.watch,
                       [&](const v1::Namespace& netns) -> absl::StatusOr<std::string> {
                         const auto links = LinksAt(netns, *place);
                         if (!links.ok()) return links.status();
                         return LinksText(*place, *links, context.format());
                       });
}

void AddOptions(CLI::App* app, LinkAddFlags& flags) {
  app->add_flag("--up", flags.up, "Bring both ends up");
  app->add_option("--mtu", flags.mtu, "MTU of both ends in bytes (the kernel's own: 1500)")
      ->check(CLI::Range(68, 65535));
  app->add_option("--queues", flags.queues, "Transmit and receive queues of both ends (1)")->check(CLI::Range(1, 4096));
  app->add_option("--address", flags.addresses, "Address with prefix length of the first end; may be repeated")
      ->allow_extra_args(false);
  app->add_option("--peer-address", flags.peer_addresses, "The same of the other end")->allow_extra_args(false);
  app->add_option("--mac", flags.mac, "MAC address of the first end (a random one)");
  app->add_option("--peer-mac", flags.peer_mac, "MAC address of the other end (a random one)");
  app->add_flag("--allow-existing", flags.allow_existing, "Adopt what is already there and as asked");
  app->add_flag("--force", flags.force,
                "Also with an address that leads the host's default route or its path to the server elsewhere");
}

void SetOptions(CLI::App* app, LinkFlags& flags) {
  app->add_flag("--allow-existing", flags.allow_existing,
                "With master: succeed when it is a port of that bridge already");
  app->add_flag("--allow-missing", flags.allow_missing, "With nomaster: succeed when it is a port of no bridge");
  app->add_flag("--move-addresses", flags.move_addresses,
                "With master or nomaster: move addresses and routes to the bridge, or back, in the same step");
  app->add_flag("--force", flags.force,
                "Also where the link carries the host's default route or its path to the server");
}

void DeleteOptions(CLI::App* app, LinkFlags& flags) {
  app->add_flag("--allow-missing", flags.allow_missing, "Succeed when there is no such link");
  app->add_flag("--force", flags.force, "Also delete one that Warren did not make");
}

void AddMove(Tree& tree, CLI::App* group) {
  auto link = std::make_shared<std::string>();
  auto target = std::make_shared<std::string>();
  auto flags = std::make_shared<LinkFlags>();
  CLI::App* move = tree.AddChange(group,
                                  {"move",
                                   {},
                                   "HOST/NS:IF NS[:IF]",
                                   "Move a link into another namespace, perhaps under a new name",
                                   "  warren link move h1/red:wan0 @host:tap1\n"
                                   "  warren link move h1/@host:veth1 red\n"},
                                  [link, target, flags] { return ParseLinkMove(*link, *target, *flags); });
  move->add_option("link", *link, "The link")->required();
  move->add_option("target", *target, "Where to, on the same host")->required();
  move->add_flag("--force", flags->force,
                 "Also where the link carries the host's default route or its path to the server");
}

}  // namespace

void AddLinkCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("link", {}, "Make, change, move, delete and show links",
                                  "  warren link add veth h1/red:eth0 h1/blue:eth0\n"
                                  "  warren link set h1/red:eth0 up\n"
                                  "  warren link show h1/red\n"
                                  "  warren link delete h1/red:eth0\n");
  // In ip's order, which decides what "s" or "d" mean.
  AddWordsVerb(tree, group,
               {"add",
                {},
                "veth HOST/NS:IF HOST/NS:IF [up] [mtu N] [address MAC] [peer address MAC]\n"
                "HOST/NS:IF [up] [mtu N] [address MAC] type veth peer [name] HOST/NS:IF [address MAC]\n"
                "HOST/NS:IF [up] [mtu N] [address MAC] type bridge",
                "Make a veth pair, each end where it belongs, or a bridge",
                "  warren link add veth h1/red:eth0 h1/blue:eth0 --up\n"
                "  warren link add veth h1/red:eth0 @host:tap0 --address 10.0.0.1/24 --mtu 1400\n"
                "  warren link add h1/red:eth0 type veth peer name h1/blue:eth0\n"
                "  warren link add h1/@host:br0 type bridge\n"},
               ParseLinkAdd, AddOptions);
  AddWordsVerb(
      tree, group,
      {"set",
       {},
       "[dev] HOST/NS:IF {up | down | mtu N | address MAC | name NAME | netns NS | master BRIDGE | nomaster}...",
       "Change a link; several changes are one intent, all or nothing",
       "  warren link set h1/red:eth0 up mtu 1400\n"
       "  warren link set h1/red:eth0 name wan0\n"
       "  warren link set h1/@host:veth1 netns red\n"
       "  warren link set h1/@host:tap0 master br0\n"
       "  warren link set h1/@host:eth0 master br0 --move-addresses\n"},
      ParseLinkSet, SetOptions);
  AddWordsVerb(tree, group,
               {"delete",
                {},
                "[dev] HOST/NS:IF",
                "Delete a virtual link; the other end of a veth goes with it",
                "  warren link delete h1/red:eth0\n"
                "  warren link del h1/@host:tap0 --allow-missing\n"},
               ParseLinkDelete, DeleteOptions);
  AddShowWords(tree, group,
               {"show",
                {"list", "ls", "lst"},
                "[dev] HOST/NS[:IF]",
                "Show the links of a namespace, or one",
                "  warren link show h1/red\n"
                "  warren link show h1/@host:tap0 -o json\n"},
               ShowLinks);
  AddMove(tree, group);
}

}  // namespace warren::cli
