#include "agent/kernel/qdisc.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/kernel/body.h"
#include "agent/kernel/error.h"

namespace warren::kernel {
namespace {

constexpr size_t kHeader = NLMSG_ALIGN(sizeof(tcmsg));

// HTB tells among its options how many packets passed it by, and its version in another form than it takes it
// (htb_dump, htb_init).
void MakeHtbAskable(std::string& body) {
  const auto options = AttributeOf(body, kHeader, TCA_OPTIONS);
  const auto told = options ? AttributeOf(*options, 0, TCA_HTB_INIT) : std::nullopt;
  tc_htb_glob glob;
  if (!told || told->size() != sizeof glob) return;
  memcpy(&glob, told->data(), sizeof glob);
  if (glob.version > 0xffff) glob.version >>= 16;
  glob.direct_pkts = 0;
  const size_t at = body.find(*told);
  if (at != std::string::npos) memcpy(body.data() + at, &glob, sizeof glob);
}

// Classifiers tell among their flags whether hardware took the filter, and refuse to be told (tc_flags_valid).
void MakeFilterAskable(std::string& body, std::string_view kind) {
  static constexpr std::pair<std::string_view, int> kFlags[] = {{"matchall", TCA_MATCHALL_FLAGS},
                                                                {"flower", TCA_FLOWER_FLAGS},
                                                                {"u32", TCA_U32_FLAGS},
                                                                {"bpf", TCA_BPF_FLAGS_GEN}};
  const auto flags_of =
      std::find_if(std::begin(kFlags), std::end(kFlags), [&](auto& each) { return each.first == kind; });
  if (flags_of == std::end(kFlags) || body.size() < kHeader) return;
  auto* first = reinterpret_cast<nlattr*>(body.data() + kHeader);
  nlattr* options = nla_find(first, static_cast<int>(body.size() - kHeader), TCA_OPTIONS);
  if (options == nullptr) return;
  nlattr* flags = nla_find(static_cast<nlattr*>(nla_data(options)), nla_len(options), flags_of->second);
  uint32_t value = 0;
  if (flags == nullptr || nla_len(flags) != sizeof value) return;
  memcpy(&value, nla_data(flags), sizeof value);
  value &= TCA_CLS_FLAGS_SKIP_HW | TCA_CLS_FLAGS_SKIP_SW | TCA_CLS_FLAGS_VERBOSE;
  memcpy(nla_data(flags), &value, sizeof value);
}

// Kinds whose classes come with the discipline and cannot be made.
bool HasItsClassesByItself(std::string_view kind) {
  static constexpr std::string_view kKinds[] = {
      "cake",   "choke",  "clsact", "codel", "dualpi2", "ets", "fq_codel", "fq_pie",  "ingress", "mq",
      "mqprio", "multiq", "netem",  "prio",  "red",     "sfb", "sfq",      "skbprio", "taprio",  "tbf"};
  return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

TrafficControl Parse(TrafficPart part, std::string body) {
  TrafficControl parsed;
  parsed.part = part;
  auto& info = HeaderOf<tcmsg>(body);
  parsed.handle = info.tcm_handle;
  parsed.parent = info.tcm_parent;
  // Of a discipline, how many refer to it; of a class, which discipline is inside, which comes with that one. Of a
  // filter, its priority and protocol.
  if (part != TrafficPart::kFilter) info.tcm_info = 0;
  const std::string kind = AttributeOf(body, kHeader, TCA_KIND).value_or("");
  parsed.kind = kind.c_str();
  body = WithoutAttributes(body, kHeader,
                           {TCA_STATS, TCA_XSTATS, TCA_STATS2, TCA_FCNT, TCA_PAD, TCA_HW_OFFLOAD, TCA_EXT_WARN_MSG});
  if (part == TrafficPart::kQdisc && parsed.kind == "htb") MakeHtbAskable(body);
  if (part == TrafficPart::kFilter) MakeFilterAskable(body, parsed.kind);
  parsed.body = std::move(body);
  return parsed;
}

int TypeOf(TrafficPart part, int qdisc, int tclass, int filter) {
  return part == TrafficPart::kQdisc ? qdisc : part == TrafficPart::kClass ? tclass : filter;
}

absl::Status Dump(Netlink& netlink, TrafficPart part, int ifindex, uint32_t parent, std::vector<TrafficControl>& to) {
  tcmsg info{};
  info.tcm_family = AF_UNSPEC;
  info.tcm_ifindex = ifindex;
  info.tcm_parent = parent;
  Message message(TypeOf(part, RTM_GETQDISC, RTM_GETTCLASS, RTM_GETTFILTER), 0, info);
  std::vector<TrafficControl> found;
  auto status = netlink.Dump(
      message, "listing queueing disciplines",
      [&](const nlmsghdr* header) {
        std::string body = BodyOf(header);
        // Disciplines of all links are told.
        if (HeaderOf<tcmsg>(body).tcm_ifindex == ifindex) found.push_back(Parse(part, std::move(body)));
      },
      [&] { found.clear(); });
  for (TrafficControl& each : found) to.push_back(std::move(each));
  return status;
}

std::string HandleText(uint32_t handle) {
  const uint32_t minor = TC_H_MIN(handle);
  return absl::StrCat(absl::Hex(TC_H_MAJ(handle) >> 16), ":", minor == 0 ? "" : absl::StrCat(absl::Hex(minor)));
}

}  // namespace

std::string TrafficControl::ToString() const {
  switch (part) {
    case TrafficPart::kQdisc:
      return absl::StrCat("qdisc ", kind, " ", HandleText(handle));
    case TrafficPart::kClass:
      return absl::StrCat("class ", kind, " ", HandleText(handle));
    case TrafficPart::kFilter:
      break;
  }
  return absl::StrCat("filter ", kind, " of ", HandleText(parent));
}

TrafficControl TrafficControlFromBody(TrafficPart part, const std::string& body) { return Parse(part, body); }

absl::StatusOr<std::vector<TrafficControl>> ListTrafficControl(Netlink& netlink, int ifindex) {
  std::vector<TrafficControl> qdiscs, classes, filters;
  if (auto s = Dump(netlink, TrafficPart::kQdisc, ifindex, 0, qdiscs); !s.ok()) return s;
  std::erase_if(qdiscs, [](const TrafficControl& qdisc) { return qdisc.handle == 0; });
  if (qdiscs.empty()) return qdiscs;
  if (auto s = Dump(netlink, TrafficPart::kClass, ifindex, 0, classes); !s.ok()) return s;
  std::erase_if(classes, [](const TrafficControl& one) { return HasItsClassesByItself(one.kind); });
  std::set<uint32_t> parents;
  for (const TrafficControl& qdisc : qdiscs) parents.insert(qdisc.handle);
  for (const TrafficControl& each : classes) parents.insert(each.handle);
  // Of a clsact the two ends have filters of their own.
  for (const TrafficControl& qdisc : qdiscs) {
    if (qdisc.kind != "clsact") continue;
    parents.erase(qdisc.handle);
    parents.insert(TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
    parents.insert(TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
  }
  for (const uint32_t parent : parents) {
    // A discipline without classes has no filters, and says so (EOPNOTSUPP, EINVAL).
    const absl::Status status = Dump(netlink, TrafficPart::kFilter, ifindex, parent, filters);
    const int error = ErrnoOf(status);
    if (!status.ok() && error != EOPNOTSUPP && error != EINVAL && error != ENOENT) return status;
  }
  // Of each priority and protocol a head is told, too, which comes with the first filter (tcf_chain_dump).
  std::erase_if(filters, [](const TrafficControl& filter) {
    return filter.handle == 0 && !AttributeOf(filter.body, kHeader, TCA_OPTIONS);
  });
  // A parent before what is below it: the disciplines of the link, classes, those inside classes, filters.
  const auto depth = [](const TrafficControl& part) {
    if (part.part == TrafficPart::kFilter) return 4;
    const bool top = part.parent == TC_H_ROOT || TC_H_MAJ(part.parent) == TC_H_MAJ(TC_H_INGRESS);
    return part.part == TrafficPart::kQdisc ? (top ? 0 : 3) : (top ? 1 : 2);
  };
  std::vector<TrafficControl> all = std::move(qdiscs);
  for (auto* more : {&classes, &filters}) {
    for (TrafficControl& each : *more) all.push_back(std::move(each));
  }
  std::stable_sort(all.begin(), all.end(), [&](const TrafficControl& a, const TrafficControl& b) {
    if (depth(a) != depth(b) || depth(a) == 4) return depth(a) < depth(b);
    return std::pair(a.parent, a.handle) < std::pair(b.parent, b.handle);
  });
  return all;
}

absl::Status PutTrafficControl(Netlink& netlink, const TrafficControl& part, int ifindex) {
  std::string body = part.body;
  HeaderOf<tcmsg>(body).tcm_ifindex = ifindex;
  const int how = NLM_F_CREATE | (part.part == TrafficPart::kFilter ? NLM_F_EXCL : NLM_F_REPLACE);
  Message message = Message::FromBody(TypeOf(part.part, RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER), how, body);
  return netlink.Do(message, absl::StrCat("setting ", part.ToString()));
}

absl::Status DeleteTrafficControl(Netlink& netlink, const TrafficControl& part, int ifindex) {
  std::string body = part.body;
  HeaderOf<tcmsg>(body).tcm_ifindex = ifindex;
  body = WithoutAttributes(body, kHeader, {TCA_OPTIONS, TCA_INGRESS_BLOCK, TCA_EGRESS_BLOCK, TCA_STAB});
  Message message = Message::FromBody(TypeOf(part.part, RTM_DELQDISC, RTM_DELTCLASS, RTM_DELTFILTER), 0, body);
  return netlink.Do(message, absl::StrCat("deleting ", part.ToString()));
}

}  // namespace warren::kernel
