#include "client/args/link_add_args.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/args/link_args.h"
#include "client/args/words.h"

namespace warren::cli {
namespace {

// The line being read.
struct Reading {
  std::string type;      // "veth", "bridge", or not known yet
  std::string first;     // HOST/NS:IF
  std::string other;     // of a veth
  bool at_peer = false;  // words now speak of the other end
  LinkAddFlags flags;
};

absl::Status ReadMac(Words& words, std::string& mac) {
  const auto value = words.Value("address");
  if (!value.ok()) return value.status();
  if (!mac.empty()) return Twice("address");
  mac = *value;
  return CheckMac(mac);
}

absl::Status ReadType(Words& words, Reading& reading) {
  const auto type = words.Value("type");
  if (!type.ok()) return type.status();
  if (!reading.type.empty()) return Twice("type");
  if (*type != "veth" && *type != "bridge") {
    return absl::InvalidArgumentError(absl::StrCat("type \"", *type, "\" is not one of veth, bridge"));
  }
  reading.type = *type;
  return absl::OkStatus();
}

// "peer", "peer NAME" or "peer name NAME": from here on the words are about the other end.
absl::Status ReadPeer(Words& words, Reading& reading) {
  if (reading.type != "veth") return absl::InvalidArgumentError("\"peer\" goes with type veth, and after it");
  if (reading.at_peer) return Twice("peer");
  reading.at_peer = true;
  if (!reading.other.empty()) return absl::OkStatus();
  words.TakeIf("name");
  const auto other = words.Required("the other end, HOST/NS:IF, after \"peer\"");
  if (!other.ok()) return other.status();
  reading.other = *other;
  return absl::OkStatus();
}

absl::Status ReadWord(Words& words, Reading& reading) {
  LinkAddFlags& flags = reading.flags;
  const std::string word = words.Take();
  if (word == "type") return ReadType(words, reading);
  if (word == "peer") return ReadPeer(words, reading);
  if (word == "address") return ReadMac(words, reading.at_peer ? flags.peer_mac : flags.mac);
  if (word == "up") {
    flags.up = true;
    return absl::OkStatus();
  }
  if (word == "mtu") {
    if (flags.mtu != 0) return Twice(word);
    const auto mtu = words.Number(word, 68, 65535);
    if (!mtu.ok()) return mtu.status();
    flags.mtu = *mtu;
    return absl::OkStatus();
  }
  if (reading.type.empty()) {
    // Somebody may have left out "type", as in `link add red:eth0 veth`.
    return UnknownWord(word, {"type", "mtu", "address", "up"});
  }
  return UnknownWord(word, {"peer", "mtu", "address", "up"});
}

absl::StatusOr<Reading> Read(const std::vector<std::string>& list, const LinkAddFlags& flags) {
  Words words(list);
  Reading reading;
  reading.flags = flags;
  if (words.TakeIf("veth") || words.TakeIf("bridge")) reading.type = list[0];
  words.TakeIf("name");
  auto first = words.Required("the link, HOST/NS:IF");
  if (!first.ok()) return first.status();
  reading.first = *first;
  if (reading.type == "veth") {
    if (words.Peek() != "peer") {
      auto other = words.Required("the other end, HOST/NS:IF");
      if (!other.ok()) return other.status();
      reading.other = *other;
    }
  }
  while (!words.Done()) {
    if (absl::Status status = ReadWord(words, reading); !status.ok()) return status;
  }
  if (reading.type.empty()) {
    return absl::InvalidArgumentError(
        "missing the type: say `veth HOST/NS:IF HOST/NS:IF`, or `HOST/NS:IF type bridge`");
  }
  if (reading.type == "veth" && reading.other.empty()) {
    return absl::InvalidArgumentError("missing the other end of the pair: say `peer HOST/NS:IF`");
  }
  return reading;
}

void FillEnd(const Place& place, const LinkAddFlags& flags, const std::vector<std::string>& addresses,
             const std::string& mac, v1::VethEnd* end) {
  end->set_namespace_(place.netns);
  end->set_name(place.interface);
  end->set_up(flags.up);
  end->set_mtu(flags.mtu);
  end->set_queues(flags.queues);
  end->set_mac(mac);
  for (const std::string& address : addresses) end->add_addresses(address);
}

absl::StatusOr<Change> Bridge(const Place& place, const LinkAddFlags& flags) {
  if (!flags.peer_addresses.empty() || !flags.peer_mac.empty() || flags.queues != 0) {
    return absl::InvalidArgumentError("--peer-address, --peer-mac and --queues go with a veth, not with a bridge");
  }
  Change change{place.host, {}};
  auto* bridge = change.Add()->mutable_create_bridge();
  bridge->set_namespace_(place.netns);
  bridge->set_name(place.interface);
  bridge->set_mtu(flags.mtu);
  bridge->set_mac(flags.mac);
  bridge->set_up(flags.up);
  for (const std::string& address : flags.addresses) bridge->add_addresses(address);
  bridge->set_allow_existing(flags.allow_existing);
  bridge->set_force(flags.force);
  return change;
}

}  // namespace

absl::StatusOr<Change> ParseLinkAdd(const std::vector<std::string>& words, const LinkAddFlags& flags) {
  const auto reading = Read(words, flags);
  if (!reading.ok()) return reading.status();
  const auto first = ParseNewLinkArgument(reading->first);
  if (!first.ok()) return first.status();
  if (reading->type == "bridge") return Bridge(*first, reading->flags);
  const auto other = ParsePlaceOn(first->host, reading->other);
  if (!other.ok()) return other.status();
  if (other->interface.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the other end, \"", reading->other,
                                                   "\", names no interface; expected HOST/NS:IF, as in h1/blue:eth0"));
  }
  Change change{first->host, {}};
  auto* veth = change.Add()->mutable_create_veth();
  FillEnd(*first, reading->flags, reading->flags.addresses, reading->flags.mac, veth->mutable_a());
  FillEnd(*other, reading->flags, reading->flags.peer_addresses, reading->flags.peer_mac, veth->mutable_b());
  veth->set_allow_existing(flags.allow_existing);
  veth->set_force(flags.force);
  return change;
}

}  // namespace warren::cli
