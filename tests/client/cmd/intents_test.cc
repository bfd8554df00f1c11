// `warren intents` and `warren intent submit`.

#include <gmock/gmock.h>

#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kId = "0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11";
const std::string kName = "hosts/h1/intents/" + kId;

class IntentCommands : public CommandTest {
 protected:
  v1::Intent InState(v1::Intent::State state) {
    v1::Intent intent;
    intent.set_name(kName);
    intent.set_state(state);
    return intent;
  }
};

TEST_F(IntentCommands, ListAsksForHostsAndStates) {
  api_.list_intents.Answers([this](const v1::ListIntentsRequest& request, v1::ListIntentsResponse* response) {
    *response->add_intents() = InState(v1::Intent::QUEUED);
    if (request.page_token().empty()) response->set_next_page_token("more");
    return absl::OkStatus();
  });
  EXPECT_EQ(Run("intents list h1 --state QUEUED --state running -o name").out, kName + "\n" + kName + "\n");
  EXPECT_EQ(Run("intents -o name").code, 0);
  const auto asked = api_.list_intents.Asked();
  ASSERT_EQ(asked.size(), 4u);
  EXPECT_EQ(asked[0].parent(), "hosts/h1");
  EXPECT_THAT(asked[0].states(), testing::ElementsAre(v1::Intent::QUEUED, v1::Intent::RUNNING));
  EXPECT_THAT(asked[1].states(), testing::ElementsAre(v1::Intent::QUEUED, v1::Intent::RUNNING));
  EXPECT_EQ(asked[2].parent(), "hosts/-");
  EXPECT_TRUE(asked[2].states().empty());
}

TEST_F(IntentCommands, ShowTakesEitherName) {
  api_.get_intent.Returns(InState(v1::Intent::FAILED));
  EXPECT_EQ(Run("intents show h1/" + kId + " -o name").out, kName + "\n");
  const Ran ran = Run("intent show " + kName);
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("FAILED"));
  EXPECT_EQ(api_.get_intent.Asked()[0].name(), kName);
  EXPECT_EQ(api_.get_intent.Asked()[1].name(), kName);
}

TEST_F(IntentCommands, WaitEndsAsTheIntentDid) {
  api_.wait_intent.Returns(InState(v1::Intent::SUCCEEDED));
  EXPECT_EQ(Run("intents wait h1/" + kId).code, 0);
  EXPECT_EQ(api_.wait_intent.Asked().front().name(), kName);
  v1::Intent failed = InState(v1::Intent::FAILED);
  failed.mutable_error()->set_message("no");
  api_.wait_intent.Returns(failed);
  const Ran ran = Run("intents wait h1/" + kId);
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("warren intents wait: host h1: no"), HasSubstr("FAILED")));
  api_.wait_intent.Returns(InState(v1::Intent::RUNNING));
  EXPECT_EQ(Run("intents wait --timeout 30s h1/" + kId).code, 3);
  api_.wait_intent.Fails(absl::NotFoundError("there is none"));
  EXPECT_EQ(Run("intents wait h1/" + kId).code, 1);
}

TEST_F(IntentCommands, CancelPrintsTheIntentOrTheRefusal) {
  api_.cancel_intent.Returns(InState(v1::Intent::CANCELLED));
  const Ran cancelled = Run("intents cancel h1/" + kId);
  EXPECT_EQ(cancelled.code, 0);
  EXPECT_THAT(cancelled.out, HasSubstr("CANCELLED"));
  EXPECT_EQ(api_.cancel_intent.Asked().front().name(), kName);
  api_.cancel_intent.Fails(absl::FailedPreconditionError("it is RUNNING"));
  const Ran refused = Run("intents cancel h1/" + kId);
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err, "warren intents cancel: FAILED_PRECONDITION: it is RUNNING\n");
}

TEST_F(IntentCommands, SubmitSendsTheOperationsOfAFile) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  const Ran ran = Run("intent submit h1 -f -", "operations: [{createNamespace: {namespace: red}}]");
  EXPECT_EQ(ran.code, 0) << ran.err;
  ASSERT_EQ(api_.create_intent.Asked().size(), 1u);
  EXPECT_EQ(api_.create_intent.Asked().front().parent(), "hosts/h1");
  EXPECT_EQ(api_.create_intent.Asked().front().intent().ShortDebugString(),
            "operations { create_namespace { namespace: \"red\" } }");
}

TEST_F(IntentCommands, SubmitRefusesABadFileWithoutAskingTheServer) {
  const Ran ran = Run("intent submit h1 -f -", "operations:\n- createNamespace: {namespaec: red}\n");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err,
              HasSubstr("warren intent submit: standard input: line 2, column 21: unknown field \"namespaec\""));
  EXPECT_TRUE(api_.create_intent.Asked().empty());
}

TEST_F(IntentCommands, SubmitAdvisesInTheWordsOfTheFile) {
  AcceptAnd(api_, v1::Intent::FAILED,
            From<v1::OperationError>(
                "operation_index: 0 operation: 'create_namespace' object: 'red' code: 6 message: 'it exists'"));
  const Ran ran = Run("intent submit h1 -f -", "operations: [{createNamespace: {namespace: red}}]");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("  allowExisting: true adopts it, if it already is as asked\n"));
}

TEST_F(IntentCommands, WhatADryRunPrintsCanBeSubmitted) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  for (const char* format : {"yaml", "json"}) {
    const Ran shown = Run(std::string("netns add h1/on --expire-in 1h --dry-run -o ") + format);
    const v1::Intent asked = api_.create_intent.Asked().back().intent();
    EXPECT_TRUE(asked.has_expire_time());
    const Ran ran = Run("intent submit h1 -f -", shown.out);
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(api_.create_intent.Asked().back().intent().ShortDebugString(), asked.ShortDebugString());
  }
}

TEST_F(IntentCommands, WhatShowPrintsIsNoFileForWhatTheServerHasFilledIn) {
  v1::Intent done = InState(v1::Intent::SUCCEEDED);
  done.add_operations()->mutable_create_namespace()->set_namespace_("red");
  api_.get_intent.Returns(done);
  const Ran shown = Run("intents show h1/" + kId + " -o yaml");
  const Ran ran = Run("intent submit h1 -f -", shown.out);
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("line 1, column 1: \"name\" is the server's to fill in; leave it out"));
  EXPECT_TRUE(api_.create_intent.Asked().empty());
}

TEST_F(IntentCommands, TheOptionSaysUntilWhenWhateverTheFileSays) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  const std::string file = "operations: [{createNamespace: {namespace: red}}]\nexpireTime: 2100-01-01T00:00:00Z\n";
  EXPECT_EQ(Run("intent submit h1 -f -", file).code, 0);
  EXPECT_EQ(api_.create_intent.Asked().back().intent().expire_time().seconds(), 4102444800);
  EXPECT_EQ(Run("intent submit h1 -f - --expire-in 1h", file).code, 0);
  EXPECT_LT(api_.create_intent.Asked().back().intent().expire_time().seconds(), 4102444800);
}

}  // namespace
}  // namespace warren::cli
