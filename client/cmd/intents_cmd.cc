#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cmd/batch.h"
#include "client/cmd/change.h"
#include "client/cmd/commands.h"
#include "client/cmd/listing.h"
#include "client/intent_file/intent_file.h"
#include "client/output/intent_text.h"
#include "proto/common/flags.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

constexpr char kFilter[] = "state = FAILED AND create_time > \"2026-01-02T03:04:05Z\"";

struct IntentListFlags : ListFlags {
  std::string host;
  std::vector<std::string> states;
};

Columns<v1::Intent> IntentTable(Context& context) {
  return IntentColumns(context.style(), [&context] { return context.now(); });
}

// "state = QUEUED OR state = RUNNING", which a watch has no field for, and the filter given.
std::string WatchFilter(const IntentListFlags& flags) {
  std::vector<std::string> states;
  for (const std::string& state : flags.states)
    states.push_back(absl::StrCat("state = ", absl::AsciiStrToUpper(state)));
  if (states.empty()) return flags.filter;
  const std::string either = absl::StrCat("(", absl::StrJoin(states, " OR "), ")");
  return flags.filter.empty() ? either : absl::StrCat(either, " AND (", flags.filter, ")");
}

int Watch(Context& context, const std::string& command, const IntentListFlags& flags) {
  const auto parent = ParentOf(flags.host);
  if (!parent.ok()) return context.Usage(command, parent.status());
  return PrintWatch<v1::Intent>(context, command, IntentTable(context), [&](client::Client& client) {
    v1::WatchIntentsRequest request;
    request.set_parent(*parent);
    request.set_filter(WatchFilter(flags));
    return client.WatchIntents(request);
  });
}

int List(Context& context, const IntentListFlags& flags) {
  if (flags.watch) return Watch(context, "warren intents list", flags);
  const auto parent = ParentOf(flags.host);
  if (!parent.ok()) return context.Usage("warren intents list", parent.status());
  v1::ListIntentsRequest request;
  request.set_parent(*parent);
  request.set_order_by(flags.sort);
  for (const std::string& text : flags.states) {
    v1::Intent::State state = v1::Intent::STATE_UNSPECIFIED;
    v1::Intent::State_Parse(absl::AsciiStrToUpper(text), &state);  // checked by the option
    request.add_states(state);
  }
  return PrintList<v1::Intent>(
      context, "warren intents list", flags, request, IntentTable(context),
      [](client::Client& client, const v1::ListIntentsRequest& asked, client::Client::Page<v1::Intent> page,
         absl::Time deadline) { return client.ListIntents(asked, page, deadline); });
}

// What showing, waiting for and cancelling share: an intent's name.
template <typename Do>
int WithName(Context& context, const std::string& command, const std::string& text, Do act) {
  const auto name = ParseIntentArgument(text);
  if (!name.ok()) return context.Usage(command, name.status());
  int exit_code = kExitOk;
  client::Client* client = context.Connect(&exit_code);
  return client == nullptr ? exit_code : act(*client, *name);
}

int ShowOne(Context& context, const std::string& text) {
  return WithName(context, "warren intents show", text, [&](client::Client& client, const std::string& name) {
    const auto intent = client.GetIntent(name, context.deadline());
    if (!intent.ok()) return context.Fail("warren intents show", intent.status());
    return context.Print(IntentText(*intent, context.format()));
  });
}

int Wait(Context& context, const std::string& text) {
  return WithName(context, "warren intents wait", text, [&](client::Client&, const std::string& name) {
    v1::Intent intent;
    intent.set_name(name);
    return WaitAndReport(context, "warren intents wait", intent, Typed::kFlags);
  });
}

int Cancel(Context& context, const std::string& text) {
  if (context.options().dry_run) {
    return context.Usage("warren intents cancel",
                         absl::InvalidArgumentError("--dry-run: a cancel cannot be tried out; nothing was asked"));
  }
  return WithName(context, "warren intents cancel", text, [&](client::Client& client, const std::string& name) {
    const auto intent = client.CancelIntent(name, context.deadline());
    if (!intent.ok()) return context.Fail("warren intents cancel", intent.status());
    return context.Print(IntentRowText(*intent, context.style(), context.now()));
  });
}

struct SubmitFlags {
  std::string hosts;
  std::string file;
};

int Submit(Context& context, const SubmitFlags& flags) {
  const auto hosts = ParseHosts(flags.hosts);
  if (!hosts.ok()) return context.Usage("warren intent submit", hosts.status());
  auto intents = ReadIntentsFile(flags.file, context.streams().in);
  if (!intents.ok()) return context.Usage("warren intent submit", intents.status());
  const auto changes = ChangesFor(*hosts, *std::move(intents));
  if (!changes.ok()) return context.Usage("warren intent submit", changes.status());
  return changes->size() == 1 ? SubmitChange(context, "warren intent submit", changes->front(), Typed::kFile)
                              : SubmitBatch(context, "warren intent submit", *changes, Typed::kFile);
}

