#include "tests/support/netns_dump.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "tests/support/json.h"

namespace warren {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr char kHost[] = "@host";

// What `ip` says of one namespace.
struct Told {
  std::vector<Json> links, addresses, routes, nsids, nexthops, neighbours, proxies;
  std::vector<Json> qdiscs, bridge_entries;
  std::vector<std::string> classes_and_filters, settings;
};

std::string Output(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "re");
  if (pipe == nullptr) return output;
  char buffer[8192];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, got);
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status)) << command;
  return output;
}

std::vector<Json> ParseList(const std::string& json) {
  return json.empty() ? std::vector<Json>() : ParseJson(json).list;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// What all those who tell of one namespace say, in one run inside.
constexpr char kScript[] = R"(
printf 'link show\naddress show\nroute show table all\nnetns list-id\n' | ip -j -d -batch - 2>/dev/null; echo
printf 'nexthop show\nneighbour show nud all\nneighbour show proxy\n' | ip -j -d -batch - 2>/dev/null; echo
tc -j -d qdisc show 2>/dev/null; echo
bridge -j -d fdb show 2>/dev/null; echo
cd /proc/sys/net && grep -rs "" ipv4/conf ipv6/conf ipv4/neigh ipv6/neigh
)";

std::string Inside(const std::string& netns_dir, const std::string& name, const std::string& script) {
  const std::string enter = name == kHost ? "" : "nsenter --net='" + netns_dir + "/" + name + "' ";
  return Output(enter + "sh -c '" + [&] {
    std::string quoted;
    for (const char c : script) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted;
  }() + "'");
}

Told Ask(const std::string& netns_dir, const std::string& name) {
  std::vector<std::string> lines, settings;
  for (const std::string& line : Lines(Inside(netns_dir, name, kScript))) {
    if (line.empty()) continue;
    // Each answer is one array.
    (line[0] == '[' ? lines : settings).push_back(line);
  }
  EXPECT_TRUE(lines.size() == 9 || lines.empty()) << "of " << name;  // empty: it is gone
  lines.resize(9);
  Told told{ParseList(lines[0]), ParseList(lines[1]), ParseList(lines[2]), ParseList(lines[3]), ParseList(lines[4]),
            ParseList(lines[5]), ParseList(lines[6]), ParseList(lines[7]), ParseList(lines[8]), {},
            std::move(settings)};
  std::set<std::string> shaped;
  for (const Json& qdisc : told.qdiscs) {
    if (qdisc.Field("handle") != "0:") shaped.insert(qdisc.Field("dev"));
  }
  for (const std::string& link : shaped) {
    std::string script = "tc -d class show dev " + link + "; tc -d filter show dev " + link;
    script += "; tc -d filter show dev " + link + " ingress; tc -d filter show dev " + link + " egress";
    for (const std::string& line : Lines(Inside(netns_dir, name, "(" + script + ") 2>/dev/null"))) {
      told.classes_and_filters.push_back(link + " " + line);
    }
  }
  return told;
}

bool HasFlag(const Json& object, const std::string& flag) {
  const auto found = object.fields.find("flags");
  if (found == object.fields.end()) return false;
  const auto& flags = found->second.list;
  return std::any_of(flags.begin(), flags.end(), [&](const Json& one) { return one.text == flag; });
}

void DropFlags(Json& object, const std::set<std::string>& dropped) {
  std::erase_if(object.fields["flags"].list, [&](const Json& flag) { return dropped.contains(flag.text); });
}

void Drop(Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) object.fields.erase(key);
}

Json* Inner(Json& object, const std::string& key) {
  const auto found = object.fields.find(key);
  return found == object.fields.end() ? nullptr : &found->second;
}

std::string Line(const Json& object) {
  const std::string text = object.ToString();
  return text.substr(1, text.size() - 2);
}

class Dumper {
 public:
  explicit Dumper(const DumpOptions& options) : options_(options) {
    Names();
    for (const std::string& name : namespaces_) told_[name] = Ask(options.netns_dir, name);
  }

