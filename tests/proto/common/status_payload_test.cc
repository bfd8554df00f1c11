#include "proto/common/status_payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"

namespace warren {
namespace {

TEST(StatusPayload, EveryBadFieldIsInTheMessageAndInTheDetails) {
  const absl::Status status = BadRequestError({{"parent", "is empty"}, {"intent.operations[1].mtu", "is 3"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "parent: is empty; intent.operations[1].mtu: is 3");
  google::rpc::BadRequest details;
  ASSERT_TRUE(details.ParseFromString(std::string(status.GetPayload(kBadRequestUrl).value())));
  ASSERT_EQ(details.field_violations_size(), 2);
  EXPECT_EQ(details.field_violations(1).field(), "intent.operations[1].mtu");
  EXPECT_EQ(details.field_violations(1).description(), "is 3");
}

TEST(StatusPayload, ExhaustionSaysWhenToTryAgainNeverTooSoon) {
  const absl::Status status = ExhaustedError("host h1 has 10000 intents queued", absl::Milliseconds(1500));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "host h1 has 10000 intents queued; try again in 1.5s");
  google::rpc::RetryInfo details;
  ASSERT_TRUE(details.ParseFromString(std::string(status.GetPayload(kRetryInfoUrl).value())));
  EXPECT_EQ(details.retry_delay().seconds(), 2);
}

TEST(StatusPayload, TextForPeopleHasNoPayloadsInIt) {
  EXPECT_EQ(ToText(ExhaustedError("full", absl::Seconds(1))), "RESOURCE_EXHAUSTED: full; try again in 1s");
  EXPECT_EQ(ToText(absl::OkStatus()), "OK");
}

TEST(StatusPayload, AReasonComesBackAndAnErrorMayHaveNone) {
  const absl::Status status = WithReason(absl::NotFoundError("no"), "HOST_NOT_FOUND", {{"host", "h1"}});
  EXPECT_EQ(ReasonOf(status), "HOST_NOT_FOUND");
  EXPECT_EQ(ReasonOf(absl::NotFoundError("no")), "");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(info.ParseFromString(std::string(status.GetPayload(kErrorInfoUrl).value())));
  EXPECT_EQ(info.domain(), "warren.v1");
  EXPECT_EQ(info.metadata().at("host"), "h1");
}

}  // namespace
}  // namespace warren
