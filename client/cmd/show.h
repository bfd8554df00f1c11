#ifndef WARREN_CLIENT_CMD_SHOW_H_
#define WARREN_CLIENT_CMD_SHOW_H_

// What showing commands share. One thread.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cmd/context.h"
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

// "[dev] HOST/NS[:IF]", as `ip link show` and `ip address show` take it.
absl::StatusOr<Place> ParseShowWords(const std::vector<std::string>& words);

// The links of the namespace that a place names, or the one link. NOT_FOUND with the names of those there are.
absl::StatusOr<std::vector<v1::Link>> LinksAt(client::Client& client, const Place& place, absl::Time deadline);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_SHOW_H_
