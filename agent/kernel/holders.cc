#include "agent/kernel/holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/kernel/error.h"
#include "agent/kernel/foreign_fd.h"
#include "agent/kernel/mount_table.h"
#include "proto/common/unique_fd.h"
#include "proto/common/utf8.h"

namespace warren::kernel {
namespace {

using Clock = std::chrono::steady_clock;

// Of one process's descriptors of one namespace so many are told one by one.
constexpr size_t kDescriptorsShown = 16;
// Tables of descriptors that the threads of one process have for themselves.
constexpr size_t kTables = 16;
// Processes that may not be looked at, by name.
constexpr size_t kRefusedShown = 5;
// Of a path or a command, which others chose, so many bytes are told: 1,000 holders fit into a message.
constexpr size_t kTextShown = 256;
// PROC_PID_INIT_INO (include/linux/proc_ns.h): the pid namespace that the machine began with.
constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;

// What others chose may be any bytes, and any number of them.
std::string Clean(std::string_view text) {
  if (text.size() > kTextShown) {
    size_t end = kTextShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return Clean(text.substr(0, end)) + "...";
  }
  const absl::string_view bytes(text.data(), text.size());
  if (!IsUtf8(text)) return absl::CEscape(bytes);
  const bool clean = std::none_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); });
  return clean ? std::string(text) : absl::Utf8SafeCEscape(bytes);
}

std::string CommandOf(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/comm"));
  // Any bytes but NUL. Not by iterators: they throw when the process is gone by now.
  std::string command;
  std::getline(file, command, '\0');
  if (!command.empty() && command.back() == '\n') command.pop_back();
  return Clean(command);
}

std::string ReadLink(const std::string& path) {
  char link[PATH_MAX];
  const ssize_t length = readlink(path.c_str(), link, sizeof link);
  return length < 0 ? std::string() : std::string(link, static_cast<size_t>(length));
}

// Numbers that a folder of /proc has; they come and go while it is read.
void ForEachNumber(const std::string& folder, const std::function<bool(int)>& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
  if (dir == nullptr) return;
  while (const dirent* entry = readdir(dir.get())) {
    int number = 0;
    if (absl::SimpleAtoi(entry->d_name, &number) && !visit(number)) return;
  }
}

