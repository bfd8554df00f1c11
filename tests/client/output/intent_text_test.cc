#include "client/output/intent_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/output/messages.h"

namespace warren::cli {
namespace {

using testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1795564103);

v1::Intent Done() {
  return From<v1::Intent>(R"(
    name: 'hosts/h1/intents/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11' state: SUCCEEDED sequence: 7
    operations { create_namespace { namespace: 'red' } }
    operations { create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'tap0' } } }
    create_time { seconds: 1795564100 } start_time { seconds: 1795564101 } finish_time { seconds: 1795564102 }
    apply_duration { nanos: 1234567 } boot_id: 'b')");
}

v1::Intent Failed() {
  return From<v1::Intent>(R"(
    name: 'hosts/h1/intents/1' state: FAILED
    operations { create_namespace { namespace: 'red' } }
    error { operation_index: 0 operation: 'create_namespace' object: 'red' code: 6 message: 'it is there already'
            errno_value: 17 errno_name: 'EEXIST' extended_ack: 'no room' })");
}

TEST(IntentsText, IsATableInTheOrderGiven) {
  EXPECT_EQ(
      IntentsText({Done(), From<v1::Intent>("name: 'hosts/h2/intents/2' state: QUEUED")}, Format::kTable, kNow),
      "INTENT                                    STATE       AGE   APPLIED IN   OPERATIONS\n"
      "h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11   SUCCEEDED   3s    1.23ms       create_namespace red, and 1 more\n"
      "h2/2                                      QUEUED      -     -            -\n");
}

TEST(IntentsText, IsNamesOrData) {
  EXPECT_EQ(IntentsText({Done()}, Format::kName, kNow), "hosts/h1/intents/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11\n");
  EXPECT_EQ(IntentsText({}, Format::kJson, kNow), "[]\n");
  EXPECT_EQ(IntentsText({}, Format::kName, kNow), "");
}

TEST(IntentText, ShowsOneWithItsOperationsAndTimes) {
  EXPECT_EQ(IntentText(Done(), Format::kTable),
            "Intent:       h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11\n"
            "State:        SUCCEEDED\n"
            "Sequence:     7\n"
            "Accepted:     2026-11-24T23:48:20.000Z\n"
            "Started:      2026-11-24T23:48:21.000Z\n"
            "Finished:     2026-11-24T23:48:22.000Z\n"
            "Applied in:   1.23ms\n"
            "Boot:         b\n"
            "Operations:   0  create_namespace red\n"
            "              1  create_veth red:eth0 @host:tap0\n");
}

TEST(IntentText, SaysWhyItFailed) {
  EXPECT_EQ(IntentText(Failed(), Format::kTable),
            "Intent:       h1/1\n"
            "State:        FAILED\n"
            "Operations:   0  create_namespace red\n"
            "operation 0, create_namespace red on host h1: it is there already\n"
            "  the kernel said: EEXIST: no room\n"
            "  nothing is left of it: what it had changed was put back\n");
}

TEST(FailureLines, DoNotRepeatWhatTheMessageHas) {
  v1::Intent intent = Failed();
  intent.mutable_error()->set_message("making it: EEXIST (File exists): no room");
  EXPECT_THAT(FailureLines(intent),
              ElementsAre("operation 0, create_namespace red on host h1: making it: EEXIST (File exists): no room",
                          "  nothing is left of it: what it had changed was put back"));
  intent.mutable_error()->clear_errno_name();
  intent.mutable_error()->set_extended_ack("Unknown device type");
  EXPECT_EQ(FailureLines(intent)[1], "  the kernel said: Unknown device type");
}

TEST(FailureLines, ListWhatCouldNotBeUndone) {
  v1::Intent intent = Failed();
  intent.mutable_error()->clear_errno_name();
  intent.mutable_error()->clear_extended_ack();
  intent.mutable_error()->set_operation_index(-1);
  intent.mutable_error()->add_not_undone("namespace red is still there");
  intent.mutable_error()->add_not_undone("route default of blue is gone");
  EXPECT_THAT(FailureLines(intent),
              ElementsAre("host h1: it is there already", "  not everything could be undone; what is left:",
                          "    namespace red is still there", "    route default of blue is gone"));
}

TEST(ReleaseLines, NameWhatIsHeldAndByWhom) {
  EXPECT_TRUE(ReleaseLines(Done()).empty());
  v1::Intent intent = Done();
  intent.mutable_release_pending()->add_objects("namespace red");
  EXPECT_THAT(ReleaseLines(intent), ElementsAre("deleted, but the kernel has not yet let go of: namespace red"));
  intent.mutable_release_pending()->add_holders("pid 4711 (bird)");
  intent.mutable_release_pending()->add_holders("pid 4712 (sleep)");
  EXPECT_THAT(ReleaseLines(intent), ElementsAre("deleted, but the kernel has not yet let go of: namespace red",
                                                "  held by: pid 4711 (bird); pid 4712 (sleep)"));
}

TEST(IntentRowText, IsARowForPeopleAndTheWholeOtherwise) {
  EXPECT_EQ(IntentRowText(Done(), Format::kTable, kNow), IntentsText({Done()}, Format::kTable, kNow));
  EXPECT_EQ(IntentRowText(Done(), Format::kJson, kNow), IntentText(Done(), Format::kJson));
}

TEST(StateText, NamesEvenAStateOfTheFuture) {
  EXPECT_EQ(StateText(v1::Intent::EXPIRED), "EXPIRED");
  EXPECT_EQ(StateText(static_cast<v1::Intent::State>(99)), "state 99");
}

}  // namespace
}  // namespace warren::cli
