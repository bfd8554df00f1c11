// `warren intent submit` for several hosts, --dry-run, --expire-in, and `warren hosts delete`.

#include "client/cmd/batch.h"

#include <gmock/gmock.h>

#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kId = "0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11";
constexpr char kRed[] = "operations: [{createNamespace: {namespace: red}}]\n";

class Batches : public CommandTest {
 protected:
  Batches() {
    api_.batch_create_intents.Answers(
        [](const v1::BatchCreateIntentsRequest& request, v1::BatchCreateIntentsResponse* response) {
          for (const auto& item : request.requests()) {
            v1::Intent* intent = response->add_intents();
            *intent = item.intent();
            intent->set_name(item.parent() + "/intents/" + item.request_id());
            intent->set_state(v1::Intent::QUEUED);
          }
          return absl::OkStatus();
        });
  }
  // Every intent ends in that state, but h2's.
  void End(v1::Intent::State state, v1::Intent::State of_h2) {
    api_.wait_intent.Answers([state, of_h2](const v1::WaitIntentRequest& request, v1::Intent* intent) {
      intent->set_name(request.name());
      intent->set_state(request.name().substr(0, 9) == "hosts/h2/" ? of_h2 : state);
      if (intent->state() == v1::Intent::FAILED) intent->mutable_error()->set_message("the disk is on fire");
      return absl::OkStatus();
    });
  }
  std::vector<std::string> Parents() {
    std::vector<std::string> parents;
    const auto request = api_.batch_create_intents.Asked().back();
    for (const auto& item : request.requests()) parents.push_back(item.parent());
    return parents;
  }
};

TEST_F(Batches, OfSeveralHostsAreOneCallAndAwaitedTogether) {
  End(v1::Intent::SUCCEEDED, v1::Intent::SUCCEEDED);
  const Ran ran = Run("intent submit h1,h2,h3 -f - --allow-unknown-host", kRed);
  EXPECT_EQ(ran.code, 0) << ran.err;
  ASSERT_EQ(api_.batch_create_intents.Asked().size(), 1u);
  EXPECT_THAT(Parents(), ElementsAre("hosts/h1", "hosts/h2", "hosts/h3"));
  const auto request = api_.batch_create_intents.Asked()[0];
  for (const auto& item : request.requests()) {
    EXPECT_EQ(item.intent().operations_size(), 1);
    EXPECT_TRUE(item.allow_unknown_host());
    EXPECT_EQ(WhyBadUuid(item.request_id()), std::nullopt);
  }
  EXPECT_EQ(api_.wait_intent.Asked().size(), 3u);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("h1/"), HasSubstr("h2/"), HasSubstr("h3/"), HasSubstr("SUCCEEDED")));
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 3) << "a line of progress each: " << ran.err;
}

TEST_F(Batches, OfDocumentsNameTheirHosts) {
  End(v1::Intent::SUCCEEDED, v1::Intent::SUCCEEDED);
  const std::string file = std::string("host: h1\n") + kRed + "---\nhost: h2\n" + kRed + "---\nhost: h1\n" + kRed;
  const Ran ran = Run("intent submit -f - --request-id " + kId, file);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(Parents(), ElementsAre("hosts/h1", "hosts/h2", "hosts/h1"));
  const auto requests = api_.batch_create_intents.Asked()[0].requests();
  EXPECT_EQ(requests[0].request_id(), kId);
  EXPECT_EQ(requests[1].request_id(), kId);
  EXPECT_EQ(requests[2].request_id(), "0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c12");
}

TEST_F(Batches, OfOneAreAnOrdinarySubmit) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  EXPECT_EQ(Run("intent submit -f -", std::string("host: h1\n") + kRed).code, 0);
  EXPECT_TRUE(api_.batch_create_intents.Asked().empty());
  EXPECT_EQ(api_.create_intent.Asked().front().parent(), "hosts/h1");
}

TEST_F(Batches, WithAHostInBothPlacesOrInNoneAreRefused) {
  const Ran both = Run("intent submit h1 -f -", std::string("host: h2\n") + kRed);
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, HasSubstr("line 1: host h2 is named in the file; take HOST from the command line"));
  const Ran none = Run("intent submit -f -", std::string("host: h2\n") + kRed + "---\n" + kRed);
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("HOST is required: line 4: no host is named in the file"));
}

