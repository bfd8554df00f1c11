#include "server/api/socket_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "proto/common/unique_fd.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::api {
namespace {

using ::testing::HasSubstr;

class SocketFileTest : public ::testing::Test {
 protected:
  UniqueFd Listen() {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << strerror(errno);
    EXPECT_EQ(listen(fd.get(), 1), 0);
    return fd;
  }

  store::ScratchDir dir_;
  const std::string path_ = dir_.File("server.sock");
};

TEST_F(SocketFileTest, NothingThereIsWell) { EXPECT_TRUE(RemoveStaleSocket(path_).ok()); }

TEST_F(SocketFileTest, OneThatADeadServerLeftIsRemoved) {
  Listen().reset();
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_TRUE(RemoveStaleSocket(path_).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, OneThatSomebodyListensOnIsLeftAlone) {
  const UniqueFd listener = Listen();
  const absl::Status status = RemoveStaleSocket(path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  const absl::Status status = RemoveStaleSocket(path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a socket"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace warren::api
