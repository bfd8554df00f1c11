#ifndef WARREN_AGENT_NSEXEC_WIRE_H_
#define WARREN_AGENT_NSEXEC_WIRE_H_

// What the agent and its helper warren-nsexec say to each other, over one SOCK_SEQPACKET pair for each command. Both
// are of one build, so that there is no version. Thread-safe: plain functions on descriptors.
//
//   agent ▸ helper   the order, once, with the descriptors it is about; then signals, and at last perhaps "hang up"
//   helper ▸ agent   kStarted or kFailed; then kExited, and kGone when nothing that the command started is left
//
// Either side learns from the end of the socket that the other is gone; a helper then hangs its command up.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/common/unique_fd.h"

namespace warren::nsexec {

// The helper's end.
inline constexpr int kControlFd = 3;

// Where a command without "/" is looked for, unless its environment says otherwise.
inline constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What to run.
struct Order {
  std::vector<std::string> argv;  // empty: the user's shell
  std::string path;               // the file to execute; empty: argv[0], looked for in PATH where it has no "/"
  std::vector<std::string> env;   // "KEY=VALUE", over what the helper gives every command
  std::string cwd;                // empty: "/"
  std::string user;               // "NAME", "UID", with ":GROUP"; empty: as the agent
  std::string host;               // WARREN_HOST
  std::string netns;              // WARREN_NAMESPACE; its name as it is on disk
  std::string cgroup;             // a cgroup (v2) to make for it; empty: none
  uint64_t netns_cookie = 0;      // SO_NETNS_COOKIE that the namespace must have; 0: any
  uint64_t grace_ms = 2000;       // from SIGHUP to SIGKILL, unless a request says less
  bool join = true;               // false: the host's own namespace, and its mounts
  bool netns_etc = false;         // bind /etc/netns/NAME/* over /etc
  bool terminal = false;          // standard input is one, and becomes its controlling terminal
};

// Comes with the order.
struct OrderFds {
  UniqueFd netns;
  UniqueFd in, out, err;
};

// From the agent, after the order.
struct Request {
  enum Kind : int32_t {
    kSignal = 1,  // value: its number; to the command's process group
    kHangUp = 2,  // value: milliseconds from SIGHUP to SIGKILL
  };
  int32_t kind = 0;
  int32_t value = 0;
};

// What could not be done before the command ran.
enum class Step : int32_t {
  kOrder,      // taking the order, forking
  kUser,       // finding the user (ENOENT: there is none), becoming it
  kNamespace,  // joining the namespace
  kIdentity,   // it is another namespace (ESTALE)
  kMounts,     // its mount namespace, /sys, /etc
  kCgroup,
  kTerminal,
  kDirectory,  // cwd
  kExecute,    // execve(2)
};

// From the helper.
struct Event {
  enum Kind : int32_t {
    kStarted = 1,  // value: the pid
    kFailed = 2,   // value: a Step, error: an errno, about: of what
    kExited = 3,   // value: as wait(2) has it
    kGone = 4,
  };
  int32_t kind = 0;
  int32_t value = 0;
  int32_t error = 0;
  std::string about;
};

// Each returns 0 or an errno.
int SendOrder(int socket, const Order& order, const OrderFds& fds);
int SendRequest(int socket, const Request& request);
int SendEvent(int socket, const Event& event);

// Each waits for one unless the socket does not; EPIPE: the other end is gone, EPROTO: it talks nonsense.
int ReceiveOrder(int socket, Order& order, OrderFds& fds);
int ReceiveRequest(int socket, Request& request);
int ReceiveEvent(int socket, Event& event);

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_WIRE_H_
