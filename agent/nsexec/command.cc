#include "agent/nsexec/command.h"

#include <errno.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "agent/nsexec/cgroup.h"
#include "agent/nsexec/mounts.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace warren::nsexec {
namespace {

// What a terminal is taken for of which nobody says more; every system knows it.
constexpr char kDefaultTerminal[] = "xterm";

Failure Failed(Step step, std::string about = "") { return {step, errno, std::move(about)}; }

// Numbers are recycled, descriptors are not: that we are where the descriptor leads is looked at before anything is
// done there.
Result Join(const Order& order, int netns) {
  if (setns(netns, CLONE_NEWNET) != 0) return Failed(Step::kNamespace, order.netns);
  struct stat wanted {
  }, here{};
  if (fstat(netns, &wanted) != 0 || stat("/proc/thread-self/ns/net", &here) != 0) return Failed(Step::kNamespace);
  if (wanted.st_dev != here.st_dev || wanted.st_ino != here.st_ino) {
    return Failure{Step::kIdentity, ESTALE, order.netns};
  }
  return {};
}

Result CheckIdentity(const Order& order) {
  if (order.netns_cookie == 0) return {};
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) return Failed(Step::kIdentity);
  if (cookie != order.netns_cookie) return Failure{Step::kIdentity, ESTALE, order.netns};
  return {};
}

Result TakeStreams(const Order& order, const OrderFds& fds, const User& user) {
  if (setsid() < 0) return Failed(Step::kTerminal);
  if (dup2(fds.in.get(), 0) < 0 || dup2(fds.out.get(), 1) < 0 || dup2(fds.err.get(), 2) < 0) {
    return Failed(Step::kTerminal);
  }
  if (order.terminal && ioctl(0, TIOCSCTTY, 0) != 0) return Failed(Step::kTerminal);
  if (!user.change) return {};
  // So that the user may open them again, by /dev/tty, /dev/stderr or a name. What does not let us changes nothing
  // else.
  for (const int stream : {0, 1, 2}) {
    struct stat status {};
    const bool ours = fstat(stream, &status) == 0 && (order.terminal || S_ISFIFO(status.st_mode));
    if (ours && fchown(stream, user.uid, static_cast<gid_t>(-1)) != 0 && errno != EPERM) {
      return Failed(Step::kTerminal);
    }
  }
  return {};
}

// As a program expects to be started. Not by sigaction(3), which leaves out two that the C library uses itself.
void ResetSignals() {
  // The kernel's form of the action: all zero is SIG_DFL, whatever the order of its fields.
  const unsigned long action[8] = {};
  for (int number = 1; number < NSIG; ++number) syscall(SYS_rt_sigaction, number, &action, nullptr, NSIG / 8);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::vector<std::string> Environment(const Order& order, const User& user) {
  std::map<std::string, std::string> variables = {
      {"PATH", kDefaultPath},
      {"HOME", user.home},
      {"USER", user.name},
      {"LOGNAME", user.name},
      {"SHELL", user.shell},
      {"WARREN_HOST", order.host},
      {"WARREN_NAMESPACE", order.netns},
  };
  if (order.terminal) variables["TERM"] = kDefaultTerminal;
  for (const std::string& text : order.env) {
    const size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  std::vector<std::string> env;
  for (const auto& [key, value] : variables) env.push_back(key + "=" + value);
  return env;
}

Failure BecomeCommand(const Order& order, const OrderFds& fds) {
  User user;
  if (auto failure = FindUser(order.user, user)) return *failure;
  if (!order.cgroup.empty()) {
    if (const int error = EnterCgroup(order.cgroup)) return {Step::kCgroup, error, order.cgroup};
  }
  if (auto failure = TakeStreams(order, fds, user)) return *failure;
  if (order.join) {
    if (auto failure = Join(order, fds.netns.get())) return *failure;
  }
  if (auto failure = CheckIdentity(order)) return *failure;
  if (order.join) {
    if (auto failure = EnterMounts(order.netns, order.netns_etc)) return *failure;
  }
  if (auto failure = BecomeUser(user)) return *failure;
  const std::string directory = order.cwd.empty() ? "/" : order.cwd;
  if (chdir(directory.c_str()) != 0) return Failed(Step::kDirectory, directory);
  umask(022);
  ResetSignals();

  std::vector<std::string> argv = order.argv;
  std::string file = order.path;
  if (argv.empty()) {
    argv = {user.shell.substr(user.shell.rfind('/') + 1)};
    file = user.shell;
  }
  if (file.empty()) file = argv[0];
  std::vector<std::string> env = Environment(order, user);
  const std::vector<char*> environment = Pointers(env);
  // Nothing of ours stays open in it: not what would tell of a failure either, by whose end the other side knows.
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return Failed(Step::kExecute, file);
  environ = const_cast<char**>(environment.data());  // whose PATH is searched
  execvpe(file.c_str(), Pointers(argv).data(), environment.data());
  return Failed(Step::kExecute, file);
}

}  // namespace warren::nsexec
