// Submitting, waiting, and telling what came of it.

#include <gmock/gmock.h>

#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kId[] = "0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11";

class Changes : public CommandTest {};

TEST_F(Changes, AreSubmittedAwaitedAndPrinted) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  const Ran ran = Run("netns add h1/red");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, IsEmpty());
  ASSERT_EQ(api_.create_intent.Asked().size(), 1u);
  const auto request = api_.create_intent.Asked().front();
  EXPECT_EQ(request.parent(), "hosts/h1");
  EXPECT_EQ(WhyBadUuid(request.request_id()), std::nullopt);
  EXPECT_FALSE(request.allow_unknown_host());
  ASSERT_EQ(api_.wait_intent.Asked().size(), 1u);
  EXPECT_EQ(api_.wait_intent.Asked().front().name(), "hosts/h1/intents/" + request.request_id());
  EXPECT_THAT(ran.out, AllOf(HasSubstr("h1/" + request.request_id()), HasSubstr("SUCCEEDED"),
                             HasSubstr("create_namespace red")));
}

TEST_F(Changes, WithNoWaitAreOnlySubmitted) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  const Ran ran = Run("netns add h1/red --no-wait -o name --request-id " + std::string(kId));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "hosts/h1/intents/" + std::string(kId) + "\n");
  EXPECT_TRUE(api_.wait_intent.Asked().empty());
}

TEST_F(Changes, ThatAreFinishedAlreadyAreNotWaitedFor) {
  api_.create_intent.Returns(From<v1::Intent>("name: 'hosts/h1/intents/1' state: SUCCEEDED"));
  EXPECT_EQ(Run("netns add h1/red").code, 0);
  EXPECT_TRUE(api_.wait_intent.Asked().empty());
}

TEST_F(Changes, AreSubmittedAgainUnderTheSameIdUntilTheServerIsThere) {
  int attempts = 0;
  api_.create_intent.Answers([&attempts](const v1::CreateIntentRequest&, v1::Intent* intent) {
    if (++attempts < 3) return absl::UnavailableError("starting");
    *intent = From<v1::Intent>("name: 'hosts/h1/intents/1' state: SUCCEEDED");
    return absl::OkStatus();
  });
  const Ran ran = Run("netns add h1/red");
  EXPECT_EQ(ran.code, 0) << ran.err;
  const auto asked = api_.create_intent.Asked();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(WhyBadUuid(asked[0].request_id()), std::nullopt);
  EXPECT_EQ(asked[0].request_id(), asked[1].request_id());
  EXPECT_EQ(asked[0].request_id(), asked[2].request_id());
}

TEST_F(Changes, EachHaveAnIdOfTheirOwn) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  Run("netns add h1/red");
  Run("netns add h1/red");
  ASSERT_EQ(api_.create_intent.Asked().size(), 2u);
  EXPECT_NE(api_.create_intent.Asked()[0].request_id(), api_.create_intent.Asked()[1].request_id());
}

TEST_F(Changes, ThatTheServerRefusesNameEveryFieldOnALineOfItsOwn) {
  api_.create_intent.Fails(BadRequestError(
      {{"operations[0].create_veth.a.name", "has a \"%\""}, {"operations[0].create_veth.a.mtu", "is below 68"}}));
  const Ran ran = Run("netns add h1/red");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err,
            "warren netns add: INVALID_ARGUMENT: 2 fields are refused:\n"
            "  operations[0].create_veth.a.name: has a \"%\"\n"
            "  operations[0].create_veth.a.mtu: is below 68\n");
}

TEST_F(Changes, ForAHostNobodyKnowsSayHowToLetThemWait) {
  api_.create_intent.Fails(absl::NotFoundError("there is no host h1"));
  Ran ran = Run("netns add h1/red");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err,
              AllOf(HasSubstr("NOT_FOUND: there is no host h1"), HasSubstr("--allow-unknown-host accepts it")));
  // Not twice.
  api_.create_intent.Fails(absl::NotFoundError("no host h1; set allow_unknown_host and it waits"));
  EXPECT_EQ(Run("netns add h1/red").err,
            "warren netns add: NOT_FOUND: no host h1; set --allow-unknown-host and it waits\n");
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  Run("netns add h1/red --allow-unknown-host");
  EXPECT_TRUE(api_.create_intent.Asked().back().allow_unknown_host());
}

