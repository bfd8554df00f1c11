#include "client/args/netns_args.h"

namespace warren::cli {

absl::StatusOr<Change> ParseNetnsAdd(const std::string& place, const NetnsAddFlags& flags) {
  const auto parsed = ParseNetnsArgument(place);
  if (!parsed.ok()) return parsed.status();
  Change change{parsed->host, {}};
  auto* create = change.Add()->mutable_create_namespace();
  create->set_namespace_(parsed->netns);
  create->set_allow_existing(flags.allow_existing);
  create->set_loopback_down(flags.loopback_down);
  return change;
}

absl::StatusOr<Change> ParseNetnsDelete(const std::string& place, const NetnsDeleteFlags& flags) {
  const auto parsed = ParseNetnsArgument(place);
  if (!parsed.ok()) return parsed.status();
  Change change{parsed->host, {}};
  auto* remove = change.Add()->mutable_delete_namespace();
  remove->set_namespace_(parsed->netns);
  remove->set_allow_missing(flags.allow_missing);
  remove->set_force(flags.force);
  return change;
}

}  // namespace warren::cli
