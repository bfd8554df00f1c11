#include <memory>

#include "absl/strings/ascii.h"
#include "client/cmd/change.h"
#include "client/cmd/commands.h"
#include "client/cmd/show.h"
#include "client/intent_file/intent_file.h"
#include "client/output/intent_text.h"
#include "proto/common/flags.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

struct ListFlags {
  std::string host;
  std::vector<std::string> states;
};

int List(Context& context, const ListFlags& flags) {
  std::string parent = "hosts/-";
  if (!flags.host.empty()) {
    const auto host = ParseHostArgument(flags.host);
    if (!host.ok()) return context.Usage("warren intents list", host.status());
    parent = HostName(*host);
  }
  v1::ListIntentsRequest request;
  request.set_parent(parent);
  for (const std::string& text : flags.states) {
    v1::Intent::State state = v1::Intent::STATE_UNSPECIFIED;
    v1::Intent::State_Parse(absl::AsciiStrToUpper(text), &state);  // checked by the option
    request.add_states(state);
  }
  return Show(
      context, "warren intents list",
      [&](client::Client& client) { return client.ListIntents(request, context.deadline()); },
      [&](const auto& intents) { return IntentsText(intents, context.format(), context.now()); });
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
  return WithName(context, "warren intents cancel", text, [&](client::Client& client, const std::string& name) {
    const auto intent = client.CancelIntent(name, context.deadline());
    if (!intent.ok()) return context.Fail("warren intents cancel", intent.status());
    return context.Print(IntentRowText(*intent, context.format(), context.now()));
  });
}

struct SubmitFlags {
  std::string host;
  std::string file;
};

int Submit(Context& context, const SubmitFlags& flags) {
  const auto host = ParseHostArgument(flags.host);
  if (!host.ok()) return context.Usage("warren intent submit", host.status());
  auto intent = ReadIntentFile(flags.file, context.streams().in);
  if (!intent.ok()) return context.Usage("warren intent submit", intent.status());
  return SubmitChange(context, "warren intent submit", Change{*host, *std::move(intent)}, Typed::kFile);
}

// A verb that takes the name of an intent.
void AddNamed(Tree& tree, CLI::App* group, const Tree::Verb& verb, int (*act)(Context&, const std::string&)) {
  auto name = std::make_shared<std::string>();
  CLI::App* app = tree.AddVerb(group, verb, [name, act](Context& context) { return act(context, *name); });
  app->add_option("intent", *name, "Its name: HOST/ID or hosts/HOST/intents/ID")->required();
}

void AddSubmit(Tree& tree, CLI::App* group) {
  auto flags = std::make_shared<SubmitFlags>();
  CLI::App* submit =
      tree.AddVerb(group,
                   {"submit",
                    {},
                    "HOST -f FILE",
                    "Have a list of operations done on a host, all or nothing",
                    "  warren intent submit h1 -f router.yaml\n"
                    "  warren intent submit h1 -f router.json --no-wait\n"
                    "  echo 'operations: [{createNamespace: {namespace: red}}]' | warren intent submit h1 -f -\n\n"
                    "A file:\n"
                    "  operations:\n"
                    "    - createNamespace: {namespace: red}\n"
                    "    - createVeth:\n"
                    "        a: {namespace: red, name: eth0, addresses: [10.0.0.1/24], up: true}\n"
                    "        b: {namespace: \"@host\", name: tap0, up: true}\n"},
                   [flags](Context& context) { return Submit(context, *flags); });
  submit->add_option("HOST", flags->host, "Name of the host")->required();
  submit->add_option("-f,--file", flags->file, "YAML or JSON file; - is standard input")->required();
}

}  // namespace

void AddIntentsCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("intents", {"intent"}, "Submit, list, show, await and cancel intents",
                                  "  warren intent submit h1 -f router.yaml\n"
                                  "  warren intents list h1 --state QUEUED\n"
                                  "  warren intents wait h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11\n");
  auto flags = std::make_shared<ListFlags>();
  CLI::App* list = tree.AddVerb(group,
                                {"list",
                                 {"ls"},
                                 "[HOST] [--state STATE]...",
                                 "List the intents of a host, or of all hosts, in the order accepted",
                                 "  warren intents list\n"
                                 "  warren intents list h1 --state QUEUED --state RUNNING\n"},
                                [flags](Context& context) { return List(context, *flags); });
  list->add_option("HOST", flags->host, "Name of the host; all hosts without one");
  list->add_option("--state", flags->states, "Only intents in this state; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}, CLI::ignore_case));
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
  tree.SetDefault(group, list);
}

}  // namespace warren::cli
