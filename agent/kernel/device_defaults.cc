#include "agent/kernel/device_defaults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "agent/kernel/error.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {
namespace {

// Of a directory, all but these. A secret is nobody else's; what the garbage collector goes by belongs to the table;
// the rest shows another setting in another unit, or makes the kernel wait for its lock to be read.
constexpr std::string_view kNotTaken[] = {"stable_secret", "gc_interval",         "gc_thresh1",   "gc_thresh2",
                                          "gc_thresh3",    "base_reachable_time", "retrans_time", "unres_qlen"};

// net.core.devconf_inherit_init_net, whose namespace's settings a new one takes over
// (Documentation/admin-guide/sysctl).
enum class Inherit : char { kIpv4 = '0', kBoth = '1', kNothing = '2', kBothFromMaker = '3', kUnknown = '?' };

bool TakesIpv4(Inherit inherit) { return inherit != Inherit::kNothing; }
bool TakesIpv6(Inherit inherit) {
  return inherit == Inherit::kBoth || inherit == Inherit::kBothFromMaker || inherit == Inherit::kUnknown;
}
bool Always(Inherit) { return true; }

}  // namespace

// Settings that are there together or not at all.
class DeviceDefaults::Group {
 public:
  // Without names: every setting in the directory.
  Group(std::string directory, bool (*applies)(Inherit), std::vector<std::string> names = {})
      : directory_(std::move(directory)), applies_(applies), names_(std::move(names)) {}

  bool Applies(Inherit inherit) const { return applies_(inherit); }

  void Tell(std::string& told) {
    if (files_.empty()) Open();
    told += directory_;
    bool gone = false;
    for (const auto& [name, file] : files_) {
      char value[256];
      const ssize_t got = pread(file.get(), value, sizeof value, 0);
      told += name;
      told += '=';
      if (got >= 0) {
        told.append(value, static_cast<size_t>(got));
      } else {
        // A module that was unloaded; if it comes back, the files are others.
        gone = true;
        told += ErrnoName(errno);
      }
    }
    if (gone) files_.clear();
  }

 private:
  void Open() {
    const UniqueFd directory(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return;
    for (const std::string& name : names_.empty() ? List() : names_) {
      UniqueFd file(openat(directory.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
      if (file.valid()) files_.emplace_back(name, std::move(file));
    }
  }
  std::vector<std::string> List() const {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(directory_.c_str()), closedir);
    if (directory == nullptr) return names;
    while (const dirent* entry = readdir(directory.get())) {
      if (entry->d_name[0] == '.' || std::count(std::begin(kNotTaken), std::end(kNotTaken), entry->d_name) > 0)
        continue;
      names.emplace_back(entry->d_name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string directory_;
  bool (*applies_)(Inherit);
  std::vector<std::string> names_;
  std::vector<std::pair<std::string, UniqueFd>> files_;
};

DeviceDefaults::DeviceDefaults(const Places& places) {
  const std::string net = places.sysctl + "/net/";
  // First: it says which of the others count.
  groups_.emplace_back(net + "core", Always, std::vector<std::string>{"devconf_inherit_init_net"});
  groups_.emplace_back(net + "core", Always, std::vector<std::string>{"fb_tunnels_only_for_init_net"});
  groups_.emplace_back(net + "ipv4", Always,
                       std::vector<std::string>{"tcp_congestion_control", "tcp_rmem", "tcp_wmem",
                                                "tcp_child_ehash_entries", "udp_child_hash_entries"});
  groups_.emplace_back(net + "ipv4/neigh/default", Always);
  groups_.emplace_back(net + "ipv6/neigh/default", Always);
  groups_.emplace_back(places.modules + "/nf_conntrack/parameters", Always, std::vector<std::string>{"acct", "tstamp"});
  for (const char* which : {"all", "default"}) {
    groups_.emplace_back(net + "ipv4/conf/" + which, TakesIpv4);
    groups_.emplace_back(net + "ipv6/conf/" + which, TakesIpv6);
  }
}
DeviceDefaults::DeviceDefaults(DeviceDefaults&&) noexcept = default;
DeviceDefaults& DeviceDefaults::operator=(DeviceDefaults&&) noexcept = default;
DeviceDefaults::~DeviceDefaults() = default;

absl::StatusOr<DeviceDefaults> DeviceDefaults::Open(const Places& places) {
  const std::string conf = places.sysctl + "/net/ipv4/conf/default";
  if (access(conf.c_str(), F_OK) != 0) return ErrnoError(errno, "reading the settings of the host's network, " + conf);
  DeviceDefaults defaults(places);
  const std::string inherit = places.sysctl + "/net/core/devconf_inherit_init_net";
  defaults.complete_ = access(inherit.c_str(), F_OK) == 0;
  return defaults;
}

std::string DeviceDefaults::Tell() {
  std::string told;
  groups_.front().Tell(told);
  const size_t value = told.find('=');
  const auto inherit = value == std::string::npos ? Inherit::kUnknown : static_cast<Inherit>(told[value + 1]);
  for (size_t i = 1; i < groups_.size(); ++i) {
    if (groups_[i].Applies(inherit)) groups_[i].Tell(told);
  }
  return told;
}

}  // namespace warren::kernel
