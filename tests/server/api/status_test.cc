#include "server/api/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/common/status_payload.h"

namespace warren::api {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

TEST(StatusTest, CodeAndMessageStay) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status = ToGrpc(absl::Status(static_cast<absl::StatusCode>(code), "why"));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(status.error_message(), "why");
  }
}

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  EXPECT_TRUE(Details(status).details(0).UnpackTo(&info)) << "the reason comes first";
  return info;
}

TEST(StatusTest, EveryErrorHasAReasonOfOurDomain) {
  EXPECT_EQ(InfoOf(ToGrpc(absl::NotFoundError("gone"))).reason(), "NOT_FOUND");
  const auto info = InfoOf(ToGrpc(WithReason(absl::NotFoundError("gone"), "HOST_NOT_FOUND", {{"host", "h1"}})));
  EXPECT_EQ(info.reason(), "HOST_NOT_FOUND");
  EXPECT_EQ(info.domain(), "warren.v1");
  EXPECT_EQ(info.metadata().at("host"), "h1");
}

TEST(StatusTest, AResourceTravelsToo) {
  const auto status = ToGrpc(WithResource(absl::NotFoundError("gone"), "warren.v1.Host", "hosts/h1"));
  google::rpc::ResourceInfo resource;
  ASSERT_TRUE(Details(status).details(1).UnpackTo(&resource));
  EXPECT_EQ(resource.resource_type(), "warren.v1.Host");
  EXPECT_EQ(resource.resource_name(), "hosts/h1");
}

TEST(StatusTest, DetailsTravelAsAGoogleRpcStatus) {
  const grpc::Status status = ToGrpc(BadRequestError({{"parent", "is bad"}, {"request_id", "is worse"}}));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const google::rpc::Status details = Details(status);
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), status.error_message());
  ASSERT_EQ(details.details_size(), 2);
  google::rpc::BadRequest bad;
  ASSERT_TRUE(details.details(1).UnpackTo(&bad));
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(1).field(), "request_id");
  EXPECT_EQ(bad.field_violations(1).description(), "is worse");
}

TEST(StatusTest, RetryInfoTravelsToo) {
  const google::rpc::Status details = Details(ToGrpc(ExhaustedError("full", absl::Seconds(3))));
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 3);
}

TEST(StatusTest, ARoomsOwnPayloadsStayInside) {
  absl::Status status = absl::FailedPreconditionError("no");
  status.SetPayload("warren/key", absl::Cord("secret"));
  EXPECT_THAT(ToGrpc(status).error_details(), Not(HasSubstr("secret")));
}

TEST(StatusTest, WhatIsTooLongForTrailersIsCut) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 500; ++i) violations.push_back({absl::StrCat("operations[", i, "]"), std::string(300, 'x')});
  const grpc::Status status = ToGrpc(BadRequestError(violations));
  // Of the 8 KiB: the message, and the details in base64.
  EXPECT_LT(status.error_message().size() + status.error_details().size() * 4 / 3, 7500u);
  EXPECT_THAT(status.error_message(), EndsWith("…"));
  google::rpc::BadRequest bad;
  ASSERT_TRUE(Details(status).details(1).UnpackTo(&bad));
  ASSERT_GT(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "operations[0]");
  EXPECT_THAT(bad.field_violations(bad.field_violations_size() - 1).description(),
              EndsWith(absl::StrCat(" (and ", 500 - bad.field_violations_size(), " more)")));
}

TEST(StatusTest, OneViolationThatIsTooLongIsCutToo) {
  const grpc::Status status = ToGrpc(BadRequestError({{std::string(9000, 'f'), std::string(9000, 'd')}}));
  google::rpc::BadRequest bad;
  ASSERT_TRUE(Details(status).details(1).UnpackTo(&bad));
  EXPECT_THAT(bad.field_violations(0).description(), HasSubstr("ddd"));
  EXPECT_LT(status.error_details().size(), 4000u);
}

TEST(StatusTest, IsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 3000) text += "é";
  for (const std::string prefix : {"", "a"}) {
    std::string message = ToGrpc(absl::InternalError(prefix + text)).error_message();
    ASSERT_THAT(message, EndsWith("…"));
    message.resize(message.size() - 3);
    EXPECT_THAT(message, EndsWith("é"));
  }
}

}  // namespace
}  // namespace warren::api
