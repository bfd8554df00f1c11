#ifndef WARREN_TESTS_AGENT_INVENTORY_INVENTORY_TEST_H_
#define WARREN_TESTS_AGENT_INVENTORY_INVENTORY_TEST_H_

// An inventory of the sandbox, and a mirror that applies what it tells as a server would. What a test makes is removed
// after it; a descriptor left open fails it.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "agent/inventory/kernel_inventory.h"
#include "proto/common/names.h"
#include "tests/agent/kernel/witness.h"

namespace warren::inventory {

using kernel::Ip;
using kernel::Sh;

class InventoryTest : public ::testing::Test {
 protected:
  InventoryTest() : descriptors_(kernel::OpenDescriptors()) { Open(); }

  void TearDown() override {
    inventory_.reset();
    EXPECT_EQ(kernel::OpenDescriptors(), descriptors_) << "descriptors leaked";
    Sh("for f in /run/netns/*; do umount -l \"$f\" 2>/dev/null; rm -f \"$f\"; done; true");
    Sh("for link in $(ip -j link | jq -r '.[].ifname'); do [ $link = lo ] || ip link delete $link 2>/dev/null || true; "
       "done");
  }

  // A new one, that has told nothing.
  void Open(Options options = {}) {
    inventory_.reset();
    options.host = "h1";
    options.events = kernel::EventSocket::Open();
    options.ownership.owns_netns = [this](uint64_t cookie, const std::string& name) {
      return owned_.contains(cookie) && !names_of_others_.contains(name);
    };
    options.ownership.owns_link = [this](uint64_t cookie, int ifindex) {
      return owned_links_.contains({cookie, ifindex});
    };
    auto created = KernelInventory::Create(std::move(options));
    if (!created.ok()) throw std::runtime_error(std::string(created.status().message()));
    inventory_ = *std::move(created);
    mirror_.clear();
  }

  KernelInventory& inventory() { return *inventory_; }

  // Applies updates; returns the names they speak of, "-red" for one removed, in order; of one told in changes, each
  // link and route of it: "red:+eth0", "red:-5" by index, "red:+default", "red:-default".
  std::vector<std::string> Apply(const std::vector<v1::InventoryUpdate>& updates) {
    std::vector<std::string> mentioned;
    for (const v1::InventoryUpdate& update : updates) {
      if (update.full_begin()) mirror_.clear();
      for (const v1::Namespace& netns : update.namespaces()) {
        const auto name = ParseNamespace(netns.name());
        EXPECT_TRUE(name.ok() && name->host == "h1") << netns.name();
        mentioned.push_back(name->id);
        mirror_[name->id] = netns;
      }
      for (const std::string& name : update.removed()) {
        mentioned.push_back("-" + name);
        mirror_.erase(name);
      }
      for (const v1::NamespaceChange& change : update.changes()) ApplyChange(change, &mentioned);
      EXPECT_LE(update.ByteSizeLong(), size_t{1100000});
    }
    return mentioned;
  }
  std::vector<std::string> Pass(bool whole = false) {
    std::vector<std::string> mentioned;
    inventory_->BeginPass(whole);
    while (true) {
      const Inventory::Slice slice = inventory_->Continue([] { return false; });
      for (std::string& name : Apply(slice.updates)) mentioned.push_back(std::move(name));
      if (slice.done) return mentioned;
    }
  }
  std::vector<std::string> Refresh(const std::set<std::string>& names) { return Apply(inventory_->Refresh(names)); }

  void ApplyChange(const v1::NamespaceChange& change, std::vector<std::string>* mentioned) {
    const auto name = ParseNamespace(change.namespace_().name());
    ASSERT_TRUE(name.ok() && mirror_.contains(name->id)) << change.namespace_().name();
    v1::Namespace& netns = mirror_[name->id];
    v1::Namespace now = change.namespace_();
    EXPECT_EQ(now.links_size() + now.routes_size(), 0);
    now.mutable_links()->Swap(netns.mutable_links());
    now.mutable_routes()->Swap(netns.mutable_routes());
    netns = std::move(now);
    const auto erase_link = [&](int ifindex) {
      auto& links = *netns.mutable_links();
      const auto found =
          std::find_if(links.begin(), links.end(), [&](const v1::Link& link) { return link.ifindex() == ifindex; });
      if (found == links.end()) return false;
      links.erase(found);
      return true;
    };
    for (const int ifindex : change.removed_links()) {
      mentioned->push_back(name->id + ":-" + std::to_string(ifindex));
      EXPECT_TRUE(erase_link(ifindex)) << "of no link that was told: " << ifindex;
    }
    for (const v1::Link& link : change.links()) {
      mentioned->push_back(name->id + ":+" + link.name());
      erase_link(link.ifindex());
      *netns.add_links() = link;
    }
    for (const v1::Route& route : change.removed_routes()) {
      mentioned->push_back(name->id + ":-" + route.destination());
      auto& routes = *netns.mutable_routes();
      const auto found = std::find_if(routes.begin(), routes.end(), [&](const v1::Route& one) {
        return one.SerializeAsString() == route.SerializeAsString();
      });
      ASSERT_NE(found, routes.end()) << "of no route that was told: " << route.ShortDebugString();
      routes.erase(found);
    }
    for (const v1::Route& route : change.routes()) {
      mentioned->push_back(name->id + ":+" + route.destination());
      *netns.add_routes() = route;
    }
  }

  const v1::Namespace& Netns(const std::string& name) {
    const auto found = mirror_.find(name);
    if (found == mirror_.end()) throw std::runtime_error("not in the inventory: " + name);
    return found->second;
  }
  const v1::Link& LinkOf(const std::string& netns, const std::string& name) {
    for (const v1::Link& link : Netns(netns).links()) {
      if (link.name() == name) return link;
    }
    throw std::runtime_error("not in the inventory: " + netns + ":" + name);
  }
  const v1::Route& RouteTo(const std::string& netns, const std::string& destination) {
    for (const v1::Route& route : Netns(netns).routes()) {
      if (route.destination() == destination) return route;
    }
    throw std::runtime_error("not in the inventory: " + netns + ": a route to " + destination);
  }
  const std::map<std::string, v1::Namespace>& mirror() const { return mirror_; }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& [name, netns] : mirror_) names.insert(name);
    return names;
  }

  std::set<uint64_t> owned_;
  std::set<std::string> names_of_others_;
  std::set<std::pair<uint64_t, int>> owned_links_;

 private:
  const int descriptors_;
  std::unique_ptr<KernelInventory> inventory_;
  std::map<std::string, v1::Namespace> mirror_;
};

}  // namespace warren::inventory

#endif  // WARREN_TESTS_AGENT_INVENTORY_INVENTORY_TEST_H_
