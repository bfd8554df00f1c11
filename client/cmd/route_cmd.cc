#include <algorithm>

#include "client/args/route_args.h"
#include "client/cmd/commands.h"
#include "client/cmd/show.h"
#include "client/cmd/words_verb.h"
#include "client/output/ip_text.h"
#include "client/output/namespace_text.h"

namespace warren::cli {
namespace {

bool LeavesBy(const v1::Route& route, const std::string& dev) {
  return route.dev() == dev || std::any_of(route.next_hops().begin(), route.next_hops().end(),
                                           [&dev](const v1::NextHop& hop) { return hop.dev() == dev; });
}

int ShowRoutes(Context& context, const ShowWords& given) {
  const auto query = ParseRouteShow(given.words);
  if (!query.ok()) return context.Usage("warren route show", query.status());
  const Place& place = query->place;
  return ShowNamespace(context, "warren route show", place, given.watch,
                       [&](const v1::Namespace& netns) -> absl::StatusOr<std::string> {
                         if (auto status = CheckIsNamespace(netns, place); !status.ok()) return status;
                         std::string dev = place.interface;
                         for (const v1::Link& link : netns.links()) {
                           if (!dev.empty() && Answers(link, place.interface)) dev = link.name();
                         }
                         std::vector<v1::Route> routes;
                         for (const v1::Route& route : netns.routes()) {
                           if (query->table != 0 && route.table() != query->table) continue;
                           if (!dev.empty() && !LeavesBy(route, dev)) continue;
                           routes.push_back(route);
                         }
                         return RoutesText(place, routes, context.format(), AgeOf(netns));
                       });
}

void AddOptions(CLI::App* app, RouteFlags& flags) {
  app->add_flag("--allow-existing", flags.allow_existing, "Succeed when the same route is there already");
  app->add_flag("--force", flags.force,
                "Also one that takes the traffic of the host's default route or of its path to the server");
}

void DeleteOptions(CLI::App* app, RouteFlags& flags) {
  app->add_flag("--allow-missing", flags.allow_missing, "Succeed when there is no such route");
  app->add_flag("--force", flags.force, "Also the host's default route, or its path to the server");
}

}  // namespace

void AddRouteCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("route", {}, "Add, remove and show routes",
                                  "  warren route add h1/red default via 10.0.0.254\n"
                                  "  warren route show h1/red\n"
                                  "  warren route del h1/red default\n");
  AddWordsVerb(tree, group,
               {"add",
                {},
                "HOST/NS [to] {default | PREFIX} [via ADDRESS] [dev IF] [src ADDRESS] [metric N] [table T] [onlink]",
                "Add a route",
                "  warren route add h1/red default via 10.0.0.254\n"
                "  warren route add h1/red 10.9.0.0/16 via 10.1.1.1 dev eth0 onlink table 77\n"
                "  warren route add h1/red 2001:db8:9::/48 dev eth0 metric 50\n"},
               ParseRouteAdd, AddOptions);
  AddWordsVerb(tree, group,
               {"delete",
                {},
                "HOST/NS [to] {default | PREFIX} [via ADDRESS] [dev IF] [src ADDRESS] [metric N] [table T]",
                "Remove a route; what is left out matches anything",
                "  warren route del h1/red default\n"
                "  warren route del h1/red 10.9.0.0/16 table 77 --allow-missing\n"},
               ParseRouteDelete, DeleteOptions);
  AddShowWords(tree, group,
               {"show",
                {"list", "ls", "lst"},
                "HOST/NS [table {T | all}] [dev IF]",
                "Show the routes of a namespace, both families (the main table)",
                "  warren route show h1/red\n"
                "  warren route show h1/red table all -o json\n"},
               ShowRoutes);
}

}  // namespace warren::cli