  HostDump Dump() const {
    HostDump lines = other_;
    for (const auto& [name, told] : told_) {
      std::vector<std::string> routes;
      for (const Json& link : told.links) lines.push_back(name + " link " + LinkLine(name, link));
      std::set<std::string> carrierless;
      for (const Json& link : told.addresses) {
        if (!HasFlag(link, "LOWER_UP")) carrierless.insert(link.Field("ifname"));
        AddressLines(name, link, lines);
      }
      for (const Json& route : told.routes) {
        if (route.Field("dst") == "fe80::/64" && carrierless.contains(route.Field("dev"))) continue;
        if (auto line = RouteLine(route); !line.empty()) routes.push_back(name + " route " + line);
      }
      FacilityLines(name, told, lines);
      std::sort(routes.begin(), routes.end());
      lines.insert(lines.end(), routes.begin(), routes.end());
    }
    std::stable_sort(lines.begin(), lines.end(), [](const std::string& a, const std::string& b) {
      return a.substr(0, a.find(' ')) < b.substr(0, b.find(' '));
    });
    return lines;
  }

  // Nothing is on its way: carriers are where they could be, and link-local addresses with them.
  bool Settled() const {
    for (const auto& [name, told] : told_) {
      std::map<std::string, const Json*> addresses;
      for (const Json& link : told.addresses) {
        addresses[link.Field("ifname")] = &link;
      }
      for (const Json& link : told.links) {
        if (HasFlag(link, "LOOPBACK") || !HasFlag(link, "UP")) continue;
        if (!HasFlag(link, "LOWER_UP")) {
          if (ShouldHaveCarrier(name, link)) return false;
          continue;
        }
        if (std::stoi(link.Field("mtu")) < 1280 || link.Field("inet6_addr_gen_mode") != "eui64") continue;
        const auto found = addresses.find(link.Field("ifname"));
        // A port of a bridge gets none when it is set up (addrconf.c, addrconf_notify).
        if (!link.Has("master") && found != addresses.end() && !HasLinkLocal(*found->second)) return false;
      }
    }
    return true;
  }

 private:
  void Names() {
    namespaces_.insert(kHost);
    std::error_code ignored;
    for (fs::directory_iterator entry(options_.netns_dir, ignored), end; entry != end; entry.increment(ignored)) {
      const std::string name = entry->path().filename();
      struct stat st;
      const bool there = lstat(entry->path().c_str(), &st) == 0;
      const bool named = there && S_ISREG(st.st_mode) && IsMounted(entry->path());
      other_.push_back("names " + name + (named ? "" : " (not mounted)"));
      if (named) namespaces_.insert(name);
    }
    std::sort(other_.begin(), other_.end());
    std::vector<std::string> mounts;
    for (const auto& [root, place] : Mounts()) {
      const bool below = !options_.run_dir.empty() && place.rfind(options_.run_dir, 0) == 0;
      if (root.rfind("net:[", 0) == 0 || below) {
        mounts.push_back("mounts " + place + (options_.identity ? " " + root : ""));
      }
    }
    std::sort(mounts.begin(), mounts.end());
    other_.insert(other_.end(), mounts.begin(), mounts.end());
    std::vector<std::string> files;
    if (!options_.run_dir.empty()) {
      for (fs::recursive_directory_iterator entry(options_.run_dir, ignored), end; entry != end;
           entry.increment(ignored)) {
        if (!entry->is_directory(ignored)) files.push_back("files " + entry->path().string());
      }
    }
    std::sort(files.begin(), files.end());
    other_.insert(other_.end(), files.begin(), files.end());
  }

  // Root and mount point, fields 4 and 5 of mountinfo (proc(5)).
  static std::vector<std::pair<std::string, std::string>> Mounts() {
    std::vector<std::pair<std::string, std::string>> mounts;
    std::ifstream file("/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string id, parent, device, root, place;
      fields >> id >> parent >> device >> root >> place;
      mounts.emplace_back(root, place);
    }
    return mounts;
  }
  static bool IsMounted(const std::string& path) {
    const auto mounts = Mounts();
    return std::any_of(mounts.begin(), mounts.end(),
                       [&](const auto& mount) { return mount.second == path && mount.first.rfind("net:[", 0) == 0; });
  }

  const Json* Find(const std::string& name, const std::string& ifindex) const {
    const auto found = told_.find(name);
    if (found == told_.end()) return nullptr;
    for (const Json& link : found->second.links) {
      if (link.Field("ifindex") == ifindex) return &link;
    }
    return nullptr;
  }

  // The namespace that `name` calls `nsid`.
  std::string NamespaceOf(const std::string& name, const std::string& nsid) const {
    for (const Json& value : told_.at(name).nsids) {
      const Json& entry = value;
      if (entry.Field("nsid") == nsid && entry.Has("name")) return entry.Field("name");
    }
    return kHost;  // it has no name: checked by OtherEnd
  }

