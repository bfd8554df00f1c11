#include "client/cmd/listing.h"

#include "absl/strings/str_cat.h"
#include "client/args/place_args.h"
#include "proto/common/names.h"

namespace warren::cli {

void AddFilterFlag(CLI::App* app, ListFlags* flags, const std::string& example) {
  app->add_option("--filter", flags->filter, absl::StrCat("Only what matches, as in '", example, "'"))
      ->type_name("EXPR");
}

void AddListFlags(CLI::App* app, ListFlags* flags, const std::string& sort_key, const std::string& example) {
  AddFilterFlag(app, flags, example);
  CLI::Option* limit =
      app->add_option("--limit", flags->limit, "At most this many")->check(CLI::PositiveNumber)->type_name("N");
  CLI::Option* watch = app->add_flag("-w,--watch", flags->watch, "Then show what changes, until interrupted");
  watch->excludes(limit);
  if (sort_key.empty()) return;
  const std::string down = absl::StrCat(sort_key, " desc");
  CLI::Option* sort =
      app->add_option("--sort", flags->sort, absl::StrCat("\"", sort_key, "\" or \"", down, "\" (the first)"))
          ->check(CLI::IsMember(std::vector<std::string>{sort_key, down}))
          ->type_name("ORDER");
  watch->excludes(sort);
}

absl::StatusOr<std::string> ParentOf(const std::string& text) {
  if (text.empty()) return std::string("hosts/-");
  const auto host = ParseHostArgument(text);
  if (!host.ok()) return host.status();
  return HostName(*host);
}

std::string EventType(client::WatchChange change) {
  switch (change) {
    case client::WatchChange::kExisting:
      return "EXISTING";
    case client::WatchChange::kSynced:
      return "SYNCED";
    case client::WatchChange::kChanged:
      return "CHANGED";
    case client::WatchChange::kDeleted:
      return "DELETED";
    case client::WatchChange::kRebooted:
      return "REBOOTED";
    case client::WatchChange::kRestarted:
      return "RESTARTED";
  }
  return "";
}

}  // namespace warren::cli
