// Servers that do not answer.

#include <gmock/gmock.h>

#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Unreachable, NobodyListening) {
  const Ran ran = RunCommand("--server unix:/nonexistent/server.sock --timeout 30s netns list");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("warren netns list: no answer from server unix:/nonexistent/server.sock within "
                                       "30s: UNAVAILABLE"),
                             HasSubstr("is warren-server running there?"), HasSubstr("WARREN_SERVER")));
  EXPECT_THAT(ran.err, HasSubstr("trying again for up to 30s"));
  EXPECT_THAT(ran.err, Not(HasSubstr("--request-id")));
}

class Unanswered : public CommandTest {};

TEST_F(Unanswered, ASubmitSaysWithWhichIdToRepeatIt) {
  api_.create_intent.Fails(absl::UnavailableError("shutting down"));
  const Ran ran = Run("netns add h1/red --timeout 30s");
  EXPECT_EQ(ran.code, 3);
  const auto asked = api_.create_intent.Asked();
  ASSERT_GE(asked.size(), 2u);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("shutting down"), HasSubstr("--request-id " + asked.back().request_id())));
  for (const auto& request : asked) EXPECT_EQ(request.request_id(), asked.front().request_id());
}

TEST_F(Unanswered, ADeadlineIsThreeToo) {
  api_.create_intent.Fails(absl::DeadlineExceededError("too slow"));
  const Ran ran = Run("netns add h1/red");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("DEADLINE_EXCEEDED"), HasSubstr("--request-id")));
}

TEST_F(Unanswered, AWaitSaysThatTheIntentGoesOnAndHowToWaitForIt) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  api_.wait_intent.Fails(absl::UnavailableError("shutting down"));
  const Ran ran = Run("netns add h1/red --timeout 30s");
  EXPECT_EQ(ran.code, 3);
  const std::string name = "h1/" + api_.create_intent.Asked().front().request_id();
  EXPECT_THAT(ran.err, AllOf(HasSubstr("intent " + name + " was accepted and goes on"),
                             HasSubstr("`warren intents wait " + name + "`")));
}

}  // namespace
}  // namespace warren::cli
