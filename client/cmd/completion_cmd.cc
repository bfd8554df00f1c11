#include "client/cmd/completion_cmd.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cmd/complete.h"
#include "client/lib/address.h"
#include "proto/common/flags.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// Bash breaks words at ":" and "=" too, and replaces only what comes behind; an "@" it breaks at stays with the word.
constexpr char kBash[] =
    R"script(# Completion of warren for bash. Install as share/bash-completion/completions/warren, or:
#   source <(warren completion bash)
_warren() {
  local line=${COMP_LINE:0:COMP_POINT} current prefix="" breaks rest candidate
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[${#words[@]} - 1]}
  breaks=${COMP_WORDBREAKS//[^:=@]/}
  if [[ -n $breaks && $current == *[$breaks]* ]]; then
    rest=${current##*[$breaks]}
    prefix=${current%"$rest"}
    [[ $prefix == *@ ]] && prefix=${prefix%@}
  fi
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("${candidate#"$prefix"}")
    [[ $candidate == *[/:] ]] && compopt -o nospace 2> /dev/null
  done < <(command warren __complete -- "${words[@]:1}" 2> /dev/null)
}
complete -o default -F _warren warren
)script";

constexpr char kZsh[] = R"script(#compdef warren
# Completion of warren for zsh. Install as share/zsh/site-functions/_warren, or:
#   source <(warren completion zsh)
_warren() {
  local -a whole begun
  local candidate
  for candidate in ${(f)"$(command warren __complete -- "${(@Q)words[2,CURRENT]}" 2> /dev/null)"}; do
    if [[ $candidate == *[/:] ]]; then
      begun+=("$candidate")
    else
      whole+=("$candidate")
    fi
  done
  if (( ${#whole} + ${#begun} == 0 )); then
    _files
    return
  fi
  (( ${#begun} )) && compadd -S '' -- "${begun[@]}"
  (( ${#whole} )) && compadd -- "${whole[@]}"
}
if [[ ${funcstack[1]} == _warren ]]; then
  _warren "$@"
else
  compdef _warren warren
fi
)script";

constexpr absl::Duration kPatience = absl::Milliseconds(500);
// As many as a shell shows without asking.
constexpr size_t kMostNames = 1000;
constexpr int kMostIntents = 100;

// "name = \"red*\""; empty where that could not be written as a filter.
std::string NameFilter(const std::string& beginning) {
  const bool plain = !beginning.empty() && beginning.find_first_of("\"\\*") == std::string::npos;
  return plain ? absl::StrCat("name = \"", beginning, "*\"") : "";
}

// The last segments of the names of everything that list, a call of Client with a page callback, lists.
template <typename Item, typename List>
std::vector<std::string> LastSegments(List list) {
  std::vector<std::string> names;
  list([&names](std::vector<Item>& items) {
    for (const Item& item : items) names.push_back(item.name().substr(item.name().rfind('/') + 1));
    return names.size() < kMostNames;
  });
  return names;
}

NameSource NamesFrom(client::Client& client, absl::Time deadline) {
  NameSource names;
  names.hosts = [&client, deadline](const std::string& beginning) {
    v1::ListHostsRequest request;
    request.set_filter(NameFilter(beginning));
    return LastSegments<v1::Host>([&](auto page) { client.ListHosts(request, page, deadline).IgnoreError(); });
  };
  names.namespaces = [&client, deadline](const std::string& host, const std::string& beginning) {
    v1::ListNamespacesRequest request;
    request.set_parent(HostName(host));
    request.set_filter(NameFilter(beginning));
    return LastSegments<v1::Namespace>(
        [&](auto page) { client.ListNamespaces(request, page, deadline).IgnoreError(); });
  };
  names.interfaces = [&client, deadline](const std::string& host, const std::string& netns) {
    std::vector<std::string> links;
    const auto shown = client.GetNamespace(NamespaceName(host, netns), deadline);
    if (!shown.ok()) return links;
    for (const v1::Link& link : shown->links()) links.push_back(link.name());
    return links;
  };
  names.intents = [&client, deadline](const std::string& host) {
    v1::ListIntentsRequest request;
    request.set_parent(HostName(host));
    request.set_order_by("create_time desc");
    request.set_page_size(kMostIntents);
    return LastSegments<v1::Intent>([&](auto page) {
      client
          .ListIntents(
              request, [&page](std::vector<v1::Intent>& intents) { return page(intents), false; }, deadline)
          .IgnoreError();
    });
  };
  return names;
}

// Fills the options in from what the line has of them, the environment and the file.
void FillOptions(CLI::App& app, const TypedLine& line) {
  std::vector<std::string> words = {"list", "hosts"};  // CLI11 takes them from the back
  for (const char* name : {"server", "config"}) {
    const auto given = line.options.find(name);
    if (given != line.options.end()) words.push_back(absl::StrCat("--", name, "=", given->second));
  }
  try {
    app.parse(words);
  } catch (const CLI::Error&) {
    // A line that is not finished may well be wrong.
  }
}

}  // namespace

int PrintCompletions(Tree& tree, CLI::App& app, GlobalOptions& options, const std::vector<std::string>& words,
                     Streams& streams, const client::RetryOptions& retry) {
  const TypedLine line = ReadTyped(tree, words);
  NameSource names;
  names.hosts = [](const std::string&) { return std::vector<std::string>(); };
  names.namespaces = [](const std::string&, const std::string&) { return std::vector<std::string>(); };
  names.interfaces = names.namespaces;
  names.intents = names.hosts;
  FillOptions(app, line);
  auto client = client::Client::Connect(options.server.empty() ? client::DefaultServer() : options.server, retry);
  if (client.ok()) names = NamesFrom(**client, retry.now() + kPatience);
  for (const std::string& word : Completions(tree, line, names)) streams.out << word << "\n";
  streams.out << std::flush;
  return kExitOk;
}

void AddCompletionCommands(Tree& tree) {
  CLI::App* group = tree.AddGroup("completion", {}, "Print a script that completes warren's command lines in a shell",
                                  "  source <(warren completion bash)\n"
                                  "  warren completion zsh > ~/.zsh/completions/_warren\n");
  tree.AddVerb(group,
               {"bash",
                {},
                "",
                "Print the script for bash",
                "  source <(warren completion bash)\n"
                "  warren completion bash > /usr/share/bash-completion/completions/warren\n"},
               [](Context& context) { return context.Print(kBash); });
  tree.AddVerb(group,
               {"zsh",
                {},
                "",
                "Print the script for zsh",
                "  source <(warren completion zsh)\n"
                "  warren completion zsh > /usr/share/zsh/site-functions/_warren\n"},
               [](Context& context) { return context.Print(kZsh); });
}

}  // namespace warren::cli
