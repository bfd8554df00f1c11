#include "client/args/link_args.h"

#include <cctype>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/args/words.h"
#include "proto/common/link_reference.h"

namespace warren::cli {
namespace {

// What the words of `link set` ask for.
struct Wanted {
  std::optional<bool> up;
  std::optional<uint32_t> mtu;
  std::optional<std::string> mac;
  std::optional<std::string> name;
  std::optional<std::string> netns;
  std::optional<std::string> master;  // empty: nomaster

  bool AnySetting() const { return up || mtu || mac; }
  bool Any() const { return AnySetting() || name || netns || master; }
};

const std::vector<std::string>& SetWords() {
  static const auto* const kWords =
      new std::vector<std::string>{"up", "down", "mtu", "address", "name", "netns", "master", "nomaster"};
  return *kWords;
}

absl::StatusOr<std::string> InterfaceValue(Words& words, const std::string& keyword) {
  auto name = words.Value(keyword);
  if (!name.ok()) return name;
  if (const auto why = keyword == "name" ? WhyBadInterface(*name) : WhyBadLinkReference(*name)) {
    return absl::InvalidArgumentError(absl::StrCat(keyword, " \"", *name, "\" ", *why));
  }
  return name;
}

absl::Status ReadSetWord(Words& words, std::string_view host, Wanted& wanted) {
  const std::string word = words.Take();
  const auto store = [&word](auto& field, auto value) -> absl::Status {
    if (!value.ok()) return value.status();
    if (field) return Twice(word);
    field = *std::move(value);
    return absl::OkStatus();
  };
  if (word == "up" || word == "down") return store(wanted.up, absl::StatusOr<bool>(word == "up"));
  if (word == "mtu") return store(wanted.mtu, words.Number(word, 68, 65535));
  if (word == "name") return store(wanted.name, InterfaceValue(words, word));
  if (word == "master") return store(wanted.master, InterfaceValue(words, word));
  if (word == "nomaster") return store(wanted.master, absl::StatusOr<std::string>(""));
  if (word == "address") {
    const auto mac = words.Value(word);
    if (mac.ok()) {
      if (const absl::Status status = CheckMac(*mac); !status.ok()) return status;
    }
    return store(wanted.mac, mac);
  }
  if (word == "netns") {
    const auto netns = words.Value(word);
    if (!netns.ok()) return netns.status();
    const auto place = ParsePlaceOn(host, *netns);
    if (!place.ok()) return place.status();
    if (!place->interface.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "netns \"", *netns, "\" names an interface; give the new name with \"name ", place->interface, "\""));
    }
    return store(wanted.netns, absl::StatusOr<std::string>(place->netns));
  }
  return UnknownWord(word, SetWords());
}

Change Plan(const Place& link, const Wanted& wanted, const LinkFlags& flags) {
  Change change{link.host, {}};
  std::string netns = link.netns;
  std::string name = link.interface;
  std::optional<std::string> new_name = wanted.name;
  if (wanted.netns) {
    auto* move = change.Add()->mutable_move_link();
    move->set_namespace_(netns);
    move->set_name(name);
    move->set_to_namespace(*wanted.netns);
    if (new_name) move->set_to_name(*new_name);
    move->set_force(flags.force);
    netns = *wanted.netns;
    name = new_name.value_or(name);
    new_name.reset();
  }
  if (wanted.AnySetting() || new_name) {
    auto* set = change.Add()->mutable_set_link();
    set->set_namespace_(netns);
    set->set_name(name);
    if (wanted.up) set->set_up(*wanted.up);
    if (wanted.mtu) set->set_mtu(*wanted.mtu);
    if (wanted.mac) set->set_mac(*wanted.mac);
    if (new_name) set->set_new_name(*new_name);
    set->set_force(flags.force);
    name = new_name.value_or(name);
  }
  if (wanted.master && !wanted.master->empty()) {
    auto* attach = change.Add()->mutable_attach_link();
    attach->set_namespace_(netns);
    attach->set_link(name);
    attach->set_bridge(*wanted.master);
    attach->set_move_addresses(flags.move_addresses);
    attach->set_force(flags.force);
    attach->set_allow_existing(flags.allow_existing);
  } else if (wanted.master) {
    auto* detach = change.Add()->mutable_detach_link();
    detach->set_namespace_(netns);
    detach->set_link(name);
    detach->set_move_addresses(flags.move_addresses);
    detach->set_force(flags.force);
    detach->set_allow_missing(flags.allow_missing);
  }
  return change;
}

}  // namespace

absl::Status CheckMac(std::string_view mac) {
  for (const unsigned char c : mac) {
    if (!std::isxdigit(c) && c != ':') {
      return absl::InvalidArgumentError(absl::StrCat("address \"", absl::string_view(mac.data(), mac.size()),
                                                     "\" is not a MAC address; expected one like 02:00:00:00:00:01"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Change> ParseLinkSet(const std::vector<std::string>& list, const LinkFlags& flags) {
  Words words(list);
  words.TakeIf("dev");
  const auto text = words.Required("the link, HOST/NS:IF");
  if (!text.ok()) return text.status();
  const auto link = ParseLinkArgument(*text);
  if (!link.ok()) return link.status();
  Wanted wanted;
  while (!words.Done()) {
    if (absl::Status status = ReadSetWord(words, link->host, wanted); !status.ok()) return status;
  }
  if (!wanted.Any()) {
    return absl::InvalidArgumentError(
        "nothing to set: say up, down, mtu N, address MAC, name NAME, netns NS, "
        "master BRIDGE or nomaster");
  }
  if (flags.move_addresses && !wanted.master) {
    return absl::InvalidArgumentError("--move-addresses goes with master or nomaster");
  }
  return Plan(*link, wanted, flags);
}

absl::StatusOr<Change> ParseLinkMove(const std::string& text, const std::string& target, const LinkFlags& flags) {
  const auto link = ParseLinkArgument(text);
  if (!link.ok()) return link.status();
  const auto to = ParsePlaceOn(link->host, target);
  if (!to.ok()) return to.status();
  Change change{link->host, {}};
  auto* move = change.Add()->mutable_move_link();
  move->set_namespace_(link->netns);
  move->set_name(link->interface);
  move->set_to_namespace(to->netns);
  move->set_to_name(to->interface);
  move->set_force(flags.force);
  return change;
}

absl::StatusOr<Change> ParseLinkDelete(const std::vector<std::string>& list, const LinkFlags& flags) {
  Words words(list);
  words.TakeIf("dev");
  const auto text = words.Required("the link, HOST/NS:IF");
  if (!text.ok()) return text.status();
  const auto link = ParseLinkArgument(*text);
  if (!link.ok()) return link.status();
  if (!words.Done()) return absl::InvalidArgumentError(absl::StrCat("unexpected word \"", words.Peek(), "\""));
  Change change{link->host, {}};
  auto* remove = change.Add()->mutable_delete_link();
  remove->set_namespace_(link->netns);
  remove->set_name(link->interface);
  remove->set_allow_missing(flags.allow_missing);
  remove->set_force(flags.force);
  return change;
}

}  // namespace warren::cli
