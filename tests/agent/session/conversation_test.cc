#include "agent/session/conversation.h"

#include <gtest/gtest.h>

#include "tests/agent/session/outbox_reader.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/fake_inventory.h"
#include "tests/fakes/recording_observer.h"

namespace warren::session {
namespace {

v1::Hello Hello() {
  v1::Hello hello;
  hello.set_host("h1");
  return hello;
}

v1::ServerMessage Welcome(absl::Duration heartbeat) {
  v1::ServerMessage message;
  message.mutable_welcome()->mutable_heartbeat_interval()->set_seconds(absl::ToInt64Seconds(heartbeat));
  message.mutable_welcome()->mutable_heartbeat_interval()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(heartbeat % absl::Seconds(1))));
  return message;
}

v1::ServerMessage Deliver(std::initializer_list<int64_t> sequences) {
  v1::ServerMessage message;
  for (const int64_t sequence : sequences) message.mutable_deliver()->add_intents()->set_sequence(sequence);
  return message;
}

v1::ServerMessage Cancel(int64_t sequence) {
  v1::ServerMessage message;
  message.mutable_cancel()->set_sequence(sequence);
  return message;
}

class ConversationTest : public ::testing::Test {
 protected:
  ConversationTest() {
    EXPECT_TRUE(reporter_.Start(executor_, [this] { return std::make_unique<inventory::FakeInventory>(host_); }).ok());
  }
  ~ConversationTest() override { reporter_.Stop(); }

  void Begin() {
    EXPECT_TRUE(stream_.Next().has_hello());
    ASSERT_TRUE(conversation_.OnMessage(Welcome(absl::Seconds(5))).ok());
    stream_.Until("end");
  }

  RecordingObserver observer_;
  inventory::FakeHost host_;
  OutboxReader stream_;
  Reporter reporter_{observer_};
  executor::FakeExecutor executor_{reporter_};
  Conversation conversation_{Hello(), executor_, reporter_, stream_.outbox()};
};

TEST_F(ConversationTest, BeginsWithHelloAndSaysNothingMoreBeforeWelcome) {
  EXPECT_EQ(stream_.outbox()->size(), 1u);
  EXPECT_EQ(stream_.Next().hello().host(), "h1");
  executor_.Finish(1, {});
  EXPECT_EQ(stream_.outbox()->size(), 0u);
  EXPECT_FALSE(conversation_.welcomed());
  ASSERT_TRUE(conversation_.OnMessage(Welcome(absl::Milliseconds(2500))).ok());
  EXPECT_TRUE(conversation_.welcomed());
  EXPECT_EQ(conversation_.heartbeat_interval(), absl::Milliseconds(2500));
  EXPECT_EQ(stream_.Until("SUCCEEDED 1"), "begin end | SUCCEEDED 1");
}

TEST_F(ConversationTest, AHeartbeatIntervalThatMakesNoSenseIsNotFollowed) {
  ASSERT_TRUE(conversation_.OnMessage(v1::ServerMessage(Welcome(absl::ZeroDuration()))).ok());
  EXPECT_EQ(conversation_.heartbeat_interval(), absl::Seconds(5));
}

TEST_F(ConversationTest, AServerThatDoesNotKeepToTheProtocolIsLeft) {
  EXPECT_EQ(conversation_.OnMessage(Deliver({1})).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(conversation_.OnMessage(Welcome(absl::Seconds(1))).ok());
  EXPECT_EQ(conversation_.OnMessage(Welcome(absl::Seconds(1))).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(conversation_.OnMessage(v1::ServerMessage()).ok()) << "a message of a later version";
}

TEST_F(ConversationTest, DeliveriesGoToTheExecutorInOrderAndAcknowledgementsToo) {
  Begin();
  ASSERT_TRUE(conversation_.OnMessage(Deliver({1, 2})).ok());
  ASSERT_TRUE(conversation_.OnMessage(Deliver({3})).ok());
  EXPECT_EQ(executor_.WaitForSubmitted(3), (std::vector<int64_t>{1, 2, 3}));
  executor_.Finish(1, {});
  v1::ServerMessage acknowledged;
  acknowledged.mutable_results_acknowledged()->add_sequences(1);
  ASSERT_TRUE(conversation_.OnMessage(acknowledged).ok());
  EXPECT_TRUE(executor_.UnacknowledgedResults().empty());
}

TEST_F(ConversationTest, ACancelIsAnsweredAsTheExecutorSaysAndBeforeTheResult) {
  Begin();
  ASSERT_TRUE(conversation_.OnMessage(Deliver({1, 2, 3})).ok());
  executor_.Begin(1);
  executor_.Finish(2, {});
  stream_.Until("SUCCEEDED 2");
  for (int64_t sequence : {1, 2, 9, 3}) ASSERT_TRUE(conversation_.OnMessage(Cancel(sequence)).ok());
  EXPECT_EQ(stream_.Until("CANCELLED 3"),
            "cancel_answer { sequence: 1 reason: \"running\" } | cancel_answer { sequence: 2 reason: \"finished\" } | "
            "cancel_answer { sequence: 9 reason: \"unknown\" } | cancel_answer { sequence: 3 cancelled: true } | "
            "CANCELLED 3");
}

TEST_F(ConversationTest, AServerThatAsksWithoutReadingIsLeft) {
  Begin();
  absl::Status status;
  int asked = 0;
  while (status.ok() && asked < 100000) {
    status = conversation_.OnMessage(Cancel(1000));
    ++asked;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(asked, 10000);
}

TEST_F(ConversationTest, ItsEndDropsWhatIsQueued) {
  Begin();
  ASSERT_TRUE(conversation_.OnMessage(Deliver({1})).ok());
  conversation_.End();
  executor_.WaitForDrops(1);
  EXPECT_EQ(executor_.Cancel(1).reason, "unknown");
  EXPECT_FALSE(stream_.outbox()->Put(v1::AgentMessage()));
}

TEST_F(ConversationTest, AQuestionForHoldersIsHandedOnOrAnsweredAtOnce) {
  Begin();
  v1::ServerMessage question;
  question.mutable_find_holders()->set_query(7);
  question.mutable_find_holders()->set_namespace_("red");
  ASSERT_TRUE(conversation_.OnMessage(question).ok());
  const v1::AgentMessage answer = stream_.Next();
  EXPECT_EQ(answer.holders_answer().query(), 7u);
  EXPECT_EQ(answer.holders_answer().code(), static_cast<int>(absl::StatusCode::kUnimplemented));

  std::string asked;
  OutboxReader other;
  Conversation finding(Hello(), executor_, reporter_, other.outbox(), nullptr,
                       [&](v1::FindHolders handed, const std::shared_ptr<Outbox>& outbox) {
                         asked = handed.namespace_();
                         EXPECT_EQ(outbox, other.outbox());
                       });
  ASSERT_TRUE(finding.OnMessage(Welcome(absl::Seconds(5))).ok());
  ASSERT_TRUE(finding.OnMessage(question).ok());
  EXPECT_EQ(asked, "red");
}

}  // namespace
}  // namespace warren::session