  // A veth's other end; null when it is in a namespace that cannot be seen.
  const Json* OtherEnd(const std::string& name, const Json& link, std::string* where) const {
    if (!link.Has("link_index") && !link.Has("link")) return nullptr;
    *where = link.Has("link_netnsid") ? NamespaceOf(name, link.Field("link_netnsid")) : name;
    if (link.Has("link")) {
      for (const Json& other : told_.at(name).links) {
        if (other.Field("ifname") == link.Field("link")) return &other;
      }
      return nullptr;
    }
    const Json* other = Find(*where, link.Field("link_index"));
    if (other != nullptr && other->Field("link_index") != link.Field("ifindex")) return nullptr;
    return other;
  }

  std::string LinkLine(const std::string& name, const Json& link) const {
    Json shown = link;
    Drop(shown, {"ifindex", "ifname", "link_index", "link", "link_netnsid", "operstate", "linkmode", "tso_max_size",
                 "tso_max_segs"});
    DropFlags(shown, {"LOWER_UP", "NO-CARRIER", "M-DOWN"});
    // A link that was up once keeps the discipline it was given then.
    if (shown.Field("qdisc") == "noop") shown.fields["qdisc"].text = "noqueue";
    if (Json* info = Inner(shown, "linkinfo")) {
      if (Json* data = Inner(*info, "info_data")) {
        Drop(*data, {"hello_timer", "tcn_timer", "topology_change_timer", "gc_timer", "root_id", "root_port",
                     "root_path_cost", "topology_change", "topology_change_detected"});
      }
      if (Json* data = Inner(*info, "info_slave_data")) {
        Drop(*data, {"state", "id", "no", "designated_port", "designated_cost", "bridge_id", "root_id", "hold_timer",
                     "message_age_timer", "forward_delay_timer", "topology_change_ack", "config_pending"});
      }
    }
    std::string where;
    std::string line = link.Field("ifname");
    if (link.Has("link_index") || link.Has("link")) {
      const Json* other = OtherEnd(name, link, &where);
      line += " peer=" + (other != nullptr ? where + ":" + other->Field("ifname") : "?");
    }
    return line + " " + Line(shown);
  }

