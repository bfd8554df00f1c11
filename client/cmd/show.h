#ifndef WARREN_CLIENT_CMD_SHOW_H_
#define WARREN_CLIENT_CMD_SHOW_H_

// What showing commands share. One thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cmd/context.h"
#include "client/cmd/tree.h"
#include "proto/common/names.h"
#include "warren/v1/inventory.pb.h"

namespace warren::cli {

// Calls the server and prints what it answers. call: client -> StatusOr<T>; text: T -> string.
template <typename Call, typename Text>
int Show(Context& context, const std::string& command, Call call, Text text) {
  int exit_code = 0;
  client::Client* client = context.Connect(&exit_code);
  if (client == nullptr) return exit_code;
  const auto answer = call(*client);
  if (!answer.ok()) return context.Fail(command, answer.status());
  return context.Print(text(*answer));
}

// What of a namespace is shown; NOT_FOUND: there is no such thing in it.
using NamespacePart = std::function<absl::StatusOr<std::string>(const v1::Namespace&)>;

// Shows a namespace, or a part of it; with watch, again whenever it changes, until interrupted.
int ShowNamespace(Context& context, const std::string& command, const Place& place, bool watch,
                  const NamespacePart& part);

// A verb that shows a namespace in iproute2's words ("[dev] HOST/NS[:IF]").
struct ShowWords {
  std::vector<std::string> words;
  bool watch = false;
};
CLI::App* AddShowWords(Tree& tree, CLI::App* group, const Tree::Verb& verb,
                       int (*show)(Context& context, const ShowWords& given));

// "[dev] HOST/NS[:IF]", as `ip link show` and `ip address show` take it.
absl::StatusOr<Place> ParseShowWords(const std::vector<std::string>& words);

// By its name, or one of its alternative names.
bool Answers(const v1::Link& link, const std::string& name);

// FAILED_PRECONDITION, saying what it is, where the name stands for something that is no namespace: it has no links, no
// addresses and no routes, and an empty answer would look as if it were one that has none yet.
absl::Status CheckIsNamespace(const v1::Namespace& netns, const Place& place);

// The links of a namespace, or the one link that the place names. NOT_FOUND with the names of those there are; as
// CheckIsNamespace.
absl::StatusOr<std::vector<v1::Link>> LinksAt(const v1::Namespace& netns, const Place& place);

// Adds "-w,--watch" to a verb that shows a namespace.
void AddWatchFlag(CLI::App* app, bool* watch);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_SHOW_H_
