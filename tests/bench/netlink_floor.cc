// The floor: what the kernel alone takes for N virtual routers, asked as cheaply as it can be asked, by a program that
// does nothing else. No controller can do better without work done ahead of time.
//
//   netlink_floor N [THREADS [EXISTING]] [--pause MS] [--ahead]
//
// as root, in a network and mount namespace of its own (unshare --net --mount).
//
// A router: a network namespace with a name under /run/netns, a veth pair whose inner end (eth0) is born inside it, up,
// with a fixed index and one queue, whose outer end stays here, an IPv4 address on the inner end, and loopback up.
// Everything is fused that the kernel lets one fuse: the inner end is the message's main one, since a veth's peer
// cannot be born up (ENOTCONN), and address and loopback go in one send. EXISTING routers are made before, untimed.
// Before each, and before the deletions, there is a pause of MS, untimed: what a router takes in a program that has
// waited. With --ahead the namespaces are made before, untimed: what is left to do for whoever keeps some.
//
// Prints
//   create N RATE/s
//   each N p50 MS p99 MS           of a single router, where there is one thread
//   delete N RATE/s                from the first unmount until the kernel has freed every veth

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr char kNetnsDir[] = "/run/netns";
constexpr char kSelf[] = "/proc/thread-self/ns/net";
constexpr int kLoopback = 1;
constexpr int kInner = 2;
constexpr uint32_t kOneQueue = 1;

double Since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

// The program measures; a refusal leaves nothing to measure.
[[noreturn]] void Die(const char* what, int error = errno) {
  fprintf(stderr, "netlink_floor: %s: %s\n", what, strerror(error));
  exit(1);
}

template <typename Result>
Result Checked(Result result, const char* what) {
  if (result < 0) Die(what);
  return result;
}

std::string NameOf(int router) { return "floor-" + std::to_string(router); }
std::string PathOf(int router) { return kNetnsDir + ("/" + NameOf(router)); }
std::string OuterOf(int router) { return "fl" + std::to_string(router); }

// A request, built in place.
class Request {
 public:
  template <typename Header>
  Request(uint16_t type, uint16_t flags, const Header& header) {
    at(0)->nlmsg_type = type;
    at(0)->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    Append(&header, sizeof header);
  }
  void Append(const void* data, size_t size) {
    memcpy(bytes_.data() + size_, data, size);
    size_ += NLMSG_ALIGN(size);
    at(0)->nlmsg_len = static_cast<uint32_t>(size_);
  }
  size_t Put(uint16_t type, const void* data = nullptr, size_t size = 0) {
    const size_t where = size_;
    const rtattr attribute{static_cast<uint16_t>(RTA_LENGTH(size)), type};
    Append(&attribute, sizeof attribute);
    if (size > 0) Append(data, size);
    return where;
  }
  void PutText(uint16_t type, const std::string& text) { Put(type, text.c_str(), text.size() + 1); }
  // What was put since `where` is inside the attribute there.
  void Close(size_t where) {
    const auto length = static_cast<uint16_t>(size_ - where);
    memcpy(bytes_.data() + where, &length, sizeof length);
  }
  iovec bytes() { return {bytes_.data(), size_}; }

 private:
  nlmsghdr* at(size_t where) { return reinterpret_cast<nlmsghdr*>(bytes_.data() + where); }

  alignas(nlmsghdr) std::array<char, 512> bytes_{};
  size_t size_ = NLMSG_HDRLEN;
};

class Socket {
 public:
  Socket() : fd_(Checked(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "opening a netlink socket")) {
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    Checked(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), "binding a netlink socket");
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  template <size_t kCount>
  void Send(std::array<iovec, kCount> parts, const char* what) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = kCount;
    Checked(sendmsg(fd_, &message, 0), what);
    for (size_t i = 0; i < kCount; ++i) {
      alignas(nlmsghdr) char reply[1024];
      Checked(recv(fd_, reply, sizeof reply, 0), what);
      const auto* header = reinterpret_cast<nlmsghdr*>(reply);
      if (header->nlmsg_type != NLMSG_ERROR) Die(what, EPROTO);
      if (const int error = reinterpret_cast<nlmsgerr*>(NLMSG_DATA(header))->error; error != 0) Die(what, -error);
    }
  }

 private:
  int fd_;
};

// One attribute that holds the pair: a peer, its name, its queues.
void PutPeer(Request& request, const std::string& name) {
  const size_t info = request.Put(IFLA_LINKINFO);
  request.Put(IFLA_INFO_KIND, "veth", 4);
  const size_t data = request.Put(IFLA_INFO_DATA);
  const size_t peer = request.Put(VETH_INFO_PEER);
  const ifinfomsg outer{};
  request.Append(&outer, sizeof outer);
  request.PutText(IFLA_IFNAME, name);
  request.Put(IFLA_NUM_TX_QUEUES, &kOneQueue, sizeof kOneQueue);
  request.Put(IFLA_NUM_RX_QUEUES, &kOneQueue, sizeof kOneQueue);
  request.Close(peer);
  request.Close(data);
  request.Close(info);
}

Request UpMessage(uint16_t flags, int index) {
  ifinfomsg link{};
  link.ifi_index = index;
  link.ifi_flags = link.ifi_change = IFF_UP;
  return Request(RTM_NEWLINK, flags, link);
}

// A namespace without a name, which the calling thread is in from then on.
struct Netns {
  int fd = -1;
  Socket inside;
  ~Netns() { close(fd); }
};

