#include "server/gateway/http_status.h"

#include <gmock/gmock.h>

#include "google/rpc/error_details.pb.h"

namespace warren::gateway {
namespace {

TEST(HttpStatusTest, IsTheOneOfTheCode) {
  // google/rpc/code.proto, from OK to UNAUTHENTICATED.
  const int expected[] = {200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401};
  for (int code = 0; code < 17; ++code) EXPECT_EQ(HttpStatusOf(code), expected[code]) << code;
  EXPECT_EQ(HttpStatusOf(17), 500);
  EXPECT_EQ(HttpStatusOf(-1), 500);
}

TEST(HttpStatusTest, AnErrorsBodyHasItsDetails) {
  google::rpc::Status status = ToRpcStatus(absl::NotFoundError("there is none"));
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field("a");
  status.add_details()->PackFrom(bad);
  EXPECT_EQ(ErrorBody(status, false),
            R"({"code":5,"message":"there is none","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest",)"
            R"("fieldViolations":[{"field":"a"}]}]})");
}

TEST(HttpStatusTest, DetailsThatNobodyKnowsAreLeftOut) {
  google::rpc::Status status = ToRpcStatus(absl::AbortedError("x"));
  status.add_details()->set_type_url("type.googleapis.com/nobody.Knows");
  status.mutable_details(0)->set_value("\x0a\x01x");
  EXPECT_EQ(ErrorBody(status, false), R"({"code":10,"message":"x"})");
}

}  // namespace
}  // namespace warren::gateway
