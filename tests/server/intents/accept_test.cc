// Contracts 1 and 2: accepted means durable, and the same request_id means the same intent.

#include <thread>

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr char kId[] = "123e4567-e89b-42d3-a456-426614174000";

class AcceptTest : public QueueTest {};
INSTANTIATE_TEST_SUITE_P(Stores, AcceptTest, Stores(), StoreName);

TEST_P(AcceptTest, AnAcceptedIntentShowsWhatWasAskedAndWhereItStands) {
  AcceptRequest request = Request("h1", "red", kId);
  request.operations = CreateNamespaces({"red", "blue"});
  const v1::Intent intent = MustAccept(request);
  EXPECT_EQ(intent.name(), absl::StrCat("hosts/h1/intents/", kId));
  EXPECT_EQ(intent.state(), v1::Intent::QUEUED);
  ASSERT_EQ(intent.operations_size(), 2);
  EXPECT_EQ(intent.operations(1).create_namespace().namespace_(), "blue");
  EXPECT_EQ(intent.create_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_GT(intent.sequence(), 0);
  EXPECT_FALSE(intent.has_finish_time());
  EXPECT_EQ(Get(intent).SerializeAsString(), intent.SerializeAsString());
  EXPECT_EQ(queue().QueuedCount("h1"), 1u);
  EXPECT_THAT(queue().KnownHosts(), ElementsAre("h1"));
}

TEST_P(AcceptTest, AnIdIsMadeWhereNoneIsGiven) {
  const v1::Intent one = MustAccept("h1", "red");
  const v1::Intent two = MustAccept("h1", "red");
  EXPECT_NE(one.name(), two.name());
  EXPECT_FALSE(WhyBadUuid(IdOf(one)));
}

TEST_P(AcceptTest, NothingIsAnsweredBeforeItIsDurable) {
  queue().HostConnected("h1", 1);
  gate_.Hold();
  const Reply reply = Send(Request("h1", "red", kId));
  gate_.WaitForHeld(1);
  Settle();
  EXPECT_FALSE(reply.answered());
  EXPECT_THAT(queue().Get("h1", kId), Fails(StatusCode::kNotFound, kId));
  EXPECT_EQ(queue().QueuedCount("h1"), 0u);
  EXPECT_THAT(dispatcher_.lines(), IsEmpty());
  gate_.Release();
  EXPECT_TRUE(reply.Await().ok());
  EXPECT_EQ(queue().QueuedCount("h1"), 1u);
  dispatcher_.WaitForDelivered(1);
}

TEST_P(AcceptTest, WhatIsAnsweredIsThereAfterARestart) {
  const v1::Intent intent = MustAccept("h1", "red");
  Restart();
  EXPECT_EQ(Get(intent).SerializeAsString(), intent.SerializeAsString());
}

TEST_P(AcceptTest, AFailedCommitLeavesNothingBehind) {
  queue().HostConnected("h1", 1);
  gate_.FailWith(absl::UnavailableError("disk on fire"));
  EXPECT_THAT(Accept(Request("h1", "red", kId)), Fails(StatusCode::kUnavailable, "disk on fire"));
  gate_.RefuseWith(absl::UnavailableError("closing"));
  EXPECT_THAT(Accept(Request("h1", "red", kId)), Fails(StatusCode::kUnavailable, "closing"));
  EXPECT_EQ(queue().QueuedCount("h1"), 0u);
  EXPECT_THAT(queue().Get("h1", kId), Fails(StatusCode::kNotFound, kId));
  EXPECT_THAT(queue().KnownHosts(), IsEmpty());
  gate_.RefuseWith(absl::OkStatus());
  gate_.FailWith(absl::OkStatus());
  const v1::Intent intent = MustAccept(Request("h1", "red", kId));
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(intent, 1)), ElementsAre(Deliver(intent, 1)));
}

TEST_P(AcceptTest, AFullStoreSaysWhenToTryAgain) {
  options_.retry_after = absl::Seconds(7);
  queue();
  gate_.RefuseWith(absl::ResourceExhaustedError("the store's commit queue is full"));
  const auto refused = Accept(Request("h1", "red"));
  EXPECT_THAT(refused, Fails(StatusCode::kResourceExhausted, "commit queue is full"));
  EXPECT_EQ(RetryDelay(refused.status()), 7);
}

