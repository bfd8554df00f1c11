#include "proto/common/refusals.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "proto/common/status_payload.h"

namespace warren {
namespace {

int64_t RetrySeconds(const absl::Status& status) {
  google::rpc::RetryInfo retry;
  const auto payload = status.GetPayload(kRetryInfoUrl);
  if (!payload || !retry.ParseFromString(std::string(*payload))) return -1;
  return retry.retry_delay().seconds();
}

TEST(Refusals, AServerThatStopsIsWorthAnotherTry) {
  const absl::Status status = StoppingError("connect again");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "connect again");
  EXPECT_EQ(ReasonOf(status), "SERVER_STOPPING");
  EXPECT_EQ(RetrySeconds(status), 1);
}

TEST(Refusals, AHostThatIsNotThereIsNamedAsAResource) {
  const absl::Status status = HostNotFoundError("h1", ": check the name");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "host h1: check the name");
  EXPECT_EQ(ReasonOf(status), "HOST_NOT_FOUND");
  google::rpc::ResourceInfo resource;
  ASSERT_TRUE(resource.ParseFromString(std::string(status.GetPayload(kResourceInfoUrl).value())));
  EXPECT_EQ(resource.resource_name(), "hosts/h1");
  EXPECT_EQ(RetrySeconds(status), -1);
}

TEST(Refusals, AHostThatIsBeingDeletedSaysWhenToComeAgain) {
  const absl::Status status = HostBeingDeletedError(absl::StatusCode::kAborted, "h1", "try again", absl::Seconds(3));
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "host h1 is being deleted; try again");
  EXPECT_EQ(ReasonOf(status), "HOST_BEING_DELETED");
  EXPECT_EQ(RetrySeconds(status), 3);
}

}  // namespace
}  // namespace warren
