#include "client/args/route_args.h"

#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/args/words.h"
#include "proto/common/link_reference.h"

namespace warren::cli {
namespace {

struct Wanted {
  Place place;
  std::string destination;
  std::string via, dev, src;
  std::optional<uint32_t> metric, table;
  bool onlink = false;
};

absl::StatusOr<Place> ReadPlace(Words& words) {
  const auto text = words.Required("the namespace, HOST/NS");
  if (!text.ok()) return text.status();
  return ParseNetnsArgument(*text);
}

// rt_tables(5)'s fixed names, or a number.
absl::StatusOr<uint32_t> Table(Words& words) {
  const auto value = words.Value("table");
  if (!value.ok()) return value.status();
  if (*value == "main") return kMainTable;
  if (*value == "default") return 253u;
  if (*value == "local") return 255u;
  return ParseNumber("table", *value, 1, std::numeric_limits<uint32_t>::max());
}

absl::Status ReadText(Words& words, const std::string& keyword, std::string& field) {
  const auto value = words.Value(keyword);
  if (!value.ok()) return value.status();
  if (!field.empty()) return Twice(keyword);
  field = *value;
  return absl::OkStatus();
}

absl::Status ReadDev(Words& words, std::string& dev) {
  if (absl::Status status = ReadText(words, "dev", dev); !status.ok()) return status;
  if (const auto why = WhyBadLinkReference(dev)) {
    return absl::InvalidArgumentError(
        absl::StrCat("dev \"", dev, "\" ", *why, "; expected the interface alone, as in dev eth0"));
  }
  return absl::OkStatus();
}

absl::Status ReadNumber(absl::StatusOr<uint32_t> number, const std::string& keyword, std::optional<uint32_t>& field) {
  if (!number.ok()) return number.status();
  if (field) return Twice(keyword);
  field = *number;
  return absl::OkStatus();
}

absl::Status ReadWord(Words& words, Wanted& wanted) {
  const std::string word = words.Take();
  if (word == "via") {
    if (words.Peek() == "inet" || words.Peek() == "inet6") words.Take();
    return ReadText(words, word, wanted.via);
  }
  if (word == "dev") return ReadDev(words, wanted.dev);
  if (word == "src") return ReadText(words, word, wanted.src);
  if (word == "metric" || word == "preference" || word == "priority") {
    return ReadNumber(words.Number(word, 0, std::numeric_limits<uint32_t>::max()), word, wanted.metric);
  }
  if (word == "table") return ReadNumber(Table(words), word, wanted.table);
  if (word == "onlink") {
    wanted.onlink = true;
    return absl::OkStatus();
  }
  return UnknownWord(word, {"via", "dev", "src", "metric", "table", "onlink"});
}

absl::StatusOr<Wanted> Read(const std::vector<std::string>& list) {
  Words words(list);
  Wanted wanted;
  const auto place = ReadPlace(words);
  if (!place.ok()) return place.status();
  wanted.place = *place;
  words.TakeIf("to");
  const auto destination = words.Required("the destination: default, or a prefix like 10.1.0.0/16");
  if (!destination.ok()) return destination.status();
  wanted.destination = *destination;
  while (!words.Done()) {
    if (absl::Status status = ReadWord(words, wanted); !status.ok()) return status;
  }
  return wanted;
}

// The fields that AddRoute and DeleteRoute share.
template <typename Route>
void Fill(const Wanted& wanted, Route* route) {
  route->set_namespace_(wanted.place.netns);
  route->set_destination(wanted.destination);
  route->set_via(wanted.via);
  route->set_dev(wanted.dev);
  route->set_src(wanted.src);
  route->set_metric(wanted.metric.value_or(0));
  route->set_table(wanted.table.value_or(0));
}

}  // namespace

absl::StatusOr<Change> ParseRouteAdd(const std::vector<std::string>& words, const RouteFlags& flags) {
  const auto wanted = Read(words);
  if (!wanted.ok()) return wanted.status();
  if (wanted->via.empty() && wanted->dev.empty()) {
    return absl::InvalidArgumentError("missing where it leads: say `via ADDRESS`, `dev IF`, or both");
  }
  Change change{wanted->place.host, {}};
  auto* add = change.Add()->mutable_add_route();
  Fill(*wanted, add);
  add->set_onlink(wanted->onlink);
  add->set_allow_existing(flags.allow_existing);
  add->set_force(flags.force);
  return change;
}

absl::StatusOr<Change> ParseRouteDelete(const std::vector<std::string>& words, const RouteFlags& flags) {
  const auto wanted = Read(words);
  if (!wanted.ok()) return wanted.status();
  // "onlink" is accepted so that the line that added a route also removes it; the kernel does not match by it.
  Change change{wanted->place.host, {}};
  auto* remove = change.Add()->mutable_delete_route();
  Fill(*wanted, remove);
  remove->set_allow_missing(flags.allow_missing);
  remove->set_force(flags.force);
  return change;
}

absl::StatusOr<RouteQuery> ParseRouteShow(const std::vector<std::string>& list) {
  Words words(list);
  RouteQuery query;
  const auto place = ReadPlace(words);
  if (!place.ok()) return place.status();
  query.place = *place;
  std::optional<uint32_t> table;
  while (!words.Done()) {
    const std::string word = words.Take();
    absl::Status status;
    if (word == "dev") {
      status = ReadDev(words, query.place.interface);
    } else if (word == "table") {
      status = ReadNumber(words.TakeIf("all") ? absl::StatusOr<uint32_t>(0u) : Table(words), word, table);
    } else {
      status = UnknownWord(word, {"table", "dev"});
    }
    if (!status.ok()) return status;
  }
  query.table = table.value_or(kMainTable);
  return query;
}

}  // namespace warren::cli
