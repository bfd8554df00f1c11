#include "agent/nsexec/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>

namespace warren::nsexec {
namespace {

constexpr size_t kFds = 5;  // the order itself, the namespace, and the three streams
constexpr size_t kMaxAbout = 4096;

class Writer {
 public:
  void Number(uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void Text(std::string_view text) {
    Number(text.size());
    bytes_.append(text);
  }
  void Texts(const std::vector<std::string>& texts) {
    Number(texts.size());
    for (const std::string& text : texts) Text(text);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  uint64_t Number() {
    uint64_t value = 0;
    if (bytes_.size() < sizeof value) return Bad();
    memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string Text() {
    const uint64_t size = Number();
    if (size > bytes_.size()) return Bad(), "";
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  std::vector<std::string> Texts() {
    std::vector<std::string> texts;
    for (uint64_t left = Number(); left > 0 && ok_; --left) texts.push_back(Text());
    return texts;
  }
  bool Finished() const { return ok_ && bytes_.empty(); }

 private:
  uint64_t Bad() {
    ok_ = false;
    return 0;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

std::string Encode(const Order& order) {
  Writer out;
  out.Texts(order.argv);
  out.Text(order.path);
  out.Texts(order.env);
  for (const std::string* text : {&order.cwd, &order.user, &order.host, &order.netns, &order.cgroup}) out.Text(*text);
  out.Number(order.netns_cookie);
  out.Number(order.grace_ms);
  for (const bool flag : {order.join, order.netns_etc, order.terminal}) out.Number(flag);
  return out.bytes();
}

bool Decode(std::string_view bytes, Order& order) {
  Reader in(bytes);
  order.argv = in.Texts();
  order.path = in.Text();
  order.env = in.Texts();
  for (std::string* text : {&order.cwd, &order.user, &order.host, &order.netns, &order.cgroup}) *text = in.Text();
  order.netns_cookie = in.Number();
  order.grace_ms = in.Number();
  for (bool* flag : {&order.join, &order.netns_etc, &order.terminal}) *flag = in.Number() != 0;
  return in.Finished();
}

// The order may be megabytes, more than a packet takes: it goes as a file without a name.
UniqueFd AsFile(const std::string& bytes) {
  UniqueFd file(memfd_create("warren-order", MFD_CLOEXEC));
  for (size_t done = 0; file.valid() && done < bytes.size();) {
    const ssize_t wrote = write(file.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno != EINTR) file.reset();
    if (wrote > 0) done += static_cast<size_t>(wrote);
  }
  return file;
}

bool ReadFile(int file, std::string& bytes) {
  struct stat status {};
  if (fstat(file, &status) != 0) return false;
  bytes.resize(static_cast<size_t>(status.st_size));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = pread(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got == 0 || (got < 0 && errno != EINTR)) return false;
    if (got > 0) done += static_cast<size_t>(got);
  }
  return true;
}

int Send(int socket, const msghdr& message) {
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// Bytes received, or the negative errno.
ssize_t Receive(int socket, msghdr& message) {
  while (true) {
    const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (got > 0) return got;
    if (got == 0 || errno == ECONNRESET) return -EPIPE;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace

int SendOrder(int socket, const Order& order, const OrderFds& fds) {
  const UniqueFd file = AsFile(Encode(order));
  if (!file.valid()) return errno != 0 ? errno : EIO;
  const std::array<int, kFds> numbers = {file.get(), fds.netns.get(), fds.in.get(), fds.out.get(), fds.err.get()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof numbers)> space{};
  char mark = 'o';
  iovec piece{&mark, 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof numbers);
  memcpy(CMSG_DATA(head), numbers.data(), sizeof numbers);
  return Send(socket, message);
}

int ReceiveOrder(int socket, Order& order, OrderFds& fds) {
  std::array<int, kFds> numbers{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof numbers)> space{};
  char mark = 0;
  iovec piece{&mark, 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  if (const ssize_t got = Receive(socket, message); got < 0) return static_cast<int>(-got);
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head == nullptr || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof numbers)) return EPROTO;
  memcpy(numbers.data(), CMSG_DATA(head), sizeof numbers);
  const UniqueFd file(numbers[0]);
  fds.netns.reset(numbers[1]);
  fds.in.reset(numbers[2]);
  fds.out.reset(numbers[3]);
  fds.err.reset(numbers[4]);
  std::string bytes;
  if (!ReadFile(file.get(), bytes)) return EIO;
  return Decode(bytes, order) ? 0 : EPROTO;
}

int SendRequest(int socket, const Request& request) {
  iovec piece{const_cast<Request*>(&request), sizeof request};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  return Send(socket, message);
}

int ReceiveRequest(int socket, Request& request) {
  iovec piece{&request, sizeof request};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  const ssize_t got = Receive(socket, message);
  if (got < 0) return static_cast<int>(-got);
  return got == sizeof request ? 0 : EPROTO;
}

int SendEvent(int socket, const Event& event) {
  std::array<int32_t, 3> numbers = {event.kind, event.value, event.error};
  std::string about = event.about.substr(0, kMaxAbout);
  std::array<iovec, 2> pieces = {iovec{numbers.data(), sizeof numbers}, iovec{about.data(), about.size()}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return Send(socket, message);
}

int ReceiveEvent(int socket, Event& event) {
  std::array<int32_t, 3> numbers{};
  event.about.resize(kMaxAbout);
  std::array<iovec, 2> pieces = {iovec{numbers.data(), sizeof numbers}, iovec{event.about.data(), kMaxAbout}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const ssize_t got = Receive(socket, message);
  if (got < 0) return static_cast<int>(-got);
  if (static_cast<size_t>(got) < sizeof numbers) return EPROTO;
  event.kind = numbers[0];
  event.value = numbers[1];
  event.error = numbers[2];
  event.about.resize(static_cast<size_t>(got) - sizeof numbers);
  return 0;
}

}  // namespace warren::nsexec
