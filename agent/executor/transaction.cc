#include "agent/executor/transaction.h"

#include "absl/strings/str_cat.h"
#include "agent/executor/mark.h"
#include "agent/executor/new_netns.h"
#include "agent/kernel/link_names.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

// Not a name a person would choose, and short enough.
constexpr char kAside[] = "w~";

}  // namespace

absl::StatusOr<Place*> Transaction::Open(const std::string& netns) {
  About(netns);
  auto place = places_.Open(netns);
  if (place.ok()) Touch((*place)->name);
  return place;
}

absl::StatusOr<Transaction::LinkAt> Transaction::OpenLink(const std::string& netns, const std::string& name) {
  auto place = Open(netns);
  if (!place.ok()) return place.status();
  About((*place)->Shown(name));
  auto link = kernel::GetLink((*place)->netlink, name);
  if (!link.ok()) return link.status();
  return LinkAt{*place, *std::move(link)};
}

bool Transaction::AttachesLater(const Place& place, const kernel::Link& port, const kernel::Link& bridge) const {
  for (int i = operation_ + 1; operations_ != nullptr && i < operations_->size(); ++i) {
    const v1::AttachLink& attach = (*operations_)[i].attach_link();
    if (!(*operations_)[i].has_attach_link() || attach.namespace_() != ShowNamespace(place.name)) continue;
    if (kernel::AnswersTo(port, attach.link()) && kernel::AnswersTo(bridge, attach.bridge())) return true;
  }
  return false;
}

absl::Status Transaction::Write(Step step) {
  step.set_operation(operation_);
  if (auto s = environment_.journal->Add(sequence_, step.SerializeAsString()); !s.ok()) return s;
  steps_.push_back(std::move(step));
  return absl::OkStatus();
}

absl::StatusOr<kernel::NetnsWorker::Made> Transaction::NewNetns() {
  return TakeConfirmedNetns(environment_.warm, places_.worker());
}

std::string Transaction::ParkPath() { return absl::StrCat(environment_.run_dir, "/parked/", sequence_, "-", ++paths_); }

std::string Transaction::AsideName() {
  const std::string random = kernel::RandomMac() + kernel::RandomMac();
  std::string name = kAside;
  for (size_t i = 0; i < 6; ++i)
    absl::StrAppend(&name, absl::Hex(static_cast<unsigned char>(random[i]), absl::kZeroPad2));
  return name;
}

bool Transaction::OwnsNetns(uint64_t cookie) const { return NameGiven(cookie).has_value(); }

std::optional<std::string> Transaction::NameGiven(uint64_t cookie) const {
  if (const auto made = ownership_.made_netns.find(cookie); made != ownership_.made_netns.end()) return made->second;
  if (ownership_.lost_netns.contains(cookie)) return std::nullopt;
  return environment_.journal->NameOf(cookie);
}

bool Transaction::OwnsLink(Place& place, const kernel::Link& link) const {
  const journal::LinkId id{place.cookie(), link.ifindex};
  if (const auto made = ownership_.made_links.find(id); made != ownership_.made_links.end()) {
    return Fits(made->second, link);
  }
  if (ownership_.lost_links.contains(id)) return false;
  environment_.watch->CatchUp(places_, place);
  const auto mark = environment_.journal->MarkOf(id);
  return mark && Fits(*mark, link);
}

void Transaction::MadeNetns(uint64_t cookie, const std::string& name) { ownership_.made_netns.emplace(cookie, name); }

void Transaction::LostNetns(uint64_t cookie) {
  ownership_.made_netns.erase(cookie);
  ownership_.lost_netns.insert(cookie);
  std::erase_if(ownership_.made_links, [&](const auto& made) { return made.first.first == cookie; });
  for (const journal::LinkId& link : environment_.journal->OwnedLinksOf(cookie)) ownership_.lost_links.insert(link);
}

void Transaction::MadeLink(const Place& place, const kernel::Link& link) {
  const journal::LinkId id{place.cookie(), link.ifindex};
  ownership_.lost_links.erase(id);
  ownership_.made_links[id] = MarkOf(link);
}

void Transaction::NoteMoved(const Place& place, const kernel::Link& link) {
  moved_.push_back({place.Ref(), link.name, MarkOf(link)});
}

void Transaction::LostLink(const Place& place, int ifindex) {
  ownership_.made_links.erase({place.cookie(), ifindex});
  ownership_.lost_links.emplace(place.cookie(), ifindex);
}

absl::Status Transaction::NoteSettings(const Place& place, int ifindex, const LinkState& settings) {
  return environment_.journal->Note({place.cookie(), ifindex}, settings.SerializeAsString());
}

absl::StatusOr<std::optional<LinkState>> Transaction::NotedSettings(const Place& place, int ifindex) const {
  auto body = environment_.journal->Noted({place.cookie(), ifindex});
  if (!body.ok()) return body.status();
  LinkState settings;
  if (!*body || !settings.ParseFromString(**body)) return std::optional<LinkState>();
  return settings;
}

}  // namespace warren::executor
