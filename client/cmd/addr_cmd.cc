#include "client/args/addr_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/show.h"
#include "client/cmd/words_verb.h"
#include "client/output/ip_text.h"
#include "client/output/namespace_text.h"

namespace warren::cli {
namespace {

int ShowAddresses(Context& context, const ShowWords& given) {
  const auto place = ParseShowWords(given.words);
  if (!place.ok()) return context.Usage("warren addr show", place.status());
  return ShowNamespace(context, "warren addr show", *place, given.watch,
                       [&](const v1::Namespace& netns) -> absl::StatusOr<std::string> {
                         const auto links = LinksAt(netns, *place);
                         if (!links.ok()) return links.status();
                         return AddressesText(*place, *links, context.format(), AgeOf(netns));
                       });
}

void AddOptions(CLI::App* app, AddrFlags& flags) {
  app->add_flag("--allow-existing", flags.allow_existing, "Succeed when the link has that address already");
  app->add_flag("--force", flags.force,
                "Also one that leads the host's default route or its path to the server elsewhere");
}

void DeleteOptions(CLI::App* app, AddrFlags& flags) {
  app->add_flag("--allow-missing", flags.allow_missing, "Succeed when the link has no such address");
  app->add_flag("--force", flags.force, "Also one that the host's default route or its path to the server needs");
}

}  // namespace

void AddAddrCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("addr", {"address"}, "Add, remove and show addresses",
                                  "  warren addr add 10.0.0.1/24 dev h1/red:eth0\n"
                                  "  warren addr show h1/red\n"
                                  "  warren addr del 10.0.0.1/24 dev h1/red:eth0\n");
  AddWordsVerb(tree, group,
               {"add",
                {},
                "[local] CIDR [peer CIDR] dev HOST/NS:IF [nodad] [valid_lft {SECONDS|forever}] "
                "[preferred_lft {SECONDS|forever}]",
                "Add an address to a link",
                "  warren addr add 10.0.0.1/24 dev h1/red:eth0\n"
                "  warren addr add 2001:db8::1/64 dev h1/red:eth0 nodad\n"
                "  warren addr add 10.0.0.1 peer 10.0.0.2 dev h1/red:ppp0\n"},
               ParseAddrAdd, AddOptions);
  AddWordsVerb(tree, group,
               {"delete",
                {},
                "[local] CIDR [peer CIDR] dev HOST/NS:IF",
                "Remove an address from a link",
                "  warren addr del 10.0.0.1/24 dev h1/red:eth0\n"
                "  warren addr del 10.0.0.1/24 dev h1/red:eth0 --allow-missing\n"},
               ParseAddrDelete, DeleteOptions);
  AddShowWords(tree, group,
               {"show",
                {"list", "ls", "lst"},
                "[dev] HOST/NS[:IF]",
                "Show the addresses in a namespace, or on one link",
                "  warren addr show h1/red\n"
                "  warren addr show dev h1/red:eth0 -o json\n"},
               ShowAddresses);
}

}  // namespace warren::cli
