#include "server/hosts/host_subject.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace warren::hosts {
namespace {

constexpr char kHost[] = R"(
  name: "hosts/h1" connected: true boot_id: "b-1" agent_version: "1.2" kernel_release: "6.18"
  connect_time { seconds: 1767225600 } last_seen_time { seconds: 1767225660 nanos: 5 }
  queued_intents: 3 namespace_count: 120)";

std::shared_ptr<const v1::Host> Parse(const std::string& text) {
  auto host = std::make_shared<v1::Host>();
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, host.get()));
  if (text == kHost) {
    // Not by text: the reflection of maps in Debian's protobuf does not go with code compiled for ThreadSanitizer.
    (*host->mutable_labels())["rack"] = "a1";
    (*host->mutable_labels())["empty"] = "";
  }
  return host;
}

bool Matches(const filter::Subject& subject, const std::string& text) {
  const auto filter = filter::Filter::Parse(text, HostListSchema());
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() && filter->Matches(subject);
}

TEST(HostSubjectTest, EachFieldIsWhatTheRecordSays) {
  const HostSubject subject(Parse(kHost));
  for (const char* text :
       {"name = h1", "host = h*", "connected = true", "labels.rack = a1", "labels:rack", "labels:empty",
        "boot_id = b-1", "agent_version = 1.2", "kernel_release = 6*", "queued_intents = 3", "namespace_count > 119",
        "connect_time = \"2026-01-01T00:00:00Z\"", "last_seen_time > \"2026-01-01T00:01:00Z\"",
        "connected = true AND labels.rack != b AND NOT name = h2"}) {
    EXPECT_TRUE(Matches(subject, text)) << text;
  }
  for (const char* text : {"name = hosts/h1", "connected = false", "labels:zone", "labels.zone = a1", "boot_id = b-2",
                           "queued_intents > 3", "connect_time > \"2026-01-01T00:00:00Z\""}) {
    EXPECT_FALSE(Matches(subject, text)) << text;
  }
}

TEST(HostSubjectTest, AHostThatNeverConnectedHasNoTimes) {
  const HostSubject subject(Parse("name: 'hosts/h1'"));
  EXPECT_FALSE(Matches(subject, "connect_time > \"1970-01-01T00:00:00Z\""));
  EXPECT_FALSE(Matches(subject, "last_seen_time < \"2100-01-01T00:00:00Z\""));
  EXPECT_TRUE(Matches(subject, "connected = false"));
}

TEST(HostSubjectTest, CountsAndTheLastSeenTimeOfAListAreLookedUpWhenAskedFor) {
  const auto record = Parse(kHost);
  int asked = 0;
  const PresentHost subject(*record, {[&] { return ++asked, size_t{7}; }, [&] { return ++asked, size_t{8}; },
                                      absl::FromUnixSeconds(1800000000)});
  EXPECT_TRUE(Matches(subject, "name = h1 labels.rack = a1"));
  EXPECT_EQ(asked, 0);
  EXPECT_TRUE(Matches(subject, "queued_intents = 7"));
  EXPECT_TRUE(Matches(subject, "namespace_count = 8"));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(Matches(subject, "last_seen_time >= \"2027-01-01T00:00:00Z\""));
  EXPECT_FALSE(Matches(PresentHost(*record, {}), "last_seen_time > \"1970-01-01T00:00:00Z\"")) << "never seen";
}

TEST(HostSubjectTest, WatchesCannotFilterByWhatBringsNoEvents) {
  for (const char* text : {"queued_intents = 3", "namespace_count = 3", "connect_time > \"2026-01-01T00:00:00Z\"",
                           "last_seen_time > \"2026-01-01T00:00:00Z\""}) {
    EXPECT_FALSE(filter::Filter::Parse(text, HostWatchSchema()).ok()) << text;
  }
  const auto filter = filter::Filter::Parse("connected = true labels.rack = a1 kernel_release = 6*", HostWatchSchema());
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_TRUE(filter->Matches(HostSubject(Parse(kHost))));
}

}  // namespace
}  // namespace warren::hosts