TEST_F(Batches, OfWhichOneFailsFailAndSaySo) {
  End(v1::Intent::SUCCEEDED, v1::Intent::FAILED);
  const Ran ran = Run("intent submit h1,h2,h3 -f -", kRed);
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("FAILED"), HasSubstr("SUCCEEDED")));
  EXPECT_THAT(ran.err, AllOf(HasSubstr("host h2: the disk is on fire"),
                             HasSubstr("warren intent submit: 2 of 3 intents succeeded: 1 FAILED\n")));
}

TEST_F(Batches, ThatAreNotDoneInTimeEndWithThree) {
  End(v1::Intent::SUCCEEDED, v1::Intent::QUEUED);
  const Ran ran = Run("intent submit h1,h2 -f - --timeout 3s -o json", kRed);
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("[\n {"), HasSubstr("\"QUEUED\""), HasSubstr("\"SUCCEEDED\"")));
  EXPECT_THAT(ran.err, AllOf(HasSubstr("1 of 2 intents succeeded: 1 QUEUED"), HasSubstr("after 3s go on")));
}

TEST_F(Batches, ThatAreRefusedSubmitNothing) {
  api_.batch_create_intents.Fails(BadRequestError({{"requests[1].intent.operations[0]", "is bad"}}));
  const Ran ran = Run("intent submit h1,h2 -f -", kRed);
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("  requests[1].intent.operations[0]: is bad\n"));
}

TEST_F(Batches, WhoseFateIsUnknownCanBeSentAgainUnderOneId) {
  api_.batch_create_intents.Fails(absl::UnavailableError("stopping"));
  const Ran ran = Run("intent submit h1,h2 -f - --timeout 5s", kRed);
  EXPECT_EQ(ran.code, 3);
  const std::string id = api_.batch_create_intents.Asked().front().requests(0).request_id();
  EXPECT_THAT(ran.err, HasSubstr("the same command with --request-id " + id + " finds out"));
}

TEST_F(Batches, WithNoWaitPrintWhatWasAccepted) {
  const Ran ran = Run("intent submit h1,h2 -f - --no-wait -o name --request-id " + kId, kRed);
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "hosts/h1/intents/" + kId + "\nhosts/h2/intents/" + kId + "\n");
  EXPECT_TRUE(api_.wait_intent.Asked().empty());
}

TEST(BatchRequestId, CountsUpAndStaysAUuid) {
  EXPECT_EQ(BatchRequestId(kId, 0), kId);
  EXPECT_EQ(BatchRequestId("0b5f0e9c-6a52-4c0e-9b1e-ffffffffffff", 2), "0b5f0e9c-6a52-4c0e-9b1e-000000000001");
  EXPECT_EQ(WhyBadUuid(BatchRequestId(kId, 1000)), std::nullopt);
}

class DryRuns : public Batches {};

TEST_F(DryRuns, OnlyCheckAndShowWhatWouldBeSubmitted) {
  api_.create_intent.Returns(From<v1::Intent>("operations { create_namespace { namespace: 'red' } }"));
  const Ran ran = Run("netns add h1/red --dry-run");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(api_.create_intent.Asked().front().validate_only());
  EXPECT_TRUE(api_.wait_intent.Asked().empty());
  EXPECT_EQ(ran.out, "Host:         h1\nOperations:   0  create_namespace red\n");
  EXPECT_EQ(ran.err, "warren netns add: dry run: the server would accept this; nothing was submitted\n");
  EXPECT_THAT(Run("netns add h1/red --dry-run -o yaml").out,
              AllOf(HasSubstr("operations:\n"), HasSubstr("namespace: red")));
}

TEST_F(DryRuns, OfBatchesShowEach) {
  const Ran ran = Run("intent submit h1,h2 -f - --dry-run", kRed);
  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(api_.batch_create_intents.Asked().front().validate_only());
  EXPECT_EQ(ran.out,
            "Host:         h1\nOperations:   0  create_namespace red\n\n"
            "Host:         h2\nOperations:   0  create_namespace red\n");
  EXPECT_THAT(Run("intent submit h1,h2 -f - --dry-run -o json", kRed).out, HasSubstr("\"parent\": \"hosts/h2\""));
}

