#ifndef WARREN_CLIENT_CMD_LISTING_H_
#define WARREN_CLIENT_CMD_LISTING_H_

// Lists, page by page as they come, and watches, event by event. One thread.

#include <cstddef>
#include <string>
#include <vector>

#include "client/cmd/context.h"
#include "client/cmd/tree.h"
#include "client/lib/watch.h"
#include "client/output/list_writer.h"
#include "proto/common/flags.h"

namespace warren::cli {

struct ListFlags {
  std::string filter;
  std::string sort;
  size_t limit = 0;  // 0: none
  bool watch = false;
};

// The options of a list. sort_key: what it can be sorted by, up or down; empty: nothing. example: a filter of its kind.
void AddListFlags(CLI::App* app, ListFlags* flags, const std::string& sort_key, const std::string& example);
// Those of them that a watch has.
void AddFilterFlag(CLI::App* app, ListFlags* flags, const std::string& example);

// "hosts/h1" of "h1"; "hosts/-" of "". INVALID_ARGUMENT: it is no host.
absl::StatusOr<std::string> ParentOf(const std::string& host);

// The word of an event, "CHANGED".
std::string EventType(client::WatchChange change);

// Lists everything of a kind. list: (client, request, page callback, deadline) -> Status, as Client::ListHosts.
template <typename Item, typename Request, typename List>
int PrintList(Context& context, const std::string& command, const ListFlags& flags, Request request,
              const Columns<Item>& columns, List list) {
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return code;
  constexpr size_t kPage = 1000;
  if (flags.limit > 0 && flags.limit < kPage) request.set_page_size(static_cast<int>(flags.limit));
  request.set_filter(flags.filter);
  ListWriter<Item> writer(context.format(), columns);
  size_t written = 0;
  const auto page = [&](std::vector<Item>& items) {
    if (flags.limit > 0 && items.size() > flags.limit - written) items.resize(flags.limit - written);
    written += items.size();
    code = context.Print(writer.Page(items));
    return code == kExitOk && (flags.limit == 0 || written < flags.limit);
  };
  const absl::Status status = list(*client, request, page, context.deadline());
  if (!status.ok()) return context.Fail(command, status);
  return code == kExitOk ? context.Print(writer.End()) : code;
}

// Hands event after event to `on_event` (event -> exit code, kExitOk to go on), until the server refuses or nobody has
// answered for --timeout.
template <typename Item, typename OnEvent>
int FollowWatch(Context& context, const std::string& command, client::Watch<Item>& watch, OnEvent on_event) {
  while (true) {
    const auto event = watch.Next(absl::Now() + context.timeout());
    if (absl::IsDeadlineExceeded(event.status())) continue;  // nothing happened
    if (!event.ok()) return context.Fail(command, event.status());
    context.Heard();
    if (event->change == client::WatchChange::kRestarted) {
      context.Complain(command, {"the server no longer has what happened meanwhile; what there is now follows"});
    }
    if (const int code = on_event(*event); code != kExitOk) return code;
  }
}

template <typename Item>
bool HasItem(const client::WatchEvent<Item>& event) {
  return event.change != client::WatchChange::kSynced && event.change != client::WatchChange::kRestarted;
}

// Prints event after event. open: client -> watch.
template <typename Item, typename Open>
int PrintWatch(Context& context, const std::string& command, const Columns<Item>& columns, Open open) {
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return code;
  EventWriter<Item> writer(context.format(), columns);
  const auto watch = open(*client);
  return FollowWatch(context, command, *watch, [&](const client::WatchEvent<Item>& event) {
    return context.Print(writer.Event(EventType(event.change), HasItem(event) ? &event.item : nullptr,
                                      event.change == client::WatchChange::kDeleted, event.revision));
  });
}

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_LISTING_H_
