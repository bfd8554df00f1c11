#include "server/exec/wire.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

template <typename Message>
std::optional<uint8_t> First(const Message& message) {
  const std::string bytes = message.SerializeAsString();
  if (bytes.empty()) return std::nullopt;
  return static_cast<uint8_t>(bytes[0]);
}

TEST(ExecWireTest, TheFirstByteTellsAResponsesKind) {
  v1::SessionResponse response;
  EXPECT_EQ(KindOfResponse(First(response)), Kind::kOther);
  response.set_stdout("x");
  EXPECT_EQ(KindOfResponse(First(response)), Kind::kOther);
  response.set_stderr(std::string(300, '\x2a'));
  EXPECT_EQ(KindOfResponse(First(response)), Kind::kOther);
  response.mutable_started()->set_pid(7);
  EXPECT_EQ(KindOfResponse(First(response)), Kind::kStarted);
  response.mutable_exit();
  EXPECT_EQ(KindOfResponse(First(response)), Kind::kExit);
  response.mutable_error()->set_code(5);
  EXPECT_EQ(KindOfResponse(First(response)), Kind::kError);
}

TEST(ExecWireTest, TheFirstByteTellsTheEndOfStandardInput) {
  v1::SessionRequest request;
  request.set_stdin("x");
  EXPECT_EQ(KindOfRequest(First(request)), Kind::kOther);
  request.mutable_signal()->set_name("INT");
  EXPECT_EQ(KindOfRequest(First(request)), Kind::kOther);
  ASSERT_TRUE(request.ParseFromString(StdinEndMessage()));
  EXPECT_TRUE(request.has_stdin_end());
  EXPECT_EQ(KindOfRequest(First(request)), Kind::kStdinEnd);
}

TEST(ExecWireTest, AMessageWithTheLargestStdinIsNoLargerThanAllowed) {
  v1::SessionRequest request;
  request.set_stdin(std::string(kMaxStdin, 'x'));
  EXPECT_LE(request.ByteSizeLong(), kMaxRequest);
}

TEST(ExecWireTest, AnAgentsErrorKeepsItsDetails) {
  google::rpc::Status said;
  said.set_code(5);
  said.set_message("host h1: there is no command \"sh\"");
  google::rpc::ErrorInfo info;
  info.set_reason("COMMAND_NOT_FOUND");
  said.add_details()->PackFrom(info);
  const absl::Status status = ErrorOf("h1", said);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), said.message());
  EXPECT_EQ(ReasonOf(status), "COMMAND_NOT_FOUND");
}

TEST(ExecWireTest, AnErrorThatIsNoneIsInternal) {
  google::rpc::Status said;
  for (const int code : {0, -1, 17, 1000}) {
    said.set_code(code);
    EXPECT_EQ(ErrorOf("h1", said).code(), absl::StatusCode::kInternal) << code;
  }
}

}  // namespace
}  // namespace warren::exec
