#include "agent/kernel/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {
namespace {

constexpr char kRoot[] = "/proc/sys/net/";
constexpr std::string_view kIpv6Mtu = "ipv6/conf/mtu";

// Seconds of what is there in milliseconds, packets of what is there in bytes: writing them would round the other.
constexpr std::string_view kOtherUnits[] = {"base_reachable_time", "retrans_time", "unres_qlen"};

std::string FolderOf(std::string_view group, const std::string& link) {
  return absl::StrCat(kRoot, std::string(group), "/", link);
}

std::string PathOf(const std::string& link, const std::string& key) {
  const size_t slash = key.rfind('/');
  return absl::StrCat(FolderOf(key.substr(0, slash), link), key.substr(slash));
}

// Nothing: it has no value, such as a secret that was never set (EIO).
std::optional<std::string> Read(int folder, const char* name) {
  const UniqueFd file(openat(folder, name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  char value[512];
  const ssize_t got = read(file.get(), value, sizeof value);
  if (got <= 0) return std::nullopt;
  std::string text(value, static_cast<size_t>(got));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// A secret switches to addresses made of it (addrconf_sysctl_stable_secret), and IPv6 that is switched on makes them.
int Rank(const std::string& name) { return name == "stable_secret" ? 0 : name == "disable_ipv6" ? 2 : 1; }

void ListFolder(const std::string& group, const std::string& link, std::vector<LinkSetting>& settings) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(FolderOf(group, link).c_str()), closedir);
  if (folder == nullptr) return;
  std::vector<std::string> names;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name[0] == '.' || std::count(std::begin(kOtherUnits), std::end(kOtherUnits), name) > 0) continue;
    struct stat status;
    if (fstatat(dirfd(folder.get()), name.c_str(), &status, 0) != 0 || !(status.st_mode & S_IWUSR)) continue;
    names.push_back(name);
  }
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return std::pair(Rank(a), a) < std::pair(Rank(b), b); });
  for (const std::string& name : names) {
    if (auto value = Read(dirfd(folder.get()), name.c_str()))
      settings.push_back({group + "/" + name, *std::move(value)});
  }
}

}  // namespace

absl::StatusOr<std::vector<LinkSetting>> ListLinkSettings(const std::string& link, LinkSettings which) {
  if (access(kRoot, F_OK) != 0) return ErrnoError(errno, absl::StrCat("reading ", kRoot));
  std::vector<LinkSetting> settings;
  if (which == LinkSettings::kIpv6Mtu) {
    const UniqueFd folder(open(FolderOf("ipv6/conf", link).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid()) return settings;
    if (auto value = Read(folder.get(), "mtu")) settings.push_back({std::string(kIpv6Mtu), *std::move(value)});
    return settings;
  }
  if (which == LinkSettings::kAll) {
    for (const char* group : {"ipv4/conf", "ipv4/neigh", "mpls/conf"}) ListFolder(group, link, settings);
  }
  for (const char* group : {"ipv6/neigh", "ipv6/conf"}) ListFolder(group, link, settings);
  return settings;
}

std::string SettingName(const std::string& link, const std::string& key) {
  const size_t slash = key.rfind('/');
  std::string name = absl::StrCat("net.", key.substr(0, slash), ".", link, ".", key.substr(slash + 1));
  std::replace(name.begin(), name.begin() + static_cast<ptrdiff_t>(slash + 4), '/', '.');
  return name;
}

std::optional<std::string> ReadLinkSetting(const std::string& link, const std::string& key) {
  return Read(AT_FDCWD, PathOf(link, key).c_str());
}

absl::Status WriteLinkSetting(const std::string& link, const LinkSetting& setting) {
  if (ReadLinkSetting(link, setting.key) == setting.value) return absl::OkStatus();
  const std::string doing = absl::StrCat("setting ", SettingName(link, setting.key), " to ", setting.value);
  const UniqueFd file(open(PathOf(link, setting.key).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return ErrnoError(errno, doing);
  if (write(file.get(), setting.value.data(), setting.value.size()) < 0) return ErrnoError(errno, doing);
  return absl::OkStatus();
}

}  // namespace warren::kernel