// What a link below /proc leads to, if that is a namespace: nothing else is opened.
UniqueFd OpenNsfs(const std::string& path) {
  const UniqueFd found(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct statfs fs;
  if (!found.valid() || fstatfs(found.get(), &fs) != 0 || fs.f_type != NSFS_MAGIC) return UniqueFd();
  return UniqueFd(open(absl::StrCat("/proc/self/fd/", found.get()).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

bool Meet(const std::vector<int>& some, const std::vector<int>& others) {
  return std::any_of(some.begin(), some.end(),
                     [&](int each) { return std::find(others.begin(), others.end(), each) != others.end(); });
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// One look around.
class Search {
 public:
  Search(NetnsWorker& worker, const std::vector<NetnsId>& netns, const HolderSearch& search, bool inhabitants_only)
      : worker_(worker), netns_(netns), search_(search), inhabitants_only_(inhabitants_only) {
    for (size_t i = 0; i < netns.size(); ++i) {
      by_inode_.emplace(netns[i].inode, i);
      by_cookie_.emplace(netns[i].cookie, i);
    }
  }

  Holders Run() {
    if (netns_.empty()) return {};
    if (!inhabitants_only_) {
      OwnMounts();
      NoteOtherPidNamespaces();
    }
    int self = 0;
    (void)absl::SimpleAtoi(ReadLink("/proc/self"), &self);  // by the number that this /proc knows us by
    ForEachNumber("/proc", [&](int pid) {
      if (pid != self) Process(pid);
      return !over_;
    });
    NoteRefusals();
    return std::move(result_);
  }

 private:
  // Whether there is still time and room. Says so once where there is not.
  bool GoOn(int pid) {
    if (!over_ && Clock::now() >= search_.until) {
      over_ = true;
      Note(absl::StrCat("processes after pid ", pid, ": the time was over; ask again when the host is less busy"));
    }
    return !over_;
  }

  void Note(std::string line) { result_.not_looked_at.push_back(std::move(line)); }

  void Refused(int pid, int error, std::string_view what) {
    if (error != EPERM && error != EACCES) {
      if (error == EOPNOTSUPP || error == ENOSYS || error == EMFILE || error == ENFILE) {
        Note(absl::StrCat(absl::string_view(what.data(), what.size()), " of pid ", pid, " (", CommandOf(pid),
                          "): ", ErrnoName(error)));
      }
      return;  // gone
    }
    if (refused_.insert(pid).second && refused_.size() <= kRefusedShown) {
      refused_names_.push_back(absl::StrCat("pid ", pid, " (", CommandOf(pid), ")"));
    }
  }

  void NoteRefusals() {
    if (refused_.empty()) return;
    if (refused_.size() > refused_names_.size()) {
      refused_names_.push_back(absl::StrCat(refused_.size() - refused_names_.size(), " more"));
    }
    Note(absl::StrCat(absl::StrJoin(refused_names_, ", "),
                      ": the kernel does not show what they hold (EPERM); give the agent CAP_SYS_PTRACE"));
  }

  void NoteOtherPidNamespaces() {
    struct stat st;
    if (stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == kInitialPidNamespace) return;
    Note("processes outside the agent's pid namespace: run the agent in the host's (hostPID: true in Kubernetes)");
  }

  // The namespace of that inode that `path` leads to.
  std::optional<size_t> Match(ino_t inode, const std::function<UniqueFd()>& open) {
    const auto [from, to] = by_inode_.equal_range(inode);
    if (from == to) return std::nullopt;
    const UniqueFd fd = open();
    if (!fd.valid()) return std::nullopt;
    struct stat st;
    if (fstat(fd.get(), &st) != 0 || st.st_ino != inode) return std::nullopt;
    const auto cookie = worker_.CookieOf({UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)), inode});
    return cookie.ok() ? OfCookie(*cookie) : std::nullopt;
  }

  std::optional<size_t> OfCookie(uint64_t cookie) const {
    const auto found = by_cookie_.find(cookie);
    if (found == by_cookie_.end()) return std::nullopt;
    return found->second;
  }

  void Process(int pid) {
    if (!GoOn(pid)) return;
    std::map<size_t, std::vector<std::string>> holds;
    std::set<size_t> inside;
    std::vector<int> tables;  // a thread for each table of descriptors
    const std::string folder = absl::StrCat("/proc/", pid);
    ForEachNumber(folder + "/task", [&](int tid) {
      const std::string path = absl::StrCat(folder, "/task/", tid, "/ns/net");
      struct stat st;
      if (stat(path.c_str(), &st) != 0) {
        Refused(pid, errno, "the namespace");
      } else if (const auto which =
                     Match(st.st_ino, [&] { return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC)); })) {
        if (tid == pid) {
          inside.insert(*which);
        } else {
          holds[*which].push_back(absl::StrCat("thread ", tid));
        }
      }
      if (!inhabitants_only_ && tables.size() < kTables &&
          std::none_of(tables.begin(), tables.end(), [&](int other) { return ShareFds(other, tid); })) {
        tables.push_back(tid);
      }
      return GoOn(pid);
    });
    if (!inhabitants_only_) {
      for (const int tid : tables) Descriptors(pid, tid, inside, holds);
    }
    if (!inside.empty() || !holds.empty()) {
      const std::string command = CommandOf(pid);
      for (const size_t which : inside) {
        Add({which, pid, command, "process"});
        holds.erase(which);
      }
      for (const auto& [which, each] : holds) {
        for (const std::string& line : each) Add({which, pid, command, line});
      }
    }
    if (!inhabitants_only_) Mounts(pid);
  }

  void Add(Holder holder) {
    if (result_.found.size() < search_.most) {
      result_.found.push_back(std::move(holder));
    } else if (!std::exchange(over_, true)) {
      Note(absl::StrCat("what comes after the first ", search_.most, " that were found"));
    }
  }

  void Descriptors(int pid, int tid, const std::set<size_t>& inside,
                   std::map<size_t, std::vector<std::string>>& holds) {
    ForeignFds fds(pid, tid);
    std::map<size_t, size_t> more;
    const std::string whose = tid == pid ? "" : absl::StrCat(" of thread ", tid);
    const auto found = [&](std::optional<size_t> which, std::string_view what, int number) {
      if (!which || inside.contains(*which)) return;
      std::vector<std::string>& lines = holds[*which];
      if (lines.size() >= kDescriptorsShown) {
        ++more[*which];
      } else {
        lines.push_back(absl::StrCat(absl::string_view(what.data(), what.size()), "descriptor ", number, whose));
      }
    };
    bool refused = false;
    const absl::Status status = ForEachFd(tid, [&](int number, std::string_view link) {
      const bool socket = link.rfind("socket:[", 0) == 0;
      const bool tun = !socket && link.size() >= 4 && link.substr(link.size() - 4) == "/tun";
      // A namespace that was opened by a name shows that name.
      if (link.rfind("net:[", 0) == 0 || (link.rfind('/', 0) == 0 && !tun)) {
        found(Match(InodeOfFd(tid, number), [&] { return OpenNsfs(absl::StrCat("/proc/", tid, "/fd/", number)); }), "",
              number);
      }
      if ((!socket && !tun) || refused) return GoOn(pid);
      const auto fd = fds.Get(number);
      if (!fd.ok()) {
        Refused(pid, ErrnoOf(fd.status()), "sockets");
        // Unless it was just closed, none of them is to be had; what is no socket still is.
        refused = ErrnoOf(fd.status()) != EBADF;
        return GoOn(pid);
      }
      const auto cookie = socket ? CookieOfSocket(worker_, fd->get()) : CookieOfTun(worker_, fd->get());
      if (cookie.ok()) found(OfCookie(*cookie), socket ? "socket, " : "tun device, ", number);
      return GoOn(pid);
    });
    if (!status.ok()) Refused(pid, ErrnoOf(status), "descriptors");
    for (const auto& [which, count] : more) holds[which].push_back(absl::StrCat(count, " more descriptors", whose));
  }

  // Also finds out what goes with the name.
  void OwnMounts() {
    std::string name;
    if (const size_t slash = search_.name_path.rfind('/'); slash != std::string::npos) {
      char real[PATH_MAX];
      if (realpath(search_.name_path.substr(0, slash).c_str(), real) != nullptr) {
        name = absl::StrCat(real, search_.name_path.substr(slash));
      }
    }
    const std::string self = "/proc/thread-self";
    struct stat st;
    if (stat((self + "/ns/mnt").c_str(), &st) == 0) {
      seen_mount_namespaces_.insert({st.st_ino, ReadLink(self + "/root")});
    }
    for (const NetnsMount& mount : NetnsMountsOf(self)) {
      if (!seen_mounts_.insert(mount.id).second) continue;
      if (mount.path == name) {
        name_ = BaseName(name);
        name_groups_.insert(name_groups_.end(), mount.shared.begin(), mount.shared.end());
        continue;
      }
      if (const auto which = MatchMount(self, mount)) {
        Add({*which, 0, "", absl::StrCat("mount ", Clean(mount.path))});
      }
    }
  }

  // Whether it is taken away with the name: what happens on a shared mount happens on its peers and on those that are
  // slaves of it (mount_namespaces(7)).
  bool GoesWithTheName(const NetnsMount& mount) const {
    return (Meet(mount.shared, name_groups_) || Meet(mount.master, name_groups_)) && BaseName(mount.path) == name_;
  }

  void Mounts(int pid) {
    const std::string folder = absl::StrCat("/proc/", pid);
    struct stat st;
    if (stat((folder + "/ns/mnt").c_str(), &st) != 0) {
      Refused(pid, errno, "mounts");
      return;
    }
    // Seen from another root there may be others.
    if (!seen_mount_namespaces_.insert({st.st_ino, ReadLink(folder + "/root")}).second) return;
    int refused = 0;
    const std::vector<NetnsMount> mounts = NetnsMountsOf(folder, &refused);
    if (refused != 0) Refused(pid, refused, "mounts");
    for (const NetnsMount& mount : mounts) {
      if (!by_inode_.contains(mount.inode) || !seen_mounts_.insert(mount.id).second || GoesWithTheName(mount)) continue;
      if (const auto which = MatchMount(folder, mount)) {
        Add({*which, pid, CommandOf(pid), absl::StrCat("mount ", Clean(mount.path), " in its mount namespace")});
      }
      if (!GoOn(pid)) return;
    }
  }

  // One that cannot be opened, since another one hides it, is told by its inode: it keeps its namespace alive, so that
  // no other one had that inode while it was read.
  std::optional<size_t> MatchMount(const std::string& process, const NetnsMount& mount) {
    const auto by_inode = by_inode_.find(mount.inode);
    if (by_inode == by_inode_.end()) return std::nullopt;
    const UniqueFd root(open((process + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    // On its way may be file systems that do not answer: only what the kernel has in memory.
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED;
    UniqueFd fd(static_cast<int>(syscall(SYS_openat2, root.get(), mount.path.c_str(), &how, sizeof how)));
    struct stat st;
    if (!fd.valid() || fstat(fd.get(), &st) != 0 || st.st_ino != mount.inode) return by_inode->second;
    return Match(mount.inode, [&] { return std::move(fd); });
  }

  NetnsWorker& worker_;
  const std::vector<NetnsId>& netns_;
  const HolderSearch& search_;
  const bool inhabitants_only_;
  std::multimap<ino_t, size_t> by_inode_;
  std::map<uint64_t, size_t> by_cookie_;
  Holders result_;
  bool over_ = false;
  std::set<int> refused_;
  std::vector<std::string> refused_names_;
  std::set<std::pair<ino_t, std::string>> seen_mount_namespaces_;
  std::set<int> seen_mounts_;
  std::string name_;              // where the first namespace has its name, without the folder
  std::vector<int> name_groups_;  // to which that is told
};

}  // namespace

std::string Holder::Who() const { return pid == 0 ? "" : absl::StrCat("pid ", pid, " (", command, ")"); }

std::string Holder::ToString() const { return pid == 0 ? holds : absl::StrCat(Who(), ": ", holds); }

Holders FindHolders(NetnsWorker& worker, const std::vector<NetnsId>& netns, const HolderSearch& search) {
  return Search(worker, netns, search, /*inhabitants_only=*/false).Run();
}

Holders FindInhabitants(NetnsWorker& worker, const std::vector<NetnsId>& netns) {
  return Search(worker, netns, {}, /*inhabitants_only=*/true).Run();
}

}  // namespace warren::kernel
