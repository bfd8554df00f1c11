#include "client/args/addr_args.h"

#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/args/words.h"

namespace warren::cli {
namespace {

constexpr uint32_t kForever = std::numeric_limits<uint32_t>::max();

struct Wanted {
  std::string address;
  std::string peer;
  std::optional<Place> dev;
  bool nodad = false;
  std::optional<uint32_t> valid;  // kForever: for ever
  std::optional<uint32_t> preferred;
};

absl::StatusOr<uint32_t> Lifetime(Words& words, const std::string& keyword, uint32_t least) {
  auto value = words.Value(keyword);
  if (!value.ok()) return value.status();
  if (*value == "forever") return kForever;
  std::string_view digits = *value;
  if (digits.size() > 3 && digits.substr(digits.size() - 3) == "sec") digits.remove_suffix(3);  // as `ip` prints it
  return ParseNumber(keyword, digits, least, kForever - 1);
}

absl::Status ReadText(Words& words, const std::string& keyword, std::string& field) {
  const auto value = words.Value(keyword);
  if (!value.ok()) return value.status();
  if (!field.empty()) return Twice(keyword);
  field = *value;
  return absl::OkStatus();
}

absl::Status ReadWord(Words& words, bool adding, Wanted& wanted) {
  const std::string word = words.Take();
  if (word == "local") return ReadText(words, word, wanted.address);
  if (word == "peer") return ReadText(words, word, wanted.peer);
  if (word == "dev") {
    const auto text = words.Value(word);
    if (!text.ok()) return text.status();
    if (wanted.dev) return Twice(word);
    const auto place = ParseLinkArgument(*text);
    if (!place.ok()) return place.status();
    wanted.dev = *place;
    return absl::OkStatus();
  }
  if (adding && word == "nodad") {
    wanted.nodad = true;
    return absl::OkStatus();
  }
  if (adding && (word == "valid_lft" || word == "preferred_lft")) {
    const bool valid = word == "valid_lft";
    const auto seconds = Lifetime(words, word, valid ? 1 : 0);
    if (!seconds.ok()) return seconds.status();
    std::optional<uint32_t>& field = valid ? wanted.valid : wanted.preferred;
    if (field) return Twice(word);
    field = *seconds;
    return absl::OkStatus();
  }
  const bool looks_like_an_address = word.find('.') != std::string::npos || word.find(':') != std::string::npos;
  if (wanted.address.empty() && looks_like_an_address) {
    wanted.address = word;
    return absl::OkStatus();
  }
  if (adding) return UnknownWord(word, {"dev", "peer", "nodad", "valid_lft", "preferred_lft"});
  return UnknownWord(word, {"dev", "peer"});
}

absl::StatusOr<Wanted> Read(const std::vector<std::string>& list, bool adding) {
  Words words(list);
  Wanted wanted;
  while (!words.Done()) {
    if (absl::Status status = ReadWord(words, adding, wanted); !status.ok()) return status;
  }
  if (wanted.address.empty()) return absl::InvalidArgumentError("missing the address, as in 10.0.0.1/24");
  if (!wanted.dev) return absl::InvalidArgumentError("missing the link: say `dev HOST/NS:IF`");
  if (wanted.preferred.value_or(0) > wanted.valid.value_or(kForever)) {
    return absl::InvalidArgumentError("preferred_lft is longer than valid_lft");
  }
  return wanted;
}

}  // namespace

absl::StatusOr<Change> ParseAddrAdd(const std::vector<std::string>& words, const AddrFlags& flags) {
  const auto wanted = Read(words, true);
  if (!wanted.ok()) return wanted.status();
  Change change{wanted->dev->host, {}};
  auto* add = change.Add()->mutable_add_address();
  add->set_namespace_(wanted->dev->netns);
  add->set_link(wanted->dev->interface);
  add->set_address(wanted->address);
  add->set_peer(wanted->peer);
  add->set_nodad(wanted->nodad);
  // Absent means for ever, and for the preferred lifetime as long as the address is valid; the two are the same when
  // it is valid for ever, and otherwise "forever" was refused above.
  if (wanted->valid && *wanted->valid != kForever) add->mutable_valid_lifetime()->set_seconds(*wanted->valid);
  if (wanted->preferred && *wanted->preferred != kForever) {
    add->mutable_preferred_lifetime()->set_seconds(*wanted->preferred);
  }
  add->set_allow_existing(flags.allow_existing);
  add->set_force(flags.force);
  return change;
}

absl::StatusOr<Change> ParseAddrDelete(const std::vector<std::string>& words, const AddrFlags& flags) {
  const auto wanted = Read(words, false);
  if (!wanted.ok()) return wanted.status();
  Change change{wanted->dev->host, {}};
  auto* remove = change.Add()->mutable_delete_address();
  remove->set_namespace_(wanted->dev->netns);
  remove->set_link(wanted->dev->interface);
  remove->set_address(wanted->address);
  remove->set_peer(wanted->peer);
  remove->set_allow_missing(flags.allow_missing);
  remove->set_force(flags.force);
  return change;
}

}  // namespace warren::cli