void AddIntentListFlags(CLI::App* app, IntentListFlags* flags) {
  app->add_option("HOST", flags->host, "Name of the host; all hosts without one");
  app->add_option("--state", flags->states, "Only intents in this state; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}, CLI::ignore_case));
}

void AddWatch(Tree& tree, CLI::App* group) {
  auto flags = std::make_shared<IntentListFlags>();
  CLI::App* watch = tree.AddVerb(
      group,
      {"watch",
       {},
       "[HOST] [--state STATE]...",
       "Show the intents of a host, or of all hosts, then each that is accepted, begins, finishes or is retired",
       "  warren intents watch h1\n"
       "  warren intents watch --state QUEUED --state RUNNING -o json\n"},
      [flags](Context& context) { return Watch(context, "warren intents watch", *flags); });
  AddIntentListFlags(watch, flags.get());
  AddFilterFlag(watch, flags.get(), kFilter);
}

// A verb that takes the name of an intent.
void AddNamed(Tree& tree, CLI::App* group, const Tree::Verb& verb, int (*act)(Context&, const std::string&)) {
  auto name = std::make_shared<std::string>();
  CLI::App* app = tree.AddVerb(group, verb, [name, act](Context& context) { return act(context, *name); });
  app->add_option("intent", *name, "Its name: HOST/ID or hosts/HOST/intents/ID")->required();
}

void AddSubmit(Tree& tree, CLI::App* group) {
  auto flags = std::make_shared<SubmitFlags>();
  CLI::App* submit = tree.AddVerb(
      group,
      {"submit",
       {},
       "HOST[,HOST]... -f FILE\n-f FILE",
       "Have a list of operations done on a host, all or nothing. Several hosts, or several documents of "
       "the file, are accepted together or not at all, and then done each on its own",
       "  warren intent submit h1 -f router.yaml\n"
       "  warren intent submit h1,h2,h3 -f router.yaml\n"
       "  warren intent submit h1 -f router.json --no-wait\n"
       "  echo 'operations: [{createNamespace: {namespace: red}}]' | warren intent submit h1 -f -\n\n"
       "A file:\n"
       "  operations:\n"
       "    - createNamespace: {namespace: red}\n"
       "    - createVeth:\n"
       "        a: {namespace: red, name: eth0, addresses: [10.0.0.1/24], up: true}\n"
       "        b: {namespace: \"@host\", name: tap0, up: true}\n\n"
       "Documents with a line of --- between them are several intents; each may name its host, as in\n"
       "host: h1, and then none is given on the command line. expireTime: 2026-01-02T03:04:05Z gives up\n"
       "what has not begun by then, as --expire-in does for all. --request-id is that of the first one of\n"
       "each host; those after it count up from there.\n"},
      [flags](Context& context) { return Submit(context, *flags); });
  submit->add_option("HOST", flags->hosts, "Names of the hosts; none where the file names them");
  submit->add_option("-f,--file", flags->file, "YAML or JSON file; - is standard input")->required();
}

}  // namespace

void AddIntentsCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("intents", {"intent"}, "Submit, list, show, watch, await and cancel intents",
                                  "  warren intent submit h1 -f router.yaml\n"
                                  "  warren intents list h1 --state QUEUED\n"
                                  "  warren intents wait h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11\n");
  auto flags = std::make_shared<IntentListFlags>();
  CLI::App* list = tree.AddVerb(group,
                                {"list",
                                 {"ls"},
                                 "[HOST] [--state STATE]...",
                                 "List the intents of a host, or of all hosts, in the order accepted",
                                 "  warren intents list\n"
                                 "  warren intents list h1 --state QUEUED --state RUNNING\n"
                                 "  warren intents list --state FAILED --sort 'create_time desc' --limit 20 -o wide\n"},
                                [flags](Context& context) { return List(context, *flags); });
  AddIntentListFlags(list, flags.get());
  AddListFlags(list, flags.get(), "create_time", kFilter);
  AddNamed(tree, group,
           {"show",
            {},
            "HOST/ID",
            "Show an intent: what was asked, and what came of it",
            "  warren intents show h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11\n"
            "  warren intents show h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11 -o yaml\n"},
           ShowOne);
  AddNamed(tree, group,
           {"wait",
            {},
            "HOST/ID",
            "Wait until an intent is finished, and report it as if it had just been submitted",
            "  warren intents wait h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11 --timeout 10m\n"},
           Wait);
  AddNamed(tree, group,
           {"cancel",
            {},
            "HOST/ID",
            "Cancel an intent that has not begun",
            "  warren intents cancel h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11\n"},
           Cancel);
  AddSubmit(tree, group);
  AddWatch(tree, group);
  tree.SetDefault(group, list);
}

}  // namespace warren::cli
