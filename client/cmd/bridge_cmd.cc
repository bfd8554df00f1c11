#include <memory>

#include "client/args/bridge_args.h"
#include "client/args/link_add_args.h"
#include "client/cmd/commands.h"

namespace warren::cli {
namespace {

using WordList = std::vector<std::string>;

void AddAdd(Tree& tree, CLI::App* group) {
  auto words = std::make_shared<WordList>();
  auto flags = std::make_shared<LinkAddFlags>();
  const auto parse = [words, flags] {
    WordList line = {"bridge"};
    line.insert(line.end(), words->begin(), words->end());
    return ParseLinkAdd(line, *flags);
  };
  CLI::App* add = tree.AddChange(group,
                                 {"add",
                                  {},
                                  "HOST/NS:BRIDGE [up] [mtu N] [address MAC]",
                                  "Make a bridge",
                                  "  warren bridge add h1/@host:br0 --up\n"
                                  "  warren bridge add h1/red:br0 --address 10.0.0.1/24 --mtu 1400\n"},
                                 parse);
  add->add_option("words", *words);
  add->add_flag("--up", flags->up, "Bring it up");
  add->add_option("--mtu", flags->mtu, "MTU in bytes (the kernel's own)")->check(CLI::Range(68, 65535));
  add->add_option("--address", flags->addresses, "Address with prefix length; may be repeated")
      ->allow_extra_args(false);
  add->add_option("--mac", flags->mac, "MAC address (a random one)");
  add->add_flag("--allow-existing", flags->allow_existing, "Adopt a bridge that is already there and as asked");
  add->add_flag("--force", flags->force,
                "Also with an address that leads the host's default route or its path to the server elsewhere");
}

void AddDelete(Tree& tree, CLI::App* group) {
  auto bridge = std::make_shared<std::string>();
  auto flags = std::make_shared<BridgeFlags>();
  CLI::App* remove = tree.AddChange(group,
                                    {"delete",
                                     {},
                                     "HOST/NS:BRIDGE",
                                     "Delete a bridge; its ports stay, detached",
                                     "  warren bridge delete h1/@host:br0\n"
                                     "  warren bridge del h1/@host:br0 --allow-missing\n"},
                                    [bridge, flags] { return ParseBridgeDelete(*bridge, *flags); });
  remove->add_option("bridge", *bridge, "The bridge")->required();
  remove->add_flag("--allow-missing", flags->allow_missing, "Succeed when there is no such bridge");
  remove->add_flag("--force", flags->force,
                   "Also one that Warren did not make, or that carries the host's default route or its path to the "
                   "server");
}

void AddAttach(Tree& tree, CLI::App* group) {
  auto link = std::make_shared<std::string>();
  auto bridge = std::make_shared<std::string>();
  auto flags = std::make_shared<BridgeFlags>();
  CLI::App* attach = tree.AddChange(group,
                                    {"attach",
                                     {},
                                     "HOST/NS:IF BRIDGE",
                                     "Make a link a port of a bridge in the same namespace",
                                     "  warren bridge attach h1/@host:tap0 br0\n"
                                     "  warren bridge attach h1/@host:eth0 br0 --move-addresses\n"},
                                    [link, bridge, flags] { return ParseBridgeAttach(*link, *bridge, *flags); });
  attach->add_option("link", *link, "The link")->required();
  attach->add_option("bridge", *bridge, "The bridge")->required();
  attach->add_flag("--move-addresses", flags->move_addresses,
                   "Move the link's addresses and routes to the bridge in the same step");
  attach->add_flag("--allow-existing", flags->allow_existing, "Succeed when it is a port of that bridge already");
  attach->add_flag("--force", flags->force,
                   "Also where the link carries the host's default route or its path to the server");
}

void AddDetach(Tree& tree, CLI::App* group) {
  auto link = std::make_shared<std::string>();
  auto bridge = std::make_shared<std::string>();
  auto flags = std::make_shared<BridgeFlags>();
  CLI::App* detach = tree.AddChange(group,
                                    {"detach",
                                     {},
                                     "HOST/NS:IF [BRIDGE]",
                                     "Take a port out of its bridge",
                                     "  warren bridge detach h1/@host:tap0\n"
                                     "  warren bridge detach h1/@host:eth0 br0 --move-addresses\n"},
                                    [link, bridge, flags] { return ParseBridgeDetach(*link, *bridge, *flags); });
  detach->add_option("link", *link, "The link")->required();
  detach->add_option("bridge", *bridge, "The bridge it is expected to be a port of; any without one");
  detach->add_flag("--move-addresses", flags->move_addresses,
                   "Move the bridge's addresses and routes back to the link in the same step");
  detach->add_flag("--allow-missing", flags->allow_missing, "Succeed when it is a port of no bridge");
  detach->add_flag("--force", flags->force,
                   "Also where the link carries the host's default route or its path to the server");
}

}  // namespace

void AddBridgeCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("bridge", {}, "Make and delete bridges, attach and detach their ports",
                                  "  warren bridge add h1/@host:br0 --up\n"
                                  "  warren bridge attach h1/@host:tap0 br0\n"
                                  "  warren bridge attach h1/@host:eth0 br0 --move-addresses\n");
  AddAdd(tree, group);
  AddDelete(tree, group);
  AddAttach(tree, group);
  AddDetach(tree, group);
}

}  // namespace warren::cli
