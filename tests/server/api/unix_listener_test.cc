#include "server/api/unix_listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>

#include "proto/common/mutex.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::api {
namespace {

using ::testing::HasSubstr;

UniqueFd Connect(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path, path.data(), path.size());
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fd.reset();
  return fd;
}

class UnixListenerTest : public ::testing::Test {
 protected:
  std::unique_ptr<UnixListener> Listen() {
    auto listener = UnixListener::Listen(path_);
    EXPECT_TRUE(listener.ok()) << listener.status();
    return *std::move(listener);
  }
  void Start(UnixListener& listener) {
    listener.Start([this](UniqueFd fd) {
      MutexLock lock(&mutex_);
      accepted_.push_back(std::move(fd));
      came_.Signal();
    });
  }
  // The next connection; waits for it.
  UniqueFd Accepted() {
    MutexLock lock(&mutex_);
    while (accepted_.empty()) came_.Wait(&mutex_);
    UniqueFd fd = std::move(accepted_.front());
    accepted_.pop_front();
    return fd;
  }

  store::ScratchDir dir_;
  const std::string path_ = dir_.File("server.sock");
  Mutex mutex_;
  CondVar came_;
  std::deque<UniqueFd> accepted_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(UnixListenerTest, ConnectionsAreHandedOverWithWhoConnected) {
  const auto listener = Listen();
  Start(*listener);
  const UniqueFd client = Connect(path_);
  const UniqueFd fd = Accepted();
  EXPECT_TRUE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC);
  const auto who = CredentialsOf(fd.get());
  ASSERT_TRUE(who.has_value());
  EXPECT_EQ(who->uid, geteuid());
  EXPECT_EQ(who->pid, getpid());
}

TEST_F(UnixListenerTest, AnotherUserIsSeenToBeThat) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const auto listener = Listen();
  Start(*listener);
  ASSERT_EQ(chmod(dir_.path().c_str(), 0711), 0);
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  const pid_t child = fork();
  if (child == 0) {
    // What is above the directory may be closed to others.
    if (chdir(dir_.path().c_str()) != 0 || setresuid(12345, 12345, 12345) != 0) _exit(1);
    const UniqueFd fd = Connect("server.sock");
    char until_closed;
    _exit(fd.valid() && read(fd.get(), &until_closed, 1) == 0 ? 0 : 2);
  }
  {
    const UniqueFd fd = Accepted();
    EXPECT_EQ(CredentialsOf(fd.get())->uid, 12345u);
    EXPECT_EQ(CredentialsOf(fd.get())->pid, child);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(UnixListenerTest, WhatIsNoConnectedUnixSocketHasNoCredentials) {
  const UniqueFd tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd alone(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const int fd : {tcp.get(), file.get(), alone.get(), -1}) EXPECT_EQ(CredentialsOf(fd), std::nullopt) << fd;
}

TEST_F(UnixListenerTest, ConnectionsWaitUntilItStarts) {
  const auto listener = Listen();
  const UniqueFd early = Connect(path_);
  ASSERT_TRUE(early.valid());
  Start(*listener);
  EXPECT_TRUE(Accepted().valid());
}

TEST_F(UnixListenerTest, TheSocketIsForItsGroupWhateverTheUmask) {
  for (const mode_t mask : {0, 022, 077, 0777}) {
    const mode_t before = umask(mask);
    const auto listener = Listen();
    umask(before);
    struct stat info {};
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0660u) << "umask " << mask;
  }
}

TEST_F(UnixListenerTest, StoppedItIsGone) {
  const auto listener = Listen();
  Start(*listener);
  listener->Stop();
  listener->Stop();
  EXPECT_FALSE(Connect(path_).valid());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, AStaleSocketIsReplacedALiveOneIsNot) {
  {
    // As a server that was killed leaves it.
    const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, path_.data(), path_.size());
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  }
  const auto listener = Listen();
  const auto second = UnixListener::Listen(path_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use"));
}

TEST_F(UnixListenerTest, WhereNoSocketCanBeIsSaidWhy) {
  EXPECT_THAT(std::string(UnixListener::Listen(dir_.File("no/server.sock")).status().message()),
              HasSubstr("there is no directory " + dir_.File("no")));
  EXPECT_THAT(std::string(UnixListener::Listen(dir_.File(std::string(120, 'x'))).status().message()),
              HasSubstr("longer than 107 bytes"));
}

TEST_F(UnixListenerTest, OutOfDescriptorsConnectionsWaitForSome) {
  const auto listener = Listen();
  Start(*listener);
  const UniqueFd client = Connect(path_);
  Accepted();
  const UniqueFd waiting(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path, path_.data(), path_.size());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{static_cast<rlim_t>(waiting.get() + 1), before.rlim_max};
  std::deque<UniqueFd> all;  // below the limit
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int fd = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) all.emplace_back(fd);
  EXPECT_EQ(connect(waiting.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(Accepted().valid());
}

}  // namespace
}  // namespace warren::api
