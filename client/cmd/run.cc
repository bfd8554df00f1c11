#include "client/cmd/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/args/suggest.h"
#include "client/cmd/commands.h"
#include "client/cmd/completion_cmd.h"
#include "client/cmd/context.h"
#include "client/cmd/tree.h"
#include "client/cmd/typed_line.h"
#include "proto/common/flags.h"
#include "proto/common/man_page.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// `warren __man_pages FOLDER`
constexpr char kManPagesWord[] = "__man_pages";

constexpr char kExamples[] =
    "Examples:\n"
    "  warren netns add h1/red\n"
    "  warren link add veth h1/red:eth0 h1/blue:eth0 --up\n"
    "  warren addr add 10.0.0.1/24 dev h1/red:eth0\n"
    "  warren route add h1/red default via 10.0.0.254\n"
    "  warren intent submit h1 -f router.yaml\n"
    "  warren exec h1/red -- ip addr\n"
    "  warren shell h1/red\n"
    "  warren netns list\n"
    "\n"
    "Places are HOST/NS and HOST/NS:IF; the namespace @host is the host's own. A command that changes something is "
    "one\n"
    "intent, done all or nothing. `warren GROUP --help` lists a group's verbs, `warren GROUP VERB --help` explains "
    "one.\n"
    "The options above may stand anywhere (but for --timeout of exec and shell), and may come from the\n"
    "environment (--server: WARREN_SERVER) or --config; those of one verb, such as --force, are taken\n"
    "from the command line only.\n"
    "\n"
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no answer in time; of exec and shell\n"
    "those of what they run.\n";

std::string Check(const absl::Status& status) { return std::string(status.message()); }

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--server", options.server,
                 "Server: HOST:PORT, [IPV6]:PORT or unix:PATH (unix:/run/warren/server.sock where that is, else "
                 "127.0.0.1:7600)");
  app.add_option("-o,--output", options.output, "table, wide (more columns), json, yaml or name")
      ->check(CLI::IsMember(FormatNames()))
      ->capture_default_str();
  app.add_option("--timeout", options.timeout, "Longest time to take in all, as in 500ms, 30s, 5m")
      ->check(CLI::Validator([](const std::string& text) { return Check(ParsePositive("timeout", text).status()); },
                             "DURATION"))
      ->capture_default_str();
  app.add_option("--color", options.color,
                 "Colour words of state: auto (on a terminal, unless NO_COLOR), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_option("--request-id", options.request_id,
                 "UUID under which a change is done once, however often it is sent (a new one)")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const auto why = WhyBadUuid(text);
            return why ? absl::StrCat("request id \"", text, "\" ", *why) : std::string();
          },
          "UUID"));
  app.add_flag("--no-wait", options.no_wait, "Return when a change is accepted, not when it is done");
  app.add_flag("--dry-run", options.dry_run, "Only have a change checked, and show what would be submitted");
  app.add_option("--expire-in", options.expire_in, "Give a change up that has not begun after this time, as in 10m")
      ->check(CLI::Validator([](const std::string& text) { return Check(ParsePositive("time", text).status()); },
                             "DURATION"));
  app.add_flag("--allow-unknown-host", options.allow_unknown_host,
               "Accept a change for a host that has never connected; it waits for it");
}

// Writes a page for the command and one for each group into a folder, which exists: for the build.
int WriteManPages(const CLI::App& app, const std::string& folder, Streams& streams) {
  const std::string see_also = "warren(1), warren-server(8), warren-agent(8)";
  const auto write = [&](const CLI::App& command, const std::string& title, bool whole) {
    const std::string path = absl::StrCat(folder, "/", title, ".1");
    std::ofstream file(path);
    file << ManPageText(command, {title, 1, see_also, whole}) << std::flush;
    if (!file) streams.err << "warren: cannot write " << path << "\n" << std::flush;
    return static_cast<bool>(file);
  };
  bool written = write(app, "warren", false);
  for (const CLI::App* group : app.get_subcommands([](const CLI::App*) { return true; })) {
    written = write(*group, absl::StrCat("warren-", group->get_name()), true) && written;
  }
  return written ? kExitOk : kExitFailed;
}

// The innermost command that was named.
const CLI::App* Innermost(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::vector<std::string> CommandsIn(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(child->get_name());
  }
  return names;
}

// A word in the place of a command that is none.
std::string UnknownWord(const CLI::App& root, const CLI::App* group, const std::string& word) {
  if (word.substr(0, 1) == "-") return absl::StrCat("unexpected \"", word, "\"");
  const std::vector<std::string> elsewhere = CommandsIn(root);
  const bool moved = group != &root && std::find(elsewhere.begin(), elsewhere.end(), word) != elsewhere.end();
  return absl::StrCat("unknown command \"", word, "\"",
                      moved ? absl::StrCat("; it is `warren ", word, "`") : Suggestion(word, CommandsIn(*group)));
}

// What is wrong with the line. CLI11 says only that a word is unexpected or a subcommand missing.
std::string WhatIsWrong(const CLI::App& root, const CLI::App* app, const CLI::ParseError& error) {
  const std::vector<std::string> names = CommandsIn(*app);
  const std::vector<std::string> unexpected = root.remaining(true);
  if (names.empty()) {
    const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty();
    return extra ? absl::StrCat("unexpected \"", unexpected.front(), "\"") : error.what();
  }
  if (unexpected.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return absl::StrCat("missing what to do", Suggestion("", names));
  }
  return error.what();
}

void ComplainOfLine(const std::string& command, const std::string& why, Streams& streams) {
  streams.err << command << ": " << why << "\nSee `" << command << " --help`.\n" << std::flush;
}

int ParseLine(CLI::App& app, const Tree& tree, std::vector<std::string> words, Streams& streams) {
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
    return -1;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success, streams.out, streams.err);
  } catch (const CLI::ParseError& error) {
    const CLI::App* innermost = Innermost(&app);
    ComplainOfLine(Tree::FullName(innermost), WhatIsWrong(app, innermost, error), streams);
    // What it ends with otherwise is the command's to say.
    return tree.RunsCommand(innermost) ? kExitNotRun : kExitUsage;
  }
}

}  // namespace

int RunWarren(int argc, const char* const* argv, Streams streams, client::RetryOptions retry) {
  CLI::App app("Changes and shows the network namespaces of a fleet of hosts.", "warren");
  GlobalOptions options;
  SetUpFlags(app, kExamples);
  AddGlobalOptions(app, options);
  AddEnvironment(app);
  Tree tree(app);
  // In ip's order where ip has them, which decides what a beginning means.
  AddAddrCommands(tree);
  AddRouteCommands(tree);
  AddLinkCommands(tree);
  AddNetnsCommands(tree);
  AddBridgeCommands(tree);
  AddHostsCommands(tree);
  AddIntentsCommands(tree);
  AddExecCommands(tree);
  AddCompletionCommands(tree);
  tree.Finish();
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words.size() == 2 && words[0] == kManPagesWord) return WriteManPages(app, words[1], streams);
  if (words.size() > 2 && words[0] == kCompleteWord) {
    return PrintCompletions(tree, app, options, {words.begin() + 2, words.end()}, streams, retry);
  }
  SplitLine line = SplitCommand(tree, words);
  if (line.group != nullptr) {
    ComplainOfLine(Tree::FullName(line.group), UnknownWord(app, line.group, line.unknown), streams);
    return kExitUsage;
  }
  if (const int code = ParseLine(app, tree, std::move(line.own), streams); code >= 0) return code;
  options.command = std::move(line.command);
  Context context(options, streams, std::move(retry));
  return tree.chosen()(context);
}

}  // namespace warren::cli
