#include "client/lib/status.h"

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include "google/rpc/status.pb.h"

namespace warren::client {
namespace {

// As a server sends an absl::Status with payloads.
grpc::Status OverTheWire(const absl::Status& status) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload([&details](absl::string_view url, const absl::Cord& payload) {
    auto* detail = details.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message()), details.SerializeAsString()};
}

TEST(FromGrpc, KeepsEveryCodeAndTheMessage) {
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
  for (int code = 2; code <= 16; ++code) {
    const absl::Status status = FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(code), "why"));
    EXPECT_EQ(static_cast<int>(status.code()), code);
    EXPECT_EQ(status.message(), "why");
  }
}

TEST(FromGrpc, ACallThatTheServerCutIsAServerThatIsAway) {
  const absl::Status status = FromGrpc(grpc::Status(grpc::StatusCode::CANCELLED, "CANCELLED"));
  EXPECT_EQ(status, absl::UnavailableError("the server ended the call: CANCELLED"));
}

TEST(FromGrpc, KeepsReasonResourceAndDelay) {
  const absl::Status sent =
      WithRetry(WithResource(WithReason(absl::UnavailableError("away"), "HOST_AWAY"), "warren.v1.Host", "hosts/h1"),
                absl::Seconds(3));
  const absl::Status status = FromGrpc(OverTheWire(sent));
  EXPECT_EQ(ReasonOf(status), kHostAway);
  EXPECT_EQ(ResourceOf(status), "hosts/h1");
  EXPECT_EQ(RetryDelay(status), absl::Seconds(3));
  EXPECT_EQ(RetryDelay(absl::UnavailableError("x")), std::nullopt);
  EXPECT_EQ(ResourceOf(absl::UnavailableError("x")), "");
  const absl::Status full = WithReason(absl::ResourceExhaustedError("full"), "HOST_QUEUE_FULL", {{"host", "h1"}});
  EXPECT_EQ(ErrorMetadata(full, "host"), "h1");
  EXPECT_EQ(ErrorMetadata(full, "rack"), "");
  EXPECT_EQ(ErrorMetadata(status, "host"), "");
}

TEST(FromGrpc, KeepsTheDetails) {
  const absl::Status sent = BadRequestError(
      {{"operations[0].create_namespace.namespace", "has a \"/\""}, {"operations[1].set_link.mtu", "is below 68"}});
  EXPECT_EQ(FromGrpc(OverTheWire(sent)), sent);
  const auto violations = FieldViolations(FromGrpc(OverTheWire(sent)));
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].field, "operations[0].create_namespace.namespace");
  EXPECT_EQ(violations[0].description, "has a \"/\"");
  EXPECT_EQ(violations[1].field, "operations[1].set_link.mtu");
}

TEST(FromGrpc, DetailsThatAreRubbishAreLeftOut) {
  const absl::Status status = FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, "why", "\xff\xff\xff"));
  EXPECT_EQ(status, absl::InternalError("why"));
  EXPECT_TRUE(FieldViolations(status).empty());
}

TEST(FieldViolations, AreNoneWithoutABadRequest) {
  EXPECT_TRUE(FieldViolations(absl::OkStatus()).empty());
  EXPECT_TRUE(FieldViolations(absl::InvalidArgumentError("x")).empty());
  absl::Status rubbish = absl::InvalidArgumentError("x");
  rubbish.SetPayload(kBadRequestUrl, absl::Cord("\xff\xff"));
  EXPECT_TRUE(FieldViolations(rubbish).empty());
}

}  // namespace
}  // namespace warren::client
