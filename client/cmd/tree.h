#ifndef WARREN_CLIENT_CMD_TREE_H_
#define WARREN_CLIENT_CMD_TREE_H_

// The command tree: groups ("link") of verbs ("set"), over CLI11. As with ip, any beginning of a word will do; where
// several words begin alike, the one added first is meant. Options may stand anywhere. One thread.

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"
#include "client/cmd/advice.h"
#include "client/cmd/context.h"

namespace warren::cli {

class Tree {
 public:
  // What a verb does once the line is read; returns the exit code.
  using Action = std::function<int(Context&)>;

  // How one verb looks in its help.
  struct Verb {
    std::string name;
    std::vector<std::string> aliases;
    std::string form;  // what follows its name, "HOST/NS:IF NS[:IF]"
    std::string description;
    std::string examples;       // a line each
    bool runs_command = false;  // what follows its first argument is a command to run (Context::command)
  };

  explicit Tree(CLI::App& root);

  CLI::App* AddGroup(const std::string& name, const std::vector<std::string>& aliases, const std::string& description,
                     const std::string& examples);
  // Its options are added to what is returned, before Finish.
  CLI::App* AddVerb(CLI::App* group, const Verb& verb, Action action);
  // One that stands for itself: `warren VERB`.
  CLI::App* AddVerb(const Verb& verb, Action action) { return AddVerb(&root_, verb, std::move(action)); }
  // A verb that changes a host: parse turns what was given into operations.
  CLI::App* AddChange(CLI::App* group, const Verb& verb, std::function<absl::StatusOr<Change>()> parse);
  // A group named alone does what this verb of it does.
  void SetDefault(CLI::App* group, CLI::App* verb);
  // After the last verb: gives every word its beginnings.
  void Finish();

  // The action chosen by the line parsed.
  const Action& chosen() const { return chosen_; }

  // What follows the name of a verb, as given in its Verb; empty for a group.
  std::string Form(const CLI::App* app) const;

  bool RunsCommand(const CLI::App* app) const { return run_commands_.contains(app); }
  const CLI::App& root() const { return root_; }

  // "warren link set"
  static std::string FullName(const CLI::App* app);

 private:
  class Help;

  CLI::App& root_;
  std::shared_ptr<Help> help_;
  std::map<const CLI::App*, Action> actions_;
  std::set<const CLI::App*> run_commands_;
  Action chosen_;
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_TREE_H_
