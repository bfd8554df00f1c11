#include "client/cmd/tree.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cmd/change.h"
#include "proto/common/man_page.h"

namespace warren::cli {

// CLI11's help, but with the form a verb was given in place of positional arguments, and without aliases.
class Tree::Help : public CLI::Formatter {
 public:
  Help() { column_width(34); }

  void SetForm(const CLI::App* app, std::string form) { forms_[app] = std::move(form); }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    const auto form = forms_.find(app);
    if (form == forms_.end()) return CLI::Formatter::make_usage(app, name);
    std::string text;
    for (const auto line : absl::StrSplit(form->second, '\n')) {
      const bool has_options = absl::StrContains(line, "[OPTIONS]");
      absl::StrAppend(&text, text.empty() ? "Usage: " : "       ", name, line.empty() ? "" : " ", line,
                      has_options ? "\n" : " [OPTIONS]\n");
    }
    return text;
  }
  std::string Form(const CLI::App* app) const {
    const auto form = forms_.find(app);
    return form == forms_.end() ? "" : form->second;
  }
  std::string make_positionals(const CLI::App*) const override { return ""; }
  std::string make_subcommand(const CLI::App* app) const override {
    std::stringstream out;
    CLI::detail::format_help(out, "  " + app->get_name(), app->get_description(), 16);
    return out.str();
  }

 private:
  std::map<const CLI::App*, std::string> forms_;
};

Tree::Tree(CLI::App& root) : root_(root), help_(std::make_shared<Help>()) {
  root_.formatter(help_);
  root_.require_subcommand(1);
}

std::string Tree::Form(const CLI::App* app) const { return help_->Form(app); }

std::string Tree::FullName(const CLI::App* app) { return FullCommandName(*app); }

CLI::App* Tree::AddGroup(const std::string& name, const std::vector<std::string>& aliases,
                         const std::string& description, const std::string& examples) {
  CLI::App* group = root_.add_subcommand(name, description);
  for (const std::string& alias : aliases) group->alias(alias);
  group->require_subcommand(1);
  group->fallthrough();
  group->footer(absl::StrCat("Examples:\n", examples, "\n`", FullName(group),
                             " VERB --help` explains one; `warren --help` has the options of every command."));
  return group;
}

CLI::App* Tree::AddVerb(CLI::App* group, const Verb& verb, Action action) {
  CLI::App* app = group->add_subcommand(verb.name, verb.description);
  for (const std::string& alias : verb.aliases) app->alias(alias);
  app->fallthrough();
  app->footer(absl::StrCat("Examples:\n", verb.examples, "\n`warren --help` has the options of every command."));
  help_->SetForm(app, verb.form);
  actions_[app] = std::move(action);
  if (verb.runs_command) run_commands_.insert(app);
  app->callback([this, app] { chosen_ = actions_[app]; });
  return app;
}

CLI::App* Tree::AddChange(CLI::App* group, const Verb& verb, std::function<absl::StatusOr<Change>()> parse) {
  const std::string command = absl::StrCat(FullName(group), " ", verb.name);
  return AddVerb(group, verb, [command, parse = std::move(parse)](Context& context) {
    const auto change = parse();
    if (!change.ok()) return context.Usage(command, change.status());
    return SubmitChange(context, command, *change, Typed::kFlags);
  });
}

void Tree::SetDefault(CLI::App* group, CLI::App* verb) {
  group->require_subcommand(0, 1);
  group->callback([this, group, verb] {
    if (group->get_subcommands().empty()) chosen_ = actions_[verb];
  });
}

namespace {

void AddBeginnings(CLI::App* parent) {
  const std::vector<CLI::App*> children = parent->get_subcommands({});
  std::set<std::string> taken;
  for (const CLI::App* child : children) {
    taken.insert(child->get_name());
    for (const std::string& alias : child->get_aliases()) taken.insert(alias);
  }
  for (CLI::App* child : children) {
    std::vector<std::string> words = child->get_aliases();
    words.insert(words.begin(), child->get_name());
    for (const std::string& word : words) {
      for (size_t length = 1; length < word.size(); ++length) {
        std::string beginning = word.substr(0, length);
        if (taken.insert(beginning).second) child->alias(beginning);
      }
    }
    AddBeginnings(child);
  }
}

}  // namespace

void Tree::Finish() { AddBeginnings(&root_); }

}  // namespace warren::cli