TEST_P(AcceptTest, TheSameIdIsAnsweredWithTheSameIntent) {
  const v1::Intent first = MustAccept(Request("h1", "red", kId));
  clock_.Advance(absl::Seconds(5));
  const v1::Intent again = MustAccept(Request("h1", "red", kId));
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(queue().QueuedCount("h1"), 1u);
  const v1::Intent upper = MustAccept(Request("h1", "red", "123E4567-E89B-42D3-A456-426614174000"));
  EXPECT_EQ(upper.name(), first.name());
}

TEST_P(AcceptTest, ARepeatShowsHowFarTheFirstHasCome) {
  queue().HostConnected("h1", 1);
  const v1::Intent first = MustAccept(Request("h1", "red", kId));
  queue().Started("h1", {first.sequence()});
  EXPECT_EQ(MustAccept(Request("h1", "red", kId)).state(), v1::Intent::RUNNING);
  Finish(first);
  WaitFor(first);
  EXPECT_EQ(MustAccept(Request("h1", "red", kId)).state(), v1::Intent::SUCCEEDED);
  Restart();
  EXPECT_EQ(MustAccept(Request("h1", "red", kId)).state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(queue().QueuedCount("h1"), 0u);
}

TEST_P(AcceptTest, AnotherBodyUnderTheSameIdIsRefusedWithTheDifference) {
  const v1::Intent first = MustAccept(Request("h1", "red", kId));
  const auto queued = Accept(Request("h1", "blue", kId));
  EXPECT_THAT(queued, Fails(StatusCode::kAlreadyExists,
                            "operations[0].create_namespace.namespace: \"red\" then, \"blue\" now"));
  EXPECT_THAT(std::string(queued.status().message()), HasSubstr(first.name()));
  queue().HostConnected("h1", 1);
  Finish(first);
  WaitFor(first);
  EXPECT_THAT(Accept(Request("h1", "blue", kId)), Fails(StatusCode::kAlreadyExists, "\"blue\" now"));
}

TEST_P(AcceptTest, IdsAreScopedToTheHost) {
  const v1::Intent one = MustAccept(Request("h1", "red", kId));
  const v1::Intent two = MustAccept(Request("h2", "blue", kId));
  EXPECT_NE(one.name(), two.name());
  EXPECT_GT(two.sequence(), one.sequence());
  EXPECT_EQ(Get(one).operations(0).create_namespace().namespace_(), "red");
  EXPECT_EQ(Get(two).operations(0).create_namespace().namespace_(), "blue");
}

TEST_P(AcceptTest, WhoComesWhileTheFirstIsOnItsWayToDiskWaitsForIt) {
  queue();
  gate_.Hold();
  const Reply first = Send(Request("h1", "red", kId));
  const Reply same = Send(Request("h1", "red", kId));
  const Reply other = Send(Request("h1", "blue", kId));
  gate_.WaitForHeld(1);
  Settle();
  EXPECT_FALSE(first.answered());
  EXPECT_FALSE(same.answered());
  EXPECT_FALSE(other.answered());
  gate_.Release();
  ASSERT_TRUE(first.Await().ok());
  ASSERT_TRUE(same.Await().ok());
  EXPECT_EQ(same.Await()->SerializeAsString(), first.Await()->SerializeAsString());
  EXPECT_THAT(other.Await(), Fails(StatusCode::kAlreadyExists, "\"blue\" now"));
  EXPECT_EQ(queue().QueuedCount("h1"), 1u);
}

TEST_P(AcceptTest, WhoCameWithAFirstThatFailsFailsWithIt) {
  queue();
  gate_.Hold();
  const Reply first = Send(Request("h1", "red", kId));
  const Reply same = Send(Request("h1", "red", kId));
  gate_.FailWith(absl::UnavailableError("disk on fire"));
  gate_.Release();
  EXPECT_THAT(first.Await(), Fails(StatusCode::kUnavailable, "disk on fire"));
  EXPECT_THAT(same.Await(), Fails(StatusCode::kUnavailable, "disk on fire"));
}

TEST_P(AcceptTest, ManyAtOnceWithOneIdMakeOneIntent) {
  queue();
  std::vector<Reply> replies(16);
  {
    std::vector<std::jthread> callers;
    for (Reply& reply : replies) {
      callers.emplace_back([this, &reply] { queue().Accept(Request("h1", "red", kId), reply.Done()); });
    }
  }
  for (const Reply& reply : replies) {
    const auto intent = reply.Await();
    ASSERT_TRUE(intent.ok()) << intent.status();
    EXPECT_EQ(intent->sequence(), replies[0].Await()->sequence());
  }
  EXPECT_EQ(queue().QueuedCount("h1"), 1u);
}

TEST_P(AcceptTest, EveryBadFieldIsNamedAtOnce) {
  AcceptRequest request;
  request.host = "-bad-";
  request.request_id = "nonsense";
  request.operations = CreateNamespaces({"good", "a/b", "@host"});
  const auto refused = Accept(std::move(request));
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(BadFields(refused.status()),
              UnorderedElementsAre("parent", "request_id", "operations[1].create_namespace.namespace",
                                   "operations[2].create_namespace.namespace"));
  EXPECT_EQ(store_->kv().Revision(), 0);
}

TEST_P(AcceptTest, AnUnknownHostIsRefusedUnlessAllowed) {
  EXPECT_THAT(Accept(Request("new", "red", kId)), Fails(StatusCode::kNotFound, "host new"));
  AcceptRequest request = Request("new", "red", kId);
  request.allow_unknown_host = true;
  const v1::Intent intent = MustAccept(std::move(request));
  queue().HostConnected("new", 1);
  dispatcher_.WaitForLine(Deliver(intent, 1));
}

TEST_P(AcceptTest, AHostIsIntroducedWithItsFirstIntent) {
  gate_.FailWith(absl::UnavailableError("no"));
  AcceptRequest request = Request("new", "red");
  request.allow_unknown_host = true;
  EXPECT_FALSE(Accept(request).ok());
  gate_.FailWith(absl::OkStatus());
  request.validate_only = true;
  MustAccept(request);
  EXPECT_THAT(directory_.TakeIntroduced(), testing::IsEmpty()) << "nothing was accepted";
  request.validate_only = false;
  MustAccept(request);
  EXPECT_THAT(directory_.TakeIntroduced(), testing::ElementsAre("new"));
  MustAccept(request);
  EXPECT_THAT(directory_.TakeIntroduced(), testing::IsEmpty()) << "it has intents";
  EXPECT_THAT(Accept(Request("new", "blue")), Fails(StatusCode::kNotFound, "host new")) << "it has not connected yet";
  Restart();
  EXPECT_THAT(directory_.TakeIntroduced(), testing::ElementsAre("new")) << "the one before may not have come to it";
}

TEST_P(AcceptTest, WhatTheKernelLacksIsRefused) {
  directory_.Lacks("h1",
                   absl::FailedPreconditionError("host h1: kernel has no network namespace support (CONFIG_NET_NS)"));
  EXPECT_THAT(Accept(Request("h1", "red")), Fails(StatusCode::kFailedPrecondition, "CONFIG_NET_NS"));
  EXPECT_EQ(queue().QueuedCount("h1"), 0u);
}

TEST_P(AcceptTest, ARepeatLooksAtNeitherHostNorCapabilitiesNorLimits) {
  options_.max_queued_per_host = 1;
  const v1::Intent first = MustAccept(Request("h1", "red", kId));
  directory_.Remove("h1");
  directory_.Lacks("h1", absl::FailedPreconditionError("no kernel at all"));
  EXPECT_EQ(MustAccept(Request("h1", "red", kId)).name(), first.name());
}

TEST_P(AcceptTest, OnlyCheckingStoresNothing) {
  AcceptRequest request = Request("h1", "red", kId);
  request.validate_only = true;
  const auto checked = Accept(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->name(), "");
  EXPECT_EQ(checked->operations_size(), 1);
  EXPECT_EQ(store_->kv().Revision(), 0);
  request.host = "new";
  EXPECT_THAT(Accept(request), Fails(StatusCode::kNotFound, "host new"));
  request.host = "h1";
  request.operations = CreateNamespaces({""});
  EXPECT_THAT(BadFields(Accept(request).status()), ElementsAre("operations[0].create_namespace.namespace"));
  MustAccept(Request("h1", "red", kId));
  request.operations = CreateNamespaces({"red"});
  EXPECT_EQ(Accept(request)->name(), "");
  request.operations = CreateNamespaces({"blue"});
  EXPECT_THAT(Accept(request), Fails(StatusCode::kAlreadyExists, "\"blue\" now"));
}

TEST_P(AcceptTest, AFullHostSaysWhenToTryAgainAndOthersAreNotAffected) {
  options_.max_queued_per_host = 2;
  options_.retry_after = absl::Seconds(3);
  const v1::Intent first = MustAccept("h1", "a");
  MustAccept("h1", "b");
  const auto refused = Accept(Request("h1", "c"));
  EXPECT_THAT(refused, Fails(StatusCode::kResourceExhausted, "host h1: its queue is full: 2"));
  EXPECT_EQ(RetryDelay(refused.status()), 3);
  MustAccept("h2", "c");
  ASSERT_TRUE(SendCancel(first).Await().ok());
  MustAccept("h1", "c");
}

TEST_P(AcceptTest, WhatIsOnItsWayToDiskCountsToo) {
  options_.max_queued_per_host = 2;
  queue();
  gate_.Hold();
  const Reply one = Send(Request("h1", "a"));
  const Reply two = Send(Request("h1", "b"));
  EXPECT_THAT(Accept(Request("h1", "c")), Fails(StatusCode::kResourceExhausted, "queue is full"));
  gate_.Release();
  EXPECT_TRUE(one.Await().ok());
  EXPECT_TRUE(two.Await().ok());
}

TEST_P(AcceptTest, AllBodiesTogetherAreBounded) {
  options_.max_queued_bytes = 300;
  AcceptRequest large = Request("h1", "red");
  large.operations = CreateNamespaces({std::string(200, 'x')});
  const v1::Intent first = MustAccept(large);
  const auto refused = Accept(Request("h2", std::string(200, 'y')));
  EXPECT_THAT(refused, Fails(StatusCode::kResourceExhausted, "of all hosts"));
  EXPECT_EQ(RetryDelay(refused.status()), 1);
  ASSERT_TRUE(SendCancel(first).Await().ok());
  const v1::Intent second = MustAccept("h2", std::string(200, 'y'));
  Restart();
  EXPECT_THAT(Accept(large), Fails(StatusCode::kResourceExhausted, "of all hosts")) << "what was loaded counts";
  gate_.FailWith(absl::UnavailableError("disk on fire"));
  ASSERT_FALSE(Accept(Request("h2", "small")).ok());
  gate_.FailWith(absl::OkStatus());
  ASSERT_TRUE(SendCancel(second).Await().ok());
  MustAccept(large);
}

TEST_P(AcceptTest, TooManyOperationsOrBytesAreBadFields) {
  options_.max_operations = 2;
  options_.max_intent_bytes = 100;
  AcceptRequest request = Request("h1", "red");
  request.operations = CreateNamespaces({"a", "b", "c"});
  EXPECT_THAT(BadFields(Accept(request).status()), ElementsAre("operations"));
  request.operations = CreateNamespaces({std::string(101, 'x')});
  EXPECT_THAT(BadFields(Accept(request).status()), ElementsAre("operations"));
  request.operations = CreateNamespaces({"a", "b"});
  MustAccept(request);
}

TEST_P(AcceptTest, AStoppedQueueAcceptsNothing) {
  queue().Stop();
  EXPECT_THAT(Accept(Request("h1", "red")), Fails(StatusCode::kUnavailable, "stopping"));
}

TEST_P(AcceptTest, StoppingWaitsForWhatIsOnItsWayToDisk) {
  queue();
  gate_.Hold();
  const Reply reply = Send(Request("h1", "red", kId));
  gate_.WaitForHeld(1);
  std::jthread stopping([this] { queue().Stop(); });
  gate_.Release();
  stopping.join();
  ASSERT_TRUE(reply.answered());
  EXPECT_TRUE(reply.Await().ok());
  Restart();
  EXPECT_EQ(queue().Get("h1", kId)->state(), v1::Intent::QUEUED);
}

}  // namespace
}  // namespace warren::intents
