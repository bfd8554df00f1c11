#include "client/lib/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "proto/common/unique_fd.h"

namespace warren::client {
namespace {

using testing::HasSubstr;

TEST(DefaultServer, IsTheSocketWhereThereIsOneAndLoopbackElsewhere) {
  const std::string path = testing::TempDir() + "/default_server.sock";
  EXPECT_EQ(DefaultServer(path), "127.0.0.1:7600");
  std::ofstream(path) << "a file is no socket";
  EXPECT_EQ(DefaultServer(path), "127.0.0.1:7600");
  unlink(path.c_str());
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0)
      << std::strerror(errno);
  EXPECT_EQ(DefaultServer(path), "unix:" + path);
  unlink(path.c_str());
}

TEST(DialTarget, TakesHostsAndSocketsAndNothingElse) {
  EXPECT_EQ(*DialTarget("127.0.0.1:7600"), "dns:127.0.0.1:7600");
  EXPECT_EQ(*DialTarget("server.example.com:7600"), "dns:server.example.com:7600");
  EXPECT_EQ(*DialTarget("[::1]:7600"), "dns:[::1]:7600");
  EXPECT_EQ(*DialTarget("unix:/run/none.sock"), "unix:/run/none.sock");
  for (const char* bad : {"", "server", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:65536", "unix:"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(DialTarget(bad).status())) << bad;
  }
}

TEST(DialTarget, SaysAtOnceThatASocketIsNotForThisUser) {
  if (geteuid() == 0) {
    // Root may write anywhere; look as somebody else in a process of its own, which cannot come back to being root.
    const std::string path = testing::TempDir() + "/closed.sock";
    std::ofstream(path) << "";
    chmod(path.c_str(), 0600);
    EXPECT_EXIT(
        {
          if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
          const auto target = DialTarget("unix:" + path);
          _exit(absl::IsPermissionDenied(target.status()) &&
                        std::string(target.status().message()).find("EACCES") != std::string::npos
                    ? 0
                    : 1);
        },
        testing::ExitedWithCode(0), "");
    unlink(path.c_str());
  } else {
    EXPECT_TRUE(absl::IsPermissionDenied(DialTarget("unix:/etc/passwd").status()));
  }
}

}  // namespace
}  // namespace warren::client
