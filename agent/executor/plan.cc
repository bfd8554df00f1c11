#include "agent/executor/plan.h"

#include <map>
#include <utility>

#include "agent/executor/new_link.h"
#include "agent/executor/parse.h"
#include "agent/kernel/link.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

// Every Add says whether the operation can be fused with those before it.
class Planner {
 public:
  bool Add(int operation, const v1::Operation& o) {
    operation_ = operation;
    switch (o.kind_case()) {
      case v1::Operation::kCreateNamespace:
        return Add(o.create_namespace());
      case v1::Operation::kCreateVeth:
        return Add(o.create_veth());
      case v1::Operation::kMoveLink:
        return Add(o.move_link());
      case v1::Operation::kSetLink:
        return Add(o.set_link());
      case v1::Operation::kAddAddress:
        return Add(o.add_address());
      case v1::Operation::kAddRoute:
        return Add(o.add_route());
      case v1::Operation::kCreateBridge:
        return Add(o.create_bridge());
      case v1::Operation::kAttachLink:
        return Add(o.attach_link());
      default:
        return false;
    }
  }

  Plan Take() && { return std::move(plan_); }

 private:
  // What of a link has been planned, which decides what of it can still be part of its making.
  struct State {
    bool touched = false;   // it was brought up, has addresses or routes, or is a port: no more moves, names, MACs
    bool up = false;        // at this point of the operations
    bool numbered = false;  // has addresses or routes
    bool attached = false;  // is a port
    bool bridge = false;
  };

  bool Add(const v1::CreateNamespace& o) {
    const std::string& name = o.namespace_();
    if (WhyBadNamespace(name) || places_.contains(name)) return false;
    const size_t place = plan_.places.size();
    plan_.places.push_back({name, true, operation_});
    places_[name] = place;
    Plan::Link lo;
    lo.place = place;
    lo.name = "lo";
    lo.loopback = true;
    const size_t link = Keep(std::move(lo));
    if (!o.loopback_down()) BringUp(link);
    return true;
  }

  bool Add(const v1::CreateVeth& o) {
    const auto a = AddEnd(o.a());
    if (!a) return false;
    const auto b = AddEnd(o.b());
    if (!b) return false;
    // The end that is to be born up where it will be used: inside.
    const bool b_is_main = !PlaceOf(*a).is_new && PlaceOf(*b).is_new;
    const Plan::Veth veth = b_is_main ? Plan::Veth{*b, *a} : Plan::Veth{*a, *b};
    plan_.creations.push_back({operation_, veth});
    main_[veth.a] = true;
    return Furnish(*a, o.a()) && Furnish(*b, o.b());
  }

  bool Add(const v1::CreateBridge& o) {
    Plan::Link link;
    if (!NewLink(o.namespace_(), o.name(), o.mac(), link)) return false;
    link.mtu = o.mtu();
    const size_t index = Keep(std::move(link));
    states_[index].bridge = true;
    plan_.creations.push_back({operation_, Plan::Bridge{index}});
    return Furnish(index, o);
  }

  bool Add(const v1::MoveLink& o) {
    const auto link = Find(o.namespace_(), o.name());
    if (!link || !CanBecome(*link)) return false;
    const std::string& name = o.to_name().empty() ? o.name() : o.to_name();
    const auto to = PlaceFor(o.to_namespace());
    return to && Rename(*link, *to, name);
  }

  bool Add(const v1::SetLink& o) {
    const auto link = Find(o.namespace_(), o.name());
    if (!link) return false;
    const bool changes = o.has_mtu() || o.has_mac() || (o.has_new_name() && o.new_name() != o.name());
    if (changes && !CanBecome(*link)) return false;
    Plan::Link& planned = plan_.links[*link];
    if (o.has_mac()) {
      const auto mac = kernel::ParseMac(o.mac());
      if (!mac) return false;
      planned.mac = *mac;
      planned.mac_given = true;
    }
    if (o.has_mtu()) {
      // One that the kernel refuses on the way is not seen when another takes its place.
      if (planned.mtu != 0 || o.mtu() < kernel::kIpv6MinMtu) return false;
      planned.mtu = o.mtu();
    }
    if (o.has_new_name() && o.new_name() != o.name() && !Rename(*link, planned.place, o.new_name())) return false;
    if (!o.has_up()) return true;
    if (o.up()) {
      BringUp(*link);
      return true;
    }
    return !states_[*link].up;
  }

  bool Add(const v1::AddAddress& o) {
    const auto link = Find(o.namespace_(), o.link());
    if (!link) return false;
    auto address = ParseNewAddress(o);
    if (!address.ok() || kernel::HasNoEffect(address->local)) return false;
    states_[*link].numbered = true;
    AddTo(*link, Plan::AddAddress{*link, *std::move(address)});
    return true;
  }

  bool Add(const v1::AddRoute& o) {
    auto route = ParseRoute(o);
    if (!route.ok()) return false;
    const auto place = PlaceFor(o.namespace_());
    if (!place) return false;
    std::optional<size_t> link;
    if (!o.dev().empty()) {
      link = Find(o.namespace_(), o.dev());
      if (!link) return false;
      states_[*link].touched = states_[*link].numbered = true;
    } else if (!plan_.places[*place].is_new) {
      return false;  // it would outlive what the plan makes
    }
    used_.insert_or_assign(*place, true);
    plan_.changes.push_back({operation_, *place, Plan::AddRoute{link, *std::move(route)}});
    return true;
  }

