#include "server/auth/exec_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/common/status_payload.h"

namespace warren::auth {
namespace {

using ::testing::HasSubstr;

Peer Unix(uid_t uid) { return {Peer::Way::kUnix, uid, "unix:77"}; }
const Peer kLocal{Peer::Way::kLoopback, 0, "127.0.0.1:40123"};

void ExpectNotOffered(const absl::StatusOr<std::string>& caller, const std::string& what_to_do) {
  EXPECT_EQ(caller.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(caller.status()), "EXEC_NOT_OFFERED");
  EXPECT_THAT(std::string(caller.status().message()), HasSubstr(what_to_do));
}

TEST(ExecAccessTest, OnAUnixSocketWhoIsListedMay) {
  const ExecAccess access({.uids = {0, 1000}});
  EXPECT_EQ(access.CallerOf(Unix(0)).value(), "uid 0");
  EXPECT_EQ(access.CallerOf(Unix(1000)).value(), "uid 1000");
}

TEST(ExecAccessTest, OnAUnixSocketNobodyElseMay) {
  ExpectNotOffered(ExecAccess({.uids = {0}}).CallerOf(Unix(1000)), "--exec-uid 1000");
  ExpectNotOffered(ExecAccess({.uids = {1000}}).CallerOf(Unix(0)), "--exec-uid 0");
  ExpectNotOffered(ExecAccess({.uids = {}}).CallerOf(Unix(0)), "--exec-uid 0");
}

TEST(ExecAccessTest, LoopbackMayUnlessItIsOff) {
  EXPECT_EQ(ExecAccess({}).CallerOf(kLocal).value(), "local");
  ExpectNotOffered(ExecAccess({.uids = {0}, .loopback = false}).CallerOf(kLocal), "unix socket");
}

TEST(ExecAccessTest, WhoeverComesFromElsewhereMayNot) {
  ExpectNotOffered(ExecAccess({}).CallerOf({}), "own host alone");
  ExpectNotOffered(ExecAccess({}).CallerOf({Peer::Way::kOther, 0, "10.0.0.1:40123"}), "own host alone");
}

}  // namespace
}  // namespace warren::auth