TEST_F(Changes, ThatAreTooManyNameTheCode) {
  api_.create_intent.Fails(ExhaustedError("host h1 has 10,000 intents queued", absl::Seconds(2)));
  const Ran ran = Run("netns add h1/red");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("RESOURCE_EXHAUSTED: host h1 has 10,000"), HasSubstr("try again in 2s")));
}

const char* const kExists =
    "operation_index: 0 operation: 'create_namespace' object: 'red' code: 6 message: 'cannot be made' errno_value: 17 "
    "errno_name: 'EEXIST' extended_ack: 'it is there'";

TEST_F(Changes, ThatFailSayWhereWhyAndWhatToDo) {
  AcceptAnd(api_, v1::Intent::FAILED, From<v1::OperationError>(kExists));
  const Ran ran = Run("netns add h1/red --request-id " + std::string(kId));
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_EQ(ran.err,
            "warren netns add: operation 0, create_namespace red on host h1: cannot be made\n"
            "  the kernel said: EEXIST: it is there\n"
            "  nothing is left of it: what it had changed was put back\n"
            "  --allow-existing adopts it, if it already is as asked\n"
            "  intent h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11 FAILED\n");
}

TEST_F(Changes, ThatFailAreStillDataForAScript) {
  AcceptAnd(api_, v1::Intent::FAILED, From<v1::OperationError>(kExists));
  const Ran ran = Run("netns add h1/red -o json");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\"state\": \"FAILED\""), HasSubstr("\"errnoName\": \"EEXIST\"")));
  EXPECT_THAT(ran.err, HasSubstr("EEXIST"));
}

TEST_F(Changes, ThatWereNotWhollyUndoneSayWhatIsLeft) {
  auto error = From<v1::OperationError>(kExists);
  error.add_not_undone("namespace blue is still there");
  AcceptAnd(api_, v1::Intent::FAILED, error);
  const Ran ran = Run("netns add h1/red");
  EXPECT_THAT(ran.err, AllOf(HasSubstr("what is left:\n    namespace blue is still there\n"),
                             Not(HasSubstr("nothing is left of it"))));
}

TEST_F(Changes, ThatAreCancelledOrExpireWereNeverStarted) {
  for (const auto state : {v1::Intent::CANCELLED, v1::Intent::EXPIRED}) {
    AcceptAnd(api_, state);
    const Ran ran = Run("netns add h1/red");
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("was never started: it is " + v1::Intent::State_Name(state)));
  }
}

TEST_F(Changes, ThatTheKernelHasNotLetGoOfSucceedWithANote) {
  api_.create_intent.Returns(
      From<v1::Intent>("name: 'hosts/h1/intents/1' state: SUCCEEDED release_pending { objects: 'namespace red' "
                       "holders: 'pid 7 (bird)' }"));
  const Ran ran = Run("netns delete h1/red");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("SUCCEEDED"));
  EXPECT_EQ(ran.err,
            "warren netns delete: deleted, but the kernel has not yet let go of: namespace red\n"
            "  held by: pid 7 (bird)\n");
}

TEST_F(Changes, StillUnderWayAfterTheTimeoutEndWithThreeAndSayHowToGoOn) {
  AcceptAnd(api_, v1::Intent::QUEUED);
  api_.get_host.Returns(From<v1::Host>("name: 'hosts/h1' connected: false"));
  const std::string name = "h1/" + std::string(kId);
  const Ran ran = Run("netns add h1/red --timeout 30s --request-id " + std::string(kId));
  EXPECT_EQ(ran.code, 3);
  EXPECT_EQ(ran.err, "warren netns add: intent " + name +
                         " is still QUEUED after 30s\n"
                         "  host h1 is not connected; the intent waits for it\n"
                         "  wait for it with `warren intents wait " +
                         name + "`, or stop it with `warren intents cancel " + name + "`\n");
  AcceptAnd(api_, v1::Intent::RUNNING);
  const Ran running = Run("netns add h1/red --timeout 30s");
  EXPECT_EQ(running.code, 3);
  EXPECT_THAT(running.err, AllOf(HasSubstr("is still RUNNING after 30s"), Not(HasSubstr("not connected"))));
}

}  // namespace
}  // namespace warren::cli
