#ifndef WARREN_AGENT_INVENTORY_TOPOLOGY_H_
#define WARREN_AGENT_INVENTORY_TOPOLOGY_H_

// What is remembered of every namespace between two looks at it: which one has which name, and the ends of its links,
// so that the other end of a veth can be named and those that show a name are looked at again when it changes. Knows no
// kernel. One thread. Cost: some 100 bytes a link.
//
// A namespace goes by its shown name ("@host" for the host's own) and by its cookie; one may have several names.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace warren::inventory {

// One link of a namespace.
struct End {
  int ifindex = 0;
  std::string name;         // shown
  std::string mac;          // raw bytes
  int peer = 0;             // index of the other end; 0: there is none
  uint64_t peer_netns = 0;  // cookie of its namespace, when it is another one and known; 0 otherwise
};

class Topology {
 public:
  // Links that have to be looked at again, by the names of their namespaces: they show an end that has come, gone or
  // changed its name, or the name of its namespace; or have been seen to have their other end elsewhere than here,
  // since nothing happens at the one end when the other moves.
  using Concerned = std::map<std::string, std::set<int>>;

  // A namespace as it is now.
  Concerned Put(const std::string& name, uint64_t cookie, std::vector<End> ends);
  // Some of the links of one that is known: those that are new or have changed, and those that are gone.
  Concerned Update(const std::string& name, std::vector<End> ends, const std::vector<int>& gone);
  // The name is gone.
  Concerned Remove(const std::string& name);

  bool Knows(const std::string& name) const { return netns_.contains(name); }
  // "@host" before others, then the first in order; "" when nothing that has this cookie is known.
  std::string NameOf(uint64_t cookie) const;
  // All of them.
  std::set<std::string> NamesOf(uint64_t cookie) const;
  // 0: unknown.
  uint64_t CookieOf(const std::string& name) const;
  // Null: unknown.
  const End* Find(uint64_t cookie, int ifindex) const;
  // Cookies of the namespaces with such an end.
  std::set<uint64_t> Having(int ifindex, int peer, const std::string& mac) const;

  std::vector<std::string> Names() const;
  size_t size() const { return netns_.size(); }

 private:
  struct Known {
    uint64_t cookie = 0;
    std::map<int, End> ends;
  };
  void Index(uint64_t cookie, const End& end);
  void Unindex(uint64_t cookie, const End& end);
  // Whether the other end was seen to have this one, of that namespace, as its other end.
  bool PointsBack(uint64_t cookie, const End& end) const;
  // Whoever shows this end of the namespace with this name, but that name itself.
  void AddOtherEnd(const End& end, const std::string& name, Concerned* out) const;

  std::map<std::string, Known> netns_;
  absl::flat_hash_map<uint64_t, std::set<std::string>> names_;  // by cookie
  absl::flat_hash_map<std::string, std::vector<uint64_t>> by_mac_;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_TOPOLOGY_H_
