#include "server/hosts/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace warren::hosts {
namespace {

using ::testing::ElementsAre;

intents::Delivery Delivery(int64_t sequence, size_t name_bytes = 3) {
  v1::Intent intent;
  intent.add_operations()->mutable_create_namespace()->set_namespace_(std::string(name_bytes, 'n'));
  return {sequence, "id-" + std::to_string(sequence), std::make_shared<const v1::Intent>(std::move(intent))};
}

std::vector<int64_t> Sequences(const v1::Deliver& deliver) {
  std::vector<int64_t> sequences;
  for (const v1::IntentDelivery& intent : deliver.intents()) sequences.push_back(intent.sequence());
  return sequences;
}

TEST(OutboxTest, AnEmptyOneHasNothingToSay) { EXPECT_FALSE(Outbox({}).Next(absl::UnixEpoch()).has_value()); }

TEST(OutboxTest, KeepsTheOrderAndPutsNeighboursOfAKindTogether) {
  Outbox outbox({});
  outbox.Add(v1::Welcome());
  ASSERT_TRUE(outbox.Add({Delivery(1), Delivery(2)}));
  ASSERT_TRUE(outbox.Add({Delivery(3)}));
  ASSERT_TRUE(outbox.AddCancel(2));
  ASSERT_TRUE(outbox.AddAcknowledged({7, 8}));
  ASSERT_TRUE(outbox.AddAcknowledged({9}));
  ASSERT_TRUE(outbox.Add({Delivery(4)}));

  EXPECT_TRUE(outbox.Next(absl::UnixEpoch())->has_welcome());
  EXPECT_THAT(Sequences(outbox.Next(absl::UnixEpoch())->deliver()), ElementsAre(1, 2, 3));
  EXPECT_EQ(outbox.Next(absl::UnixEpoch())->cancel().sequence(), 2);
  EXPECT_THAT(outbox.Next(absl::UnixEpoch())->results_acknowledged().sequences(), ElementsAre(7, 8, 9));
  EXPECT_THAT(Sequences(outbox.Next(absl::UnixEpoch())->deliver()), ElementsAre(4));
  EXPECT_FALSE(outbox.Next(absl::UnixEpoch()).has_value());
}

TEST(OutboxTest, CommandsAreSentInTheirTurnAndCountAsOthersDo) {
  Outbox::Limits limits;
  limits.items = 2;
  Outbox outbox(limits);
  v1::OpenExec open;
  open.set_session_id("id");
  open.set_caller("uid 0");
  ASSERT_TRUE(outbox.AddCancel(2));
  ASSERT_TRUE(outbox.Add(open));
  EXPECT_FALSE(outbox.Add(open));
  EXPECT_TRUE(outbox.Next(absl::UnixEpoch())->has_cancel());
  const auto message = outbox.Next(absl::UnixEpoch());
  EXPECT_EQ(message->open_exec().session_id(), "id");
  EXPECT_EQ(message->open_exec().caller(), "uid 0");
}

TEST(OutboxTest, ADeliveryCarriesWhatTheAgentNeeds) {
  Outbox outbox({});
  ASSERT_TRUE(outbox.Add({Delivery(5)}));
  const v1::ServerMessage message = *outbox.Next(absl::UnixEpoch());
  const v1::IntentDelivery& intent = message.deliver().intents(0);
  EXPECT_EQ(intent.intent_id(), "id-5");
  EXPECT_EQ(intent.operations(0).create_namespace().namespace_(), "nnn");
}

TEST(OutboxTest, MessagesStayBelowTheSizeAndNothingIsLost) {
  Outbox::Limits limits;
  limits.message_bytes = 1000;
  Outbox outbox(limits);
  for (int i = 1; i <= 50; ++i) ASSERT_TRUE(outbox.Add({Delivery(i, 100)}));
  int64_t next = 1;
  int messages = 0;
  while (auto message = outbox.Next(absl::UnixEpoch())) {
    ++messages;
    EXPECT_LE(message->ByteSizeLong(), 1000u);
    for (const int64_t sequence : Sequences(message->deliver())) EXPECT_EQ(sequence, next++);
  }
  EXPECT_EQ(next, 51);
  EXPECT_LT(messages, 50) << "several fit into one";
}

TEST(OutboxTest, AnIntentLargerThanAMessageGoesAlone) {
  Outbox::Limits limits;
  limits.message_bytes = 100;
  Outbox outbox(limits);
  ASSERT_TRUE(outbox.Add({Delivery(1), Delivery(2, 500), Delivery(3)}));
  EXPECT_THAT(Sequences(outbox.Next(absl::UnixEpoch())->deliver()), ElementsAre(1));
  EXPECT_THAT(Sequences(outbox.Next(absl::UnixEpoch())->deliver()), ElementsAre(2));
  EXPECT_THAT(Sequences(outbox.Next(absl::UnixEpoch())->deliver()), ElementsAre(3));
}

TEST(OutboxTest, AcknowledgementsOfAMessageAreBounded) {
  Outbox::Limits limits;
  limits.message_items = 2;
  Outbox outbox(limits);
  ASSERT_TRUE(outbox.AddAcknowledged({1, 2, 3}));
  EXPECT_THAT(outbox.Next(absl::UnixEpoch())->results_acknowledged().sequences(), ElementsAre(1, 2));
  EXPECT_THAT(outbox.Next(absl::UnixEpoch())->results_acknowledged().sequences(), ElementsAre(3));
}

TEST(OutboxTest, TakesNothingOfWhatIsOverTheLimit) {
  Outbox::Limits limits;
  limits.items = 3;
  Outbox outbox(limits);
  ASSERT_TRUE(outbox.Add({Delivery(1), Delivery(2)}));
  EXPECT_FALSE(outbox.Add({Delivery(3), Delivery(4)}));
  EXPECT_FALSE(outbox.AddAcknowledged({5, 6}));
  EXPECT_TRUE(outbox.AddCancel(1));
  EXPECT_FALSE(outbox.AddCancel(2));
  EXPECT_THAT(Sequences(outbox.Next(absl::UnixEpoch())->deliver()), ElementsAre(1, 2));
  EXPECT_TRUE(outbox.AddAcknowledged({5, 6})) << "there is room again";
}

}  // namespace
}  // namespace warren::hosts