TEST_F(DryRuns, ThatAreRefusedSayWhy) {
  api_.create_intent.Fails(absl::UnavailableError("stopping"));
  const Ran ran = Run("netns add h1/red --dry-run --timeout 2s");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, Not(HasSubstr("whether it was accepted")));
}

TEST_F(Batches, ExpireAtTheTimeGiven) {
  AcceptAnd(api_, v1::Intent::SUCCEEDED);
  const absl::Time before = absl::Now();
  EXPECT_EQ(Run("netns add h1/red --expire-in 1h30m").code, 0);
  const auto expire = api_.create_intent.Asked().front().intent().expire_time();
  const absl::Time at = absl::FromUnixSeconds(expire.seconds()) + absl::Nanoseconds(expire.nanos());
  EXPECT_GE(at, before + absl::Minutes(90));
  EXPECT_LE(at, absl::Now() + absl::Minutes(90));
  EXPECT_EQ(Run("netns add h1/red").code, 0);
  EXPECT_FALSE(api_.create_intent.Asked().back().intent().has_expire_time());
}

TEST_F(Batches, ProgressOfASingleIntentIsALineForEachChange) {
  AcceptAnd(api_, v1::Intent::RUNNING);
  const Ran ran = Run("netns add h1/red --timeout 30s --request-id " + kId);
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, testing::StartsWith("h1/" + kId + " RUNNING\nwarren netns add: intent h1/"));
  AcceptAnd(api_, v1::Intent::RUNNING);
  EXPECT_THAT(Run("netns add h1/red --timeout 30s --color always").err, HasSubstr("\x1b[36mRUNNING\x1b[0m"));
}

class HostDeletion : public CommandTest {};

TEST_F(HostDeletion, ForgetsAHost) {
  api_.delete_host.Returns({});
  const Ran ran = Run("hosts delete h1 --allow-missing");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "host h1 deleted\n");
  EXPECT_EQ(api_.delete_host.Asked().back().ShortDebugString(), "name: \"hosts/h1\" allow_missing: true");
  EXPECT_EQ(Run("hosts delete h1 --dry-run").out, "host h1 would be deleted\n");
  EXPECT_TRUE(api_.delete_host.Asked().back().validate_only());
  EXPECT_EQ(Run("hosts delete h1 -o name").out, "hosts/h1\n");
}

TEST_F(HostDeletion, OfAHostThatIsThereSaysWhatToDo) {
  api_.delete_host.Fails(
      WithReason(absl::FailedPreconditionError("host h1 is connected"), "HOST_CONNECTED", {{"host", "h1"}}));
  const Ran ran = Run("hosts delete h1");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err,
            "warren hosts delete: FAILED_PRECONDITION: host h1 is connected\n"
            "  stop warren-agent on h1 first, or it would be back at once\n");
}

class Reasons : public CommandTest {};

TEST_F(Reasons, ACancelAtAHostThatIsAwayIsAnsweredAtOnceWithAdvice) {
  api_.cancel_intent.Fails(WithReason(absl::UnavailableError("host h1 is away"), "HOST_AWAY", {{"host", "h1"}}));
  const Ran ran = Run("intents cancel h1/" + kId);
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(api_.cancel_intent.Asked().size(), 1u);
  EXPECT_EQ(ran.err,
            "warren intents cancel: UNAVAILABLE: host h1 is away\n"
            "  `warren hosts show h1` says when it was last seen\n");
}

TEST_F(Reasons, AdviceIsNotGivenTwice) {
  api_.get_host.Fails(WithReason(absl::NotFoundError("there is no host h1; ListHosts shows those there are"),
                                 "HOST_NOT_FOUND", {{"host", "h1"}}));
  EXPECT_EQ(Run("hosts show h1").err,
            "warren hosts show: NOT_FOUND: there is no host h1; `warren hosts list` shows those there are\n");
  api_.get_host.Fails(WithRetry(absl::ResourceExhaustedError("busy"), absl::Seconds(3)));
  EXPECT_THAT(Run("hosts show h1").err, HasSubstr("busy\n  try again in 3s\n"));
}

}  // namespace
}  // namespace warren::cli
