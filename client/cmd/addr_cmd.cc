#include <memory>

#include "client/args/addr_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/show.h"
#include "client/output/ip_text.h"

namespace warren::cli {
namespace {

using WordList = std::vector<std::string>;

int ShowAddresses(Context& context, const WordList& words) {
  const auto place = ParseShowWords(words);
  if (!place.ok()) return context.Usage("warren addr show", place.status());
  return Show(
      context, "warren addr show", [&](client::Client& client) { return LinksAt(client, *place, context.deadline()); },
      [&](const auto& links) { return AddressesText(*place, links, context.format()); });
}

void AddAdd(Tree& tree, CLI::App* group) {
  auto words = std::make_shared<WordList>();
  auto flags = std::make_shared<AddrFlags>();
  CLI::App* add = tree.AddChange(group,
                                 {"add",
                                  {},
                                  "[local] CIDR [peer CIDR] dev HOST/NS:IF [nodad] [valid_lft {SECONDS|forever}] "
                                  "[preferred_lft {SECONDS|forever}]",
                                  "Add an address to a link",
                                  "  warren addr add 10.0.0.1/24 dev h1/red:eth0\n"
                                  "  warren addr add 2001:db8::1/64 dev h1/red:eth0 nodad\n"
                                  "  warren addr add 10.0.0.1 peer 10.0.0.2 dev h1/red:ppp0\n"},
                                 [words, flags] { return ParseAddrAdd(*words, *flags); });
  add->add_option("words", *words);
  add->add_flag("--allow-existing", flags->allow_existing, "Succeed when the link has that address already");
}

void AddDelete(Tree& tree, CLI::App* group) {
  auto words = std::make_shared<WordList>();
  auto flags = std::make_shared<AddrFlags>();
  CLI::App* remove = tree.AddChange(group,
                                    {"delete",
                                     {},
                                     "[local] CIDR [peer CIDR] dev HOST/NS:IF",
                                     "Remove an address from a link",
                                     "  warren addr del 10.0.0.1/24 dev h1/red:eth0\n"
                                     "  warren addr del 10.0.0.1/24 dev h1/red:eth0 --allow-missing\n"},
                                    [words, flags] { return ParseAddrDelete(*words, *flags); });
  remove->add_option("words", *words);
  remove->add_flag("--allow-missing", flags->allow_missing, "Succeed when the link has no such address");
  remove->add_flag("--force", flags->force, "Also one that the host's default route or its path to the server needs");
}

}  // namespace

void AddAddrCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("addr", {"address"}, "Add, remove and show addresses",
                                  "  warren addr add 10.0.0.1/24 dev h1/red:eth0\n"
                                  "  warren addr show h1/red\n"
                                  "  warren addr del 10.0.0.1/24 dev h1/red:eth0\n");
  AddAdd(tree, group);
  AddDelete(tree, group);
  auto words = std::make_shared<WordList>();
  CLI::App* show = tree.AddVerb(group,
                                {"show",
                                 {"list", "ls", "lst"},
                                 "[dev] HOST/NS[:IF]",
                                 "Show the addresses in a namespace, or on one link",
                                 "  warren addr show h1/red\n"
                                 "  warren addr show dev h1/red:eth0 -o json\n"},
                                [words](Context& context) { return ShowAddresses(context, *words); });
  show->add_option("words", *words);
}

}  // namespace warren::cli