  // The address the kernel makes of a MAC (RFC 4291, appendix A).
  static std::string LinkLocalOf(const std::string& mac) {
    unsigned b[6];
    if (sscanf(mac.c_str(), "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6) return "";
    char text[64];
    snprintf(text, sizeof text, "fe80::%02x%02x:%02xff:fe%02x:%02x%02x", b[0] ^ 2, b[1], b[2], b[3], b[4], b[5]);
    in6_addr address;
    if (inet_pton(AF_INET6, text, &address) != 1) return "";
    return inet_ntop(AF_INET6, &address, text, sizeof text);
  }

  static void AddressLines(const std::string& name, const Json& link, std::vector<std::string>& lines) {
    const auto info = link.fields.find("addr_info");
    if (info == link.fields.end()) return;
    std::map<std::string, int> order;
    for (const Json& value : info->second.list) {
      Json shown = value;
      if (!HasFlag(link, "LOWER_UP") && shown.Field("local") == LinkLocalOf(link.Field("address"))) continue;
      Drop(shown, {"valid_life_time", "preferred_life_time", "tentative", "dadfailed", "optimistic"});
      const std::string family = shown.Field("family");
      lines.push_back(name + " address " + link.Field("ifname") + " " + family + " " + std::to_string(order[family]++) +
                      " " + Line(shown));
    }
  }

  static std::string StateOf(const Json& neighbour) {
    const auto state = neighbour.fields.find("state");
    return state == neighbour.fields.end() || state->second.list.empty() ? "" : state->second.list.front().text;
  }

  // Set by somebody, rather than learned, or made of a group address by the kernel.
  static bool IsStatic(const Json& neighbour) {
    if (neighbour.Has("extern_learn") || neighbour.Has("managed")) return true;
    const std::string text = StateOf(neighbour), destination = neighbour.Field("dst");
    const bool group = destination.rfind("ff", 0) == 0 || destination.rfind("22", 0) == 0 ||
                       neighbour.Field("lladdr") == "ff:ff:ff:ff:ff:ff";
    return text == "PERMANENT" || (text == "NOARP" && !group && neighbour.Field("dev") != "lo");
  }

  static void FacilityLines(const std::string& name, const Told& told, std::vector<std::string>& lines) {
    std::vector<std::string> found;
    for (Json shown : told.nexthops) {
      DropFlags(shown, {"linkdown", "dead"});
      found.push_back("nexthop " + Line(shown));
    }
    for (Json shown : told.neighbours) {
      if (!IsStatic(shown)) continue;
      // One that the kernel resolves or ages changes by itself.
      if (shown.Has("managed") || StateOf(shown) != "PERMANENT") Drop(shown, {"state"});
      if (shown.Has("managed")) Drop(shown, {"lladdr"});
      found.push_back("neighbour " + Line(shown));
    }
    for (const Json& shown : told.proxies) found.push_back("proxy " + Line(shown));
    for (Json shown : told.qdiscs) {
      if (shown.Field("handle") == "0:") continue;
      Drop(shown, {"refcnt"});
      if (Json* options = Inner(shown, "options")) Drop(*options, {"direct_packets_stat"});
      found.push_back("qdisc " + Line(shown));
    }
    for (const Json& shown : told.bridge_entries) {
      const std::string state = shown.Field("state");
      if (shown.Has("master") && (state == "static" || state == "permanent")) found.push_back("fdb " + Line(shown));
    }
    for (const std::string& line : told.classes_and_filters) found.push_back("tc " + line);
    for (const std::string& line : told.settings) found.push_back("setting " + line);
    std::sort(found.begin(), found.end());
    for (const std::string& line : found) lines.push_back(name + " " + line);
  }

  static std::string RouteLine(const Json& route) {
    // The kernel's own, which come and go with the addresses.
    if (route.Field("table") == "local" && route.Field("protocol") == "kernel") return "";
    Json shown = route;
    Drop(shown, {"used", "users", "age", "ts", "tsage"});
    // That it does, not when.
    if (shown.Has("expires")) shown.fields["expires"].text = "some time";
    DropFlags(shown, {"linkdown", "dead"});
    if (Json* hops = Inner(shown, "nexthops")) {
      for (Json& hop : hops->list) DropFlags(hop, {"linkdown", "dead"});
    }
    return route.Field("dst") + " " + Line(shown);
  }

  bool ShouldHaveCarrier(const std::string& name, const Json& link) const {
    std::string where;
    const Json* other = OtherEnd(name, link, &where);
    return other != nullptr && HasFlag(*other, "UP");
  }

  static bool HasLinkLocal(const Json& link) {
    const auto info = link.fields.find("addr_info");
    if (info == link.fields.end()) return false;
    const auto& values = info->second.list;
    return std::any_of(values.begin(), values.end(),
                       [](const Json& value) { return value.Field("local").rfind("fe80:", 0) == 0; });
  }

  const DumpOptions& options_;
  std::set<std::string> namespaces_;
  std::map<std::string, Told> told_;
  HostDump other_;
};

Clock::time_point Deadline(std::chrono::seconds after) {
  const char* slowness = getenv("WARREN_TEST_SLOWNESS");
  const int factor = slowness != nullptr ? std::max(1, atoi(slowness)) : 1;
  return Clock::now() + after * factor;
}

void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

}  // namespace

HostDump DumpHost(const DumpOptions& options) { return Dumper(options).Dump(); }

HostDump DumpSettledHost(const DumpOptions& options) {
  HostDump last;
  for (const auto deadline = Deadline(std::chrono::seconds(8)); Clock::now() < deadline; Pause()) {
    const Dumper dumper(options);
    HostDump now = dumper.Dump();
    if (dumper.Settled() && now == last) return now;
    last = std::move(now);
  }
  return last;
}

std::string Difference(const HostDump& before, const HostDump& after) {
  std::multiset<std::string> gone(before.begin(), before.end()), came(after.begin(), after.end());
  std::string text;
  for (const std::string& line : before) {
    if (const auto found = came.find(line); found != came.end()) {
      came.erase(found);
    } else {
      text += "- " + line + "\n";
    }
  }
  for (const std::string& line : after) {
    if (const auto found = gone.find(line); found != gone.end()) {
      gone.erase(found);
    } else {
      text += "+ " + line + "\n";
    }
  }
  return text;
}

std::string DifferenceInTheEnd(const HostDump& expected, const DumpOptions& options) {
  std::string difference;
  for (const auto deadline = Deadline(std::chrono::seconds(20));; Pause()) {
    difference = Difference(expected, DumpHost(options));
    if (difference.empty() || Clock::now() > deadline) return difference;
  }
}

bool Eventually(const std::function<bool()>& holds) {
  for (const auto deadline = Deadline(std::chrono::seconds(20)); Clock::now() < deadline; Pause()) {
    if (holds()) return true;
  }
  return holds();
}

}  // namespace warren
