#include "tests/support/netns_dump.h"

#include <arpa/inet.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
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

namespace warren {
namespace {

namespace fs = std::filesystem;
using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;
using Clock = std::chrono::steady_clock;

constexpr char kHost[] = "@host";

// What `ip` says of one namespace.
struct Told {
  ListValue links, addresses, routes, nsids;
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

ListValue ParseList(const std::string& json) {
  ListValue list;
  if (json.empty()) return list;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &list);
  EXPECT_TRUE(status.ok()) << status.ToString() << " in " << json;
  return list;
}

Told Ask(const std::string& netns_dir, const std::string& name) {
  std::string command = "printf 'link show\\naddress show\\nroute show table all\\nnetns list-id\\n' | ";
  if (name != kHost) command += "nsenter --net='" + netns_dir + "/" + name + "' ";
  std::istringstream answers(Output(command + "ip -j -d -batch - 2>/dev/null"));
  std::vector<std::string> lines;
  // Each answer is one array; an empty one may be left out with its line.
  for (std::string line; std::getline(answers, line);) lines.push_back(line);
  lines.resize(4);
  return {ParseList(lines[0]), ParseList(lines[1]), ParseList(lines[2]), ParseList(lines[3])};
}

std::string Text(const Value& value) {
  switch (value.kind_case()) {
    case Value::kStringValue:
      return value.string_value();
    case Value::kNumberValue: {
      char text[32];
      snprintf(text, sizeof text, "%.17g", value.number_value());
      return text;
    }
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kListValue: {
      std::string text = "[";
      for (const Value& item : value.list_value().values()) text += (text.size() > 1 ? "," : "") + Text(item);
      return text + "]";
    }
    case Value::kStructValue: {
      const std::map<std::string, Value> sorted(value.struct_value().fields().begin(),
                                                value.struct_value().fields().end());
      std::string text = "{";
      for (const auto& [key, item] : sorted) text += (text.size() > 1 ? " " : "") + key + "=" + Text(item);
      return text + "}";
    }
    default:
      return "null";
  }
}

std::string Field(const Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? "" : Text(found->second);
}

bool HasFlag(const Struct& object, const std::string& flag) {
  const auto found = object.fields().find("flags");
  if (found == object.fields().end()) return false;
  const auto& flags = found->second.list_value().values();
  return std::any_of(flags.begin(), flags.end(), [&](const Value& v) { return v.string_value() == flag; });
}

void DropFlags(Struct& object, const std::set<std::string>& dropped) {
  const auto found = object.mutable_fields()->find("flags");
  if (found == object.mutable_fields()->end()) return;
  ListValue kept;
  for (const Value& flag : found->second.list_value().values()) {
    if (!dropped.contains(flag.string_value())) *kept.add_values() = flag;
  }
  *found->second.mutable_list_value() = kept;
}

void Drop(Struct& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) object.mutable_fields()->erase(key);
}

Struct* Inner(Struct& object, const std::string& key) {
  const auto found = object.mutable_fields()->find(key);
  return found == object.mutable_fields()->end() ? nullptr : found->second.mutable_struct_value();
}

std::string Line(const Struct& object) {
  Value value;
  *value.mutable_struct_value() = object;
  const std::string text = Text(value);
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
      for (const Value& link : told.links.values())
        lines.push_back(name + " link " + LinkLine(name, link.struct_value()));
      std::set<std::string> carrierless;
      for (const Value& link : told.addresses.values()) {
        if (!HasFlag(link.struct_value(), "LOWER_UP")) carrierless.insert(Field(link.struct_value(), "ifname"));
        AddressLines(name, link.struct_value(), lines);
      }
      for (const Value& route : told.routes.values()) {
        const Struct& fields = route.struct_value();
        if (Field(fields, "dst") == "fe80::/64" && carrierless.contains(Field(fields, "dev"))) continue;
        if (auto line = RouteLine(fields); !line.empty()) routes.push_back(name + " route " + line);
      }
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
      std::map<std::string, const Struct*> addresses;
      for (const Value& link : told.addresses.values()) {
        addresses[Field(link.struct_value(), "ifname")] = &link.struct_value();
      }
      for (const Value& value : told.links.values()) {
        const Struct& link = value.struct_value();
        if (HasFlag(link, "LOOPBACK") || !HasFlag(link, "UP")) continue;
        if (!HasFlag(link, "LOWER_UP")) {
          if (ShouldHaveCarrier(name, link)) return false;
          continue;
        }
        if (link.fields().at("mtu").number_value() < 1280 || Field(link, "inet6_addr_gen_mode") != "eui64") continue;
        const auto found = addresses.find(Field(link, "ifname"));
        // A port of a bridge gets none when it is set up (addrconf.c, addrconf_notify).
        if (!link.fields().contains("master") && found != addresses.end() && !HasLinkLocal(*found->second))
          return false;
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

  const Struct* Find(const std::string& name, const std::string& ifindex) const {
    const auto found = told_.find(name);
    if (found == told_.end()) return nullptr;
    for (const Value& link : found->second.links.values()) {
      if (Field(link.struct_value(), "ifindex") == ifindex) return &link.struct_value();
    }
    return nullptr;
  }

  // The namespace that `name` calls `nsid`.
  std::string NamespaceOf(const std::string& name, const std::string& nsid) const {
    for (const Value& value : told_.at(name).nsids.values()) {
      const Struct& entry = value.struct_value();
      if (Field(entry, "nsid") == nsid && entry.fields().contains("name")) return Field(entry, "name");
    }
    return kHost;  // it has no name: checked by OtherEnd
  }

  // A veth's other end; null when it is in a namespace that cannot be seen.
  const Struct* OtherEnd(const std::string& name, const Struct& link, std::string* where) const {
    if (!link.fields().contains("link_index") && !link.fields().contains("link")) return nullptr;
    *where = link.fields().contains("link_netnsid") ? NamespaceOf(name, Field(link, "link_netnsid")) : name;
    if (link.fields().contains("link")) {
      for (const Value& other : told_.at(name).links.values()) {
        if (Field(other.struct_value(), "ifname") == Field(link, "link")) return &other.struct_value();
      }
      return nullptr;
    }
    const Struct* other = Find(*where, Field(link, "link_index"));
    if (other != nullptr && Field(*other, "link_index") != Field(link, "ifindex")) return nullptr;
    return other;
  }

  std::string LinkLine(const std::string& name, const Struct& link) const {
    Struct shown = link;
    Drop(shown, {"ifindex", "ifname", "link_index", "link", "link_netnsid", "operstate", "linkmode", "tso_max_size",
                 "tso_max_segs"});
    DropFlags(shown, {"LOWER_UP", "NO-CARRIER", "M-DOWN"});
    // A link that was up once keeps the discipline it was given then.
    if (Field(shown, "qdisc") == "noop") (*shown.mutable_fields())["qdisc"].set_string_value("noqueue");
    if (Struct* info = Inner(shown, "linkinfo")) {
      if (Struct* data = Inner(*info, "info_data")) {
        Drop(*data, {"hello_timer", "tcn_timer", "topology_change_timer", "gc_timer", "root_id", "root_port",
                     "root_path_cost", "topology_change", "topology_change_detected"});
      }
      if (Struct* data = Inner(*info, "info_slave_data")) {
        Drop(*data, {"state", "id", "no", "designated_port", "designated_cost", "bridge_id", "root_id", "hold_timer",
                     "message_age_timer", "forward_delay_timer", "topology_change_ack", "config_pending"});
      }
    }
    std::string where;
    std::string line = Field(link, "ifname");
    if (link.fields().contains("link_index") || link.fields().contains("link")) {
      const Struct* other = OtherEnd(name, link, &where);
      line += " peer=" + (other != nullptr ? where + ":" + Field(*other, "ifname") : "?");
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

  static void AddressLines(const std::string& name, const Struct& link, std::vector<std::string>& lines) {
    const auto info = link.fields().find("addr_info");
    if (info == link.fields().end()) return;
    std::map<std::string, int> order;
    for (const Value& value : info->second.list_value().values()) {
      Struct shown = value.struct_value();
      if (!HasFlag(link, "LOWER_UP") && Field(shown, "local") == LinkLocalOf(Field(link, "address"))) continue;
      Drop(shown, {"valid_life_time", "preferred_life_time", "tentative", "dadfailed", "optimistic"});
      const std::string family = Field(shown, "family");
      lines.push_back(name + " address " + Field(link, "ifname") + " " + family + " " +
                      std::to_string(order[family]++) + " " + Line(shown));
    }
  }

  static std::string RouteLine(const Struct& route) {
    if (Field(route, "table") == "local" || Field(route, "type") == "local") return "";
    Struct shown = route;
    Drop(shown, {"expires", "used", "users", "age", "ts", "tsage"});
    DropFlags(shown, {"linkdown", "dead"});
    const auto hops = shown.mutable_fields()->find("nexthops");
    if (hops != shown.mutable_fields()->end()) {
      for (Value& hop : *hops->second.mutable_list_value()->mutable_values()) {
        DropFlags(*hop.mutable_struct_value(), {"linkdown", "dead"});
      }
    }
    return Field(route, "dst") + " " + Line(shown);
  }

  bool ShouldHaveCarrier(const std::string& name, const Struct& link) const {
    std::string where;
    const Struct* other = OtherEnd(name, link, &where);
    return other != nullptr && HasFlag(*other, "UP");
  }

  static bool HasLinkLocal(const Struct& link) {
    const auto info = link.fields().find("addr_info");
    if (info == link.fields().end()) return false;
    const auto& values = info->second.list_value().values();
    return std::any_of(values.begin(), values.end(),
                       [](const Value& value) { return Field(value.struct_value(), "local").rfind("fe80:", 0) == 0; });
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
  for (const auto deadline = Deadline(std::chrono::seconds(3)); Clock::now() < deadline; Pause()) {
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
  for (const auto deadline = Deadline(std::chrono::seconds(5));; Pause()) {
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