  bool Add(const v1::AttachLink& o) {
    const auto link = Find(o.namespace_(), o.link());
    if (!link || o.move_addresses() || states_[*link].attached || plan_.links[*link].loopback) return false;
    // A bridge takes the least MTU of its ports, which it may not have (guard.h).
    if (!PlaceOf(*link).is_new && plan_.links[*link].mtu != 0 && plan_.links[*link].mtu < kernel::kIpv6MinMtu)
      return false;
    // It could be what the host is reached by, and whether it is shows only then (guard.h).
    if (states_[*link].numbered && !PlaceOf(*link).is_new) return false;
    const auto bridge = Find(o.namespace_(), o.bridge());
    if (bridge && !states_[*bridge].bridge) return false;
    // In a new namespace there is no other.
    if (!bridge && PlaceOf(*link).is_new) return false;
    states_[*link].attached = true;
    if (bridge) states_[*bridge].touched = true;
    AddTo(*link, Plan::Attach{*link, bridge, o.bridge()});
    return true;
  }

  std::optional<size_t> AddEnd(const v1::VethEnd& end) {
    Plan::Link link;
    if (!NewLink(end.namespace_(), end.name(), end.mac(), link)) return std::nullopt;
    link.mtu = end.mtu();
    link.queues = end.queues() == 0 ? 1 : end.queues();
    return Keep(std::move(link));
  }

  // The parts of a VethEnd or a CreateBridge that come after the making.
  template <typename New>
  bool Furnish(size_t link, const New& from) {
    auto asked = ParseAsked(from.name(), 0, from.mac(), from.up(), from.addresses());
    if (!asked.ok()) return false;
    if (asked->up) BringUp(link);
    for (const kernel::IpPrefix& prefix : asked->addresses) {
      kernel::NewAddress address;
      address.local = prefix;
      if (kernel::HasNoEffect(prefix)) return false;
      states_[link].numbered = true;
      AddTo(link, Plan::AddAddress{link, address});
    }
    return true;
  }

  bool NewLink(const std::string& netns, const std::string& name, const std::string& mac, Plan::Link& link) {
    const auto place = PlaceFor(netns);
    if (!place || WhyBadInterface(name) || by_name_.contains({*place, name})) return false;
    link.place = *place;
    link.name = name;
    link.mac = kernel::RandomMac();
    if (mac.empty()) return true;
    const auto parsed = kernel::ParseMac(mac);
    if (parsed) link.mac = *parsed;
    link.mac_given = true;
    return parsed.has_value();
  }

  size_t Keep(Plan::Link link) {
    const size_t index = plan_.links.size();
    by_name_[{link.place, link.name}] = index;
    plan_.links.push_back(std::move(link));
    states_.emplace_back();
    return index;
  }

  bool Rename(size_t link, size_t place, const std::string& name) {
    Plan::Link& planned = plan_.links[link];
    if (planned.place == place && planned.name == name) return true;
    if (WhyBadInterface(name) || by_name_.contains({place, name})) return false;
    by_name_.erase({planned.place, planned.name});
    plan_.passing.push_back({planned.place, planned.name});
    planned.place = place;
    planned.name = name;
    by_name_[{place, name}] = link;
    return true;
  }

  void BringUp(size_t link) {
    State& state = states_[link];
    if (state.up) return;
    state.up = true;
    // Born up is the same as brought up first: before anything was done in its namespace that could tell.
    if (main_[link] && !state.touched && !used_[plan_.links[link].place]) {
      plan_.links[link].born_up = true;
      state.touched = true;
      return;
    }
    AddTo(link, Plan::SetUp{link});
  }

  template <typename What>
  void AddTo(size_t link, What what) {
    states_[link].touched = true;
    plan_.changes.push_back({operation_, plan_.links[link].place, std::move(what)});
  }

  // It is as it was made, so that it can be made otherwise.
  bool CanBecome(size_t link) const {
    return !states_[link].touched && !states_[link].bridge && !plan_.links[link].loopback;
  }

  const Plan::Place& PlaceOf(size_t link) const { return plan_.places[plan_.links[link].place]; }

  std::optional<size_t> PlaceFor(const std::string& netns) {
    const auto [at, added] = places_.emplace(netns, plan_.places.size());
    if (added) plan_.places.push_back({netns, false, operation_});
    return at->second;
  }

  // A link of this plan.
  std::optional<size_t> Find(const std::string& netns, const std::string& name) const {
    const auto place = places_.find(netns);
    if (place == places_.end()) return std::nullopt;
    const auto found = by_name_.find({place->second, name});
    if (found == by_name_.end()) return std::nullopt;
    return found->second;
  }

  Plan plan_;
  int operation_ = 0;
  std::vector<State> states_;    // by link
  std::map<size_t, bool> main_;  // links that can be born up
  std::map<size_t, bool> used_;  // places with routes
  std::map<std::string, size_t> places_;
  std::map<std::pair<size_t, std::string>, size_t> by_name_;  // by place and name
};

}  // namespace

std::optional<Plan> PlanOf(const v1::IntentDelivery& intent) {
  if (intent.operations().empty()) return std::nullopt;
  Planner planner;
  for (int i = 0; i < intent.operations_size(); ++i) {
    if (!planner.Add(i, intent.operations(i))) return std::nullopt;
  }
  return std::move(planner).Take();
}

}  // namespace warren::executor