std::unique_ptr<Netns> MakeNetns() {
  Checked(unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
  auto made = std::make_unique<Netns>();
  made->fd = Checked(open(kSelf, O_RDONLY | O_CLOEXEC), "opening the namespace");
  return made;
}

// `outside` stays in the namespace the pair's outer ends are for. No namespace: one is made.
void Create(Socket& outside, int router, std::unique_ptr<Netns> netns) {
  const std::string path = PathOf(router);
  close(Checked(open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0), "creating the name"));
  if (netns == nullptr) netns = MakeNetns();
  const std::string self = "/proc/self/fd/" + std::to_string(netns->fd);
  Checked(mount(self.c_str(), path.c_str(), "none", MS_BIND, nullptr), "binding the name");

  Request pair = UpMessage(NLM_F_CREATE | NLM_F_EXCL, kInner);
  pair.PutText(IFLA_IFNAME, "eth0");
  pair.Put(IFLA_NET_NS_FD, &netns->fd, sizeof netns->fd);
  pair.Put(IFLA_NUM_TX_QUEUES, &kOneQueue, sizeof kOneQueue);
  pair.Put(IFLA_NUM_RX_QUEUES, &kOneQueue, sizeof kOneQueue);
  PutPeer(pair, OuterOf(router));
  outside.Send(std::array{pair.bytes()}, "creating the veth pair");

  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 24;
  header.ifa_index = kInner;
  Request address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  const in_addr ip{htonl(0x0a000001u | static_cast<uint32_t>(router % 65536) << 8)};
  address.Put(IFA_LOCAL, &ip, sizeof ip);
  address.Put(IFA_ADDRESS, &ip, sizeof ip);
  Request loopback = UpMessage(0, kLoopback);
  netns->inside.Send(std::array{address.bytes(), loopback.bytes()}, "address and loopback");
}

struct Options {
  int n = 0;
  int threads = 1;
  int existing = 0;
  int pause_ms = 0;
  bool ahead = false;
};

// Returns the seconds each took where there is one thread. `ahead`: by router; empty: none.
std::vector<double> CreateAll(int first, int end, const Options& options,
                              std::vector<std::unique_ptr<Netns>> ahead = {}) {
  std::vector<double> took;
  std::vector<std::jthread> pool;
  for (int k = 0; k < options.threads; ++k) {
    pool.emplace_back([&, k] {
      Socket outside;
      for (int router = first + k; router < end; router += options.threads) {
        if (options.pause_ms > 0) usleep(static_cast<useconds_t>(options.pause_ms) * 1000);
        std::unique_ptr<Netns> made;
        if (!ahead.empty()) made = std::move(ahead[static_cast<size_t>(router - first)]);
        const auto begun = Clock::now();
        Create(outside, router, std::move(made));
        if (options.threads == 1) took.push_back(Since(begun));
      }
    });
  }
  pool.clear();
  return took;
}

std::vector<std::unique_ptr<Netns>> MakeAhead(int n) {
  std::vector<std::unique_ptr<Netns>> made;
  std::jthread([&] {
    for (int i = 0; i < n; ++i) made.push_back(MakeNetns());
  }).join();
  return made;
}

void DeleteAll(int first, int end) {
  for (int router = first; router < end; ++router) {
    Checked(umount2(PathOf(router).c_str(), MNT_DETACH), "unmounting the name");
    Checked(unlink(PathOf(router).c_str()), "removing the name");
  }
  // The kernel frees them in the background, in any order.
  for (int router = first; router < end; ++router) {
    while (if_nametoindex(OuterOf(router).c_str()) != 0) usleep(200);
  }
}

[[noreturn]] void Usage() {
  fprintf(stderr, "usage: netlink_floor N [THREADS [EXISTING]] [--pause MS] [--ahead]\n");
  exit(2);
}

int Number(const char* text, int least) {
  const int value = text != nullptr ? atoi(text) : -1;
  if (value < least) Usage();
  return value;
}

Options Parse(int argc, char** argv) {
  Options options;
  int place = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--ahead") {
      options.ahead = true;
    } else if (argument == "--pause") {
      options.pause_ms = Number(argv[++i], 0);
    } else if (place == 0) {
      options.n = Number(argv[i], 1);
      ++place;
    } else if (place == 1) {
      options.threads = Number(argv[i], 1);
      ++place;
    } else {
      options.existing = Number(argv[i], 0);
    }
  }
  if (options.n == 0) Usage();
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  const int n = options.n, existing = options.existing;
  setvbuf(stdout, nullptr, _IOLBF, 0);

  Checked(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "keeping mounts to itself (root is needed)");
  mkdir(kNetnsDir, 0755);
  Checked(mount("tmpfs", kNetnsDir, "tmpfs", 0, nullptr),
          "a /run/netns of its own (run it under unshare --net --mount)");

  CreateAll(n, n + existing, {});
  if (existing > 0) {
    // A virtual machine's host may have to find memory that was never used, which takes longer than a router does. What
    // these leave behind when the kernel is done with them, one batch after the other, is used again.
    for (const int count : {n, 1}) {
      CreateAll(0, count, {});
      DeleteAll(0, count);
    }
  }
  std::vector<std::unique_ptr<Netns>> ahead = MakeAhead(options.ahead ? n : 0);
  const auto create = Clock::now();
  std::vector<double> took = CreateAll(0, n, options, std::move(ahead));
  printf("create %d %.0f/s\n", n, n / Since(create));
  if (!took.empty()) {
    std::sort(took.begin(), took.end());
    printf("each %d p50 %.3f p99 %.3f\n", n, took[took.size() / 2] * 1e3, took[took.size() * 99 / 100] * 1e3);
  }
  if (options.pause_ms > 0) usleep(static_cast<useconds_t>(options.pause_ms) * 1000);
  const auto remove = Clock::now();
  DeleteAll(0, n);
  printf("delete %d %.0f/s\n", n, n / Since(remove));
  DeleteAll(n, n + existing);
  return 0;
}
