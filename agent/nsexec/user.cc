#include "agent/nsexec/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace warren::nsexec {
namespace {

std::optional<unsigned> Number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // The highest means "do not change" to setresuid(2).
  if (error != std::errc() || end != text.data() + text.size() || value == static_cast<unsigned>(-1)) return {};
  return value;
}

void Fill(const passwd& entry, User& user) {
  user.uid = entry.pw_uid;
  user.gid = entry.pw_gid;
  user.name = entry.pw_name;
  if (*entry.pw_dir != '\0') user.home = entry.pw_dir;
  if (*entry.pw_shell != '\0') user.shell = entry.pw_shell;
  user.known = true;
}

}  // namespace

Result FindUser(const std::string& text, User& user) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto number = text.empty() ? std::optional<unsigned>(geteuid()) : Number(name);
  errno = 0;
  const passwd* entry = number ? getpwuid(*number) : getpwnam(name.c_str());
  if (entry != nullptr) {
    Fill(*entry, user);
  } else if (number && (colon != std::string::npos || text.empty())) {
    user.uid = *number;
    user.gid = getegid();
    user.name = std::to_string(*number);
  } else {
    return Failure{Step::kUser, errno == 0 ? ENOENT : errno, "user " + name};
  }
  if (colon != std::string::npos) {
    const std::string group = text.substr(colon + 1);
    if (const auto id = Number(group)) {
      user.gid = *id;
    } else {
      errno = 0;
      const ::group* found = getgrnam(group.c_str());
      if (found == nullptr) return Failure{Step::kUser, errno == 0 ? ENOENT : errno, "group " + group};
      user.gid = found->gr_gid;
    }
  }
  user.change = !text.empty();
  return {};
}

Result BecomeUser(const User& user) {
  const auto fail = [&] { return Failure{Step::kUser, errno, user.name}; };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail();
  if (!user.change) return {};
  if (user.known ? initgroups(user.name.c_str(), user.gid) != 0 : setgroups(0, nullptr) != 0) return fail();
  if (setresgid(user.gid, user.gid, user.gid) != 0) return fail();
  if (setresuid(user.uid, user.uid, user.uid) != 0) return fail();
  return {};
}

}  // namespace warren::nsexec
