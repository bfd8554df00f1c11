#include "server/hosts/host_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "tests/fakes/fake_agent_stream.h"
#include "tests/fakes/memory_kv.h"

namespace warren::hosts {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr char kInstance[] = "11111111-1111-4111-8111-111111111111";
constexpr char kOther[] = "22222222-2222-4222-8222-222222222222";
constexpr char kBoot[] = "33333333-3333-4333-8333-333333333333";
constexpr char kNextBoot[] = "44444444-4444-4444-8444-444444444444";

// Writes down what it is told.
class Notes : public HostListener, public HostsObserver {
 public:
  void HostConnected(const std::string& host, uint64_t session) override {
    Note(absl::StrCat("+", host, "/", session));
  }
  void HostDisconnected(const std::string& host, uint64_t session) override {
    Note(absl::StrCat("-", host, "/", session));
  }
  void Started(const std::string& host, const std::vector<int64_t>& sequences) override {
    for (const int64_t sequence : sequences) Note(absl::StrCat(host, " started ", sequence));
    if (during) during();
  }
  void Finished(const std::string& host, std::vector<v1::IntentResult> results) override {
    for (const v1::IntentResult& result : results) {
      const bool seen = watched != nullptr && watched->Get(host, "red") != nullptr;
      Note(absl::StrCat(host, " finished ", result.sequence(), seen ? " with red" : ""));
    }
  }
  void CancelAnswered(const std::string& host, int64_t sequence, bool cancelled, const std::string& reason) override {
    Note(absl::StrCat(host, " cancel ", sequence, cancelled ? " yes" : " no ", reason));
  }
  void OnSession() override { ++sessions; }
  void OnConnected(int change) override { connected += change; }
  void OnReboot() override { ++reboots; }

  std::vector<std::string> Take() {
    MutexLock lock(&mutex_);
    return std::exchange(notes_, {});
  }

  std::atomic<int> sessions = 0, connected = 0, reboots = 0;
  const inventory::Inventory* watched = nullptr;
  std::function<void()> during;  // what else happens while something has just been started

 private:
  void Note(std::string note) {
    MutexLock lock(&mutex_);
    notes_.push_back(std::move(note));
  }
  Mutex mutex_;
  std::vector<std::string> notes_ ABSL_GUARDED_BY(mutex_);
};

class HostRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override {
    streams_.clear();
    registry_.reset();
  }

  void Open() {
    HostRegistry::Options options;
    options.version = "9.9";
    options.heartbeat_interval = absl::Seconds(5);
    options.max_agents = max_agents_;
    options.outbox.items = outbox_items_;
    options.observer = &notes_;
    options.clocks = {[this] { return absl::FromUnixSeconds(seconds_); },
                      [this] { return AgentSession::Steady(std::chrono::seconds(seconds_)); }};
    auto opened = HostRegistry::Open(kv_, inventory_, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    registry_ = *std::move(opened);
    registry_->Start(notes_);
  }
  // As a server that was started again.
  void Reopen() {
    streams_.clear();
    registry_.reset();
    ASSERT_TRUE(kv_.CommitAndWait({}).ok());
    ASSERT_TRUE(kv_.CommitAndWait({}).ok());
    Open();
  }

  void Settle() { ASSERT_TRUE(kv_.CommitAndWait({}).ok()); }
  v1::Host Stored(const std::string& host) {
    const auto records = HostRecords::Load(kv_);
    EXPECT_TRUE(records.ok());
    for (const v1::Host& record : *records) {
      if (record.name() == "hosts/" + host) return record;
    }
    ADD_FAILURE() << host << " is not stored";
    return {};
  }

  FakeAgentStream& Dial() {
    streams_.push_back(std::make_unique<FakeAgentStream>());
    streams_.back()->Attach(registry_->Accept(*streams_.back()));
    return *streams_.back();
  }
  static v1::AgentMessage Hello(const std::string& host, const std::string& instance = kInstance,
                                const std::string& boot = kBoot) {
    v1::AgentMessage message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_host(host);
    hello.set_instance_id(instance);
    hello.set_boot_id(boot);
    hello.set_version("1.2");
    hello.set_kernel_release("6.18");
    v1::Capability& netns = *hello.add_capabilities();
    netns.set_name("netns");
    netns.set_available(true);
    return message;
  }
  // A stream that has said hello and been welcomed.
  FakeAgentStream& Connect(const std::string& host, const std::string& instance = kInstance,
                           const std::string& boot = kBoot) {
    FakeAgentStream& stream = Dial();
    stream.Say(Hello(host, instance, boot));
    const auto message = stream.Take();
    EXPECT_TRUE(message && message->has_welcome());
    return stream;
  }
  static v1::AgentMessage Heartbeat() {
    v1::AgentMessage message;
    message.mutable_heartbeat();
    return message;
  }
  static intents::Delivery Delivery(int64_t sequence) {
    v1::Intent intent;
    intent.add_operations()->mutable_create_namespace()->set_namespace_("red");
    return {sequence, absl::StrCat("id-", sequence), std::make_shared<const v1::Intent>(std::move(intent))};
  }

  int64_t seconds_ = 1000;
  size_t max_agents_ = 100;
  size_t outbox_items_ = 1000;
  store::MemoryKv kv_;
  inventory::Inventory inventory_;
  Notes notes_;
  std::unique_ptr<HostRegistry> registry_;
  std::vector<std::unique_ptr<FakeAgentStream>> streams_;
};

TEST_F(HostRegistryTest, HelloIsAnsweredWithWelcome) {
  FakeAgentStream& stream = Dial();
  EXPECT_TRUE(stream.reading());
  EXPECT_FALSE(stream.writing());
  stream.Say(Hello("h1"));
  const auto message = stream.Take();
  ASSERT_TRUE(message && message->has_welcome());
  EXPECT_EQ(message->welcome().version(), "9.9");
  EXPECT_EQ(message->welcome().heartbeat_interval().seconds(), 5);
  EXPECT_TRUE(stream.reading());
  EXPECT_THAT(notes_.Take(), ElementsAre("+h1/1"));
  EXPECT_EQ(notes_.sessions, 1);
  EXPECT_EQ(notes_.connected, 1);
}

TEST_F(HostRegistryTest, AHostIsWhatItsAgentSaid) {
  EXPECT_FALSE(registry_->Known("h1"));
  EXPECT_FALSE(registry_->Get("h1").has_value());
  FakeAgentStream& stream = Connect("h1");
  seconds_ = 1003;
  stream.Say(Heartbeat());
  const v1::Host host = *registry_->Get("h1");
  EXPECT_EQ(host.name(), "hosts/h1");
  EXPECT_TRUE(host.connected());
  EXPECT_EQ(host.agent_version(), "1.2");
  EXPECT_EQ(host.boot_id(), kBoot);
  EXPECT_EQ(host.kernel_release(), "6.18");
  EXPECT_EQ(host.capabilities(0).name(), "netns");
  EXPECT_EQ(host.connect_time().seconds(), 1000);
  EXPECT_EQ(host.last_seen_time().seconds(), 1003);
  EXPECT_TRUE(registry_->Known("h1"));
  EXPECT_THAT(registry_->Names(), ElementsAre("h1"));
}

TEST_F(HostRegistryTest, ARestartedServerStillKnowsItsHosts) {
  FakeAgentStream& stream = Connect("h1");
  seconds_ = 1007;
  stream.Say(Heartbeat());
  stream.session().PeerGone(absl::OkStatus());
  Reopen();
  ASSERT_TRUE(registry_->Known("h1"));
  const v1::Host host = *registry_->Get("h1");
  EXPECT_FALSE(host.connected());
  EXPECT_EQ(host.last_seen_time().seconds(), 1007);
}

TEST_F(HostRegistryTest, NobodyIsConnectedToAServerThatHasJustStarted) {
  registry_.reset();
  std::vector<store::Mutation> rows;
  for (const bool connected : {true, false}) {
    v1::Host record;
    record.set_name(connected ? "hosts/killed" : "hosts/away");
    record.set_boot_id(kBoot);
    record.set_connected(connected);
    rows.push_back(store::Mutation::Put(RecordKey(record.name().substr(6)), record.SerializeAsString()));
  }
  const auto before = kv_.CommitAndWait({.compares = {}, .mutations = std::move(rows)});
  ASSERT_TRUE(before.ok());
  Open();
  EXPECT_FALSE(registry_->Get("killed")->connected());
  EXPECT_FALSE(Stored("killed").connected());
  EXPECT_EQ(Stored("killed").boot_id(), kBoot);
  EXPECT_EQ(kv_.Revision(), before->revision + 1) << "only what is not so is rewritten, at once";
  Reopen();
  EXPECT_EQ(kv_.Revision(), before->revision + 1);
}

TEST_F(HostRegistryTest, ThatAHostIsConnectedIsStored) {
  FakeAgentStream& stream = Connect("h1");
  Settle();
  EXPECT_TRUE(Stored("h1").connected());
  stream.session().PeerGone(absl::OkStatus());
  Settle();
  EXPECT_FALSE(Stored("h1").connected());
}

TEST_F(HostRegistryTest, OfASessionThatTakesOverTheStoreKeepsTheNewer) {
  kv_.Hold();
  Connect("h1");
  Connect("h1", kInstance, kNextBoot);  // ends the older one
  kv_.Release();
  Settle();
  Settle();
  EXPECT_TRUE(Stored("h1").connected());
  EXPECT_EQ(Stored("h1").boot_id(), kNextBoot);
}

TEST_F(HostRegistryTest, LabelsAreWhatTheAgentSays) {
  EXPECT_EQ(registry_->LabelsOf("h1"), nullptr);
  FakeAgentStream& stream = Dial();
  v1::AgentMessage message = Hello("h1");
  (*message.mutable_hello()->mutable_labels())["rack"] = "a1";
  (*message.mutable_hello()->mutable_labels())["zone"] = "";
  stream.Say(message);
  ASSERT_TRUE(stream.Take()->has_welcome());
  const auto labels = registry_->LabelsOf("h1");
  ASSERT_NE(labels, nullptr);
  EXPECT_THAT(*labels, ElementsAre(Pair("rack", "a1"), Pair("zone", "")));
  EXPECT_EQ(registry_->Get("h1")->labels().at("rack"), "a1");
  stream.session().PeerGone(absl::OkStatus());
  EXPECT_EQ(registry_->LabelsOf("h1")->size(), 2u) << "they outlive the session";
  Reopen();
  EXPECT_EQ(registry_->LabelsOf("h1")->size(), 2u) << "and the server";
  Connect("h1");
  EXPECT_EQ(registry_->LabelsOf("h1"), nullptr) << "an agent without labels has none";
  EXPECT_EQ(labels->size(), 2u);
}

TEST_F(HostRegistryTest, EveryBadLabelIsNamed) {
  FakeAgentStream& stream = Dial();
  v1::AgentMessage message = Hello("h1");
  auto& labels = *message.mutable_hello()->mutable_labels();
  labels["good"] = "yes";
  labels["a b"] = "";
  labels["long"] = std::string(256, 'v');
  labels[std::string(64, 'k')] = "";
  stream.Say(message);
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_EQ(stream.finished()->code(), absl::StatusCode::kInvalidArgument);
  const std::string why(stream.finished()->message());
  for (const std::string& field : {std::string("hello.labels[\"a b\"]"), std::string("hello.labels[\"long\"]"),
                                   "hello.labels[\"" + std::string(64, 'k') + "\"]"}) {
    EXPECT_THAT(why, HasSubstr(field));
  }
  EXPECT_THAT(why, Not(HasSubstr("good")));

  labels.clear();
  for (int i = 0; i < 65; ++i) labels["k" + std::to_string(i)] = "";
  FakeAgentStream& many = Dial();
  many.Say(message);
  ASSERT_TRUE(many.finished().has_value());
  EXPECT_THAT(std::string(many.finished()->message()), HasSubstr("hello.labels"));
}

TEST_F(HostRegistryTest, TheBootBeforeIsKeptAsLongAsThisOneLasts) {
  Connect("h1");
  EXPECT_EQ(registry_->Get("h1")->previous_boot_id(), "");
  EXPECT_FALSE(registry_->Get("h1")->has_reboot_time());
  seconds_ = 2000;
  Connect("h1", kInstance, kNextBoot);
  EXPECT_EQ(registry_->Get("h1")->previous_boot_id(), kBoot);
  EXPECT_EQ(registry_->Get("h1")->reboot_time().seconds(), 2000);
  EXPECT_EQ(registry_->Get("h1")->connect_time().seconds(), 2000);
  seconds_ = 3000;
  Connect("h1", kInstance, kNextBoot);
  Reopen();
  Connect("h1", kInstance, kNextBoot);
  EXPECT_EQ(registry_->Get("h1")->previous_boot_id(), kBoot);
  EXPECT_EQ(registry_->Get("h1")->reboot_time().seconds(), 2000);
  EXPECT_EQ(registry_->Get("h1")->connect_time().seconds(), 3000);
  seconds_ = 4000;
  Connect("h1", kInstance, kBoot);
  EXPECT_EQ(registry_->Get("h1")->previous_boot_id(), kNextBoot);
  EXPECT_EQ(registry_->Get("h1")->reboot_time().seconds(), 4000);
}

TEST_F(HostRegistryTest, AConnectedHostIsNotDeleted) {
  FakeAgentStream& stream = Connect("h1");
  for (const absl::Status& refused : {registry_->MayForget("h1"), registry_->BeginForget("h1")}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(refused), "HOST_CONNECTED");
    EXPECT_TRUE(refused.GetPayload(kResourceInfoUrl).has_value());
  }
  EXPECT_FALSE(stream.finished().has_value());
  EXPECT_TRUE(registry_->Known("h1"));
}

TEST_F(HostRegistryTest, ADeletedHostIsForgottenAndMayComeAgainAsANewOne) {
  FakeAgentStream& stream = Connect("h1");
  v1::AgentMessage message;
  message.mutable_report()->mutable_inventory()->add_namespaces()->set_name("hosts/h1/namespaces/red");
  stream.Say(message);
  stream.session().PeerGone(absl::OkStatus());
  ASSERT_TRUE(registry_->MayForget("h1").ok());
  ASSERT_TRUE(registry_->BeginForget("h1").ok());
  EXPECT_EQ(registry_->BeginForget("h1").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(registry_->BeginForget("h1")), "HOST_BEING_DELETED");
  EXPECT_TRUE(registry_->Known("h1")) << "until it is done";

  FakeAgentStream& early = Dial();
  early.Say(Hello("h1"));
  ASSERT_TRUE(early.finished().has_value());
  EXPECT_EQ(early.finished()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(*early.finished()), "HOST_BEING_DELETED");

  ASSERT_TRUE(kv_.CommitAndWait({.compares = {}, .mutations = {store::Mutation::Delete(RecordKey("h1"))}}).ok());
  registry_->EndForget("h1", absl::OkStatus());
  EXPECT_FALSE(registry_->Known("h1"));
  EXPECT_EQ(inventory_.Get("h1", "red"), nullptr);
  registry_->CheckLiveness();  // tries again what could not be saved
  Reopen();
  EXPECT_FALSE(registry_->Known("h1")) << "for good";
  Connect("h1", kInstance, kNextBoot);
  EXPECT_EQ(registry_->Get("h1")->previous_boot_id(), "") << "it is a new one";
  EXPECT_EQ(notes_.reboots, 0);
}

TEST_F(HostRegistryTest, ADeletionThatFailsLeavesEverythingAsItWas) {
  kv_.FailWith(absl::ResourceExhaustedError("disk full"));
  Connect("h1").session().PeerGone(absl::OkStatus());
  ASSERT_TRUE(registry_->BeginForget("h1").ok());
  registry_->EndForget("h1", absl::ResourceExhaustedError("disk full"));
  EXPECT_TRUE(registry_->Known("h1"));
  kv_.FailWith(absl::OkStatus());
  registry_->CheckLiveness();
  Reopen();
  EXPECT_TRUE(registry_->Known("h1")) << "what was not on disk yet is saved after all";
  Connect("h1");
}

TEST_F(HostRegistryTest, AHostThatNeverConnectedCanBeDeletedToo) {
  ASSERT_TRUE(registry_->BeginForget("h1").ok());
  registry_->EndForget("h1", absl::OkStatus());
  EXPECT_FALSE(registry_->Known("h1"));
  Connect("h1");
}

TEST_F(HostRegistryTest, AnIntroducedHostIsShownAndNotKnown) {
  registry_->Introduce("late");
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(registry_->Known("late")) << "no agent has connected";
    EXPECT_THAT(registry_->Names(), ElementsAre("late"));
    const auto host = registry_->Get("late");
    ASSERT_TRUE(host.has_value());
    v1::Host bare;
    bare.set_name("hosts/late");
    EXPECT_EQ(host->SerializeAsString(), bare.SerializeAsString());
    EXPECT_EQ(registry_->Look("late")->last_seen, absl::InfinitePast());
    EXPECT_TRUE(registry_->CheckCapabilities("late", Delivery(1).intent->operations()).ok());
    EXPECT_EQ(registry_->LabelsOf("late"), nullptr);
    Reopen();
  }
  const int64_t before = kv_.Revision();
  registry_->Introduce("late");
  Settle();
  EXPECT_EQ(kv_.Revision(), before) << "it is there";
}

TEST_F(HostRegistryTest, AnIntroducedHostBecomesWhatItsAgentSays) {
  registry_->Introduce("h1");
  Connect("h1");
  EXPECT_TRUE(registry_->Known("h1"));
  EXPECT_EQ(notes_.reboots, 0) << "no boot came before";
  registry_->Introduce("h1");
  EXPECT_TRUE(registry_->Get("h1")->connected());
  Settle();
  Settle();
  EXPECT_EQ(Stored("h1").boot_id(), kBoot);
}

TEST_F(HostRegistryTest, AnIntroducedHostIsSavedWhenTheStoreWorksAgain) {
  kv_.FailWith(absl::ResourceExhaustedError("disk full"));
  registry_->Introduce("late");
  kv_.FailWith(absl::OkStatus());
  registry_->CheckLiveness();
  Settle();
  EXPECT_EQ(Stored("late").name(), "hosts/late");
}

TEST_F(HostRegistryTest, AHostIntroducedWhileItIsDeletedIsThereIfTheDeletionFails) {
  for (const bool deleted : {true, false}) {
    ASSERT_TRUE(registry_->BeginForget("late").ok());
    registry_->Introduce("late");
    Settle();
    EXPECT_TRUE(HostRecords::Load(kv_)->empty()) << "nothing is saved of it meanwhile";
    registry_->EndForget("late", deleted ? absl::OkStatus() : absl::ResourceExhaustedError("disk full"));
    EXPECT_EQ(registry_->Look("late").has_value(), !deleted);
    Settle();
    EXPECT_EQ(HostRecords::Load(kv_)->empty(), deleted);
  }
}

TEST_F(HostRegistryTest, ASessionThatEndsWhileItsHostIsDeletedDoesNotBringItBack) {
  FakeAgentStream& stream = Connect("h1");
  notes_.during = [&] {
    stream.session().PeerGone(absl::OkStatus());
    ASSERT_TRUE(registry_->BeginForget("h1").ok());
    ASSERT_TRUE(kv_.CommitAndWait({.compares = {}, .mutations = {store::Mutation::Delete(RecordKey("h1"))}}).ok());
    registry_->EndForget("h1", absl::OkStatus());
  };
  // In the middle of this report the session ends and the host is deleted.
  v1::AgentMessage message;
  message.mutable_report()->add_started(1);
  stream.Say(message);
  EXPECT_FALSE(registry_->Known("h1"));
  Settle();
  EXPECT_TRUE(HostRecords::Load(kv_)->empty()) << "not saved by a session that is over";
}

TEST_F(HostRegistryTest, ABadHelloIsRefusedWithEveryBadField) {
  FakeAgentStream& stream = Dial();
  v1::AgentMessage message = Hello("-bad-", "not-a-uuid", "neither");
  message.mutable_hello()->add_capabilities();
  stream.Say(message);
  ASSERT_TRUE(stream.finished().has_value());
  const absl::Status status = *stream.finished();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(status.GetPayload(kBadRequestUrl).has_value());
  for (const char* field : {"hello.host", "hello.instance_id", "hello.boot_id", "hello.capabilities[1].name"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(field));
  }
  EXPECT_THAT(notes_.Take(), IsEmpty());
  EXPECT_FALSE(stream.reading());
}

TEST_F(HostRegistryTest, AStreamMustBeginWithHello) {
  FakeAgentStream& stream = Dial();
  stream.Say(Heartbeat());
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_EQ(stream.finished()->code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HostRegistryTest, HelloComesOnlyOnce) {
  FakeAgentStream& stream = Connect("h1");
  stream.Say(Hello("h1"));
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_EQ(stream.finished()->code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(notes_.Take(), ElementsAre("+h1/1", "-h1/1"));
}

TEST_F(HostRegistryTest, AMessageOfAnUnknownKindIsRefused) {
  FakeAgentStream& stream = Connect("h1");
  stream.Say(v1::AgentMessage());
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_EQ(stream.finished()->code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HostRegistryTest, AnotherInstanceIsRefusedWhileTheFirstLives) {
  FakeAgentStream& first = Connect("h1");
  FakeAgentStream& other = Dial();
  other.Say(Hello("h1", kOther));
  ASSERT_TRUE(other.finished().has_value());
  EXPECT_EQ(other.finished()->code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(other.finished()->message()),
              HasSubstr("another agent instance holds the live session of host h1"));
  EXPECT_EQ(ReasonOf(*other.finished()), "HOST_NAME_TAKEN");
  EXPECT_FALSE(first.finished().has_value());
  EXPECT_THAT(notes_.Take(), ElementsAre("+h1/1"));

  first.session().PeerGone(absl::OkStatus());
  EXPECT_FALSE(Connect("h1", kOther).finished().has_value());
}

TEST_F(HostRegistryTest, ANewerSessionOfTheSameInstanceWinsAtOnce) {
  FakeAgentStream& older = Connect("h1");
  FakeAgentStream& newer = Connect("h1");
  ASSERT_TRUE(older.finished().has_value());
  EXPECT_EQ(older.finished()->code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(newer.finished().has_value());
  EXPECT_TRUE(registry_->Get("h1")->connected());
  EXPECT_EQ(notes_.connected, 1);
  EXPECT_THAT(notes_.Take(), ElementsAre("+h1/1", "-h1/1", "+h1/2"));

  older.Close();
  EXPECT_TRUE(registry_->Get("h1")->connected()) << "the older one's end is not the newer one's";
  registry_->Deliver("h1", 1, {Delivery(7)});
  EXPECT_FALSE(newer.writing()) << "what is meant for the older session is dropped";
  registry_->Deliver("h1", 2, {Delivery(7)});
  EXPECT_EQ(newer.Take()->deliver().intents(0).sequence(), 7);
}

TEST_F(HostRegistryTest, AnEndWaitsForTheWriteUnderWay) {
  FakeAgentStream& older = Connect("h1");
  registry_->Deliver("h1", 1, {Delivery(1)});
  ASSERT_TRUE(older.writing());
  Connect("h1");
  EXPECT_FALSE(older.finished().has_value());
  older.Take();
  ASSERT_TRUE(older.finished().has_value());
  EXPECT_EQ(older.finished()->code(), absl::StatusCode::kAborted);
}

TEST_F(HostRegistryTest, AStreamThatDoesNotEndIsBrokenOff) {
  FakeAgentStream& older = Connect("h1");
  registry_->Deliver("h1", 1, {Delivery(1)});  // a write that never ends
  Connect("h1");
  registry_->CheckLiveness();
  EXPECT_FALSE(older.cancelled());
  seconds_ += 6;
  registry_->CheckLiveness();
  EXPECT_TRUE(older.cancelled());
  older.Take(/*ok=*/false);
  EXPECT_TRUE(older.finished().has_value());
}

TEST_F(HostRegistryTest, ThreeMissedHeartbeatsEndASession) {
  FakeAgentStream& silent = Connect("h1");
  FakeAgentStream& alive = Connect("h2", kOther);
  seconds_ += 15;
  alive.Say(Heartbeat());
  registry_->CheckLiveness();
  EXPECT_FALSE(silent.finished().has_value()) << "15 s are three heartbeats";
  seconds_ += 1;
  registry_->CheckLiveness();
  ASSERT_TRUE(silent.finished().has_value());
  EXPECT_EQ(silent.finished()->code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(alive.finished().has_value());
  EXPECT_FALSE(registry_->Get("h1")->connected());
  EXPECT_THAT(notes_.Take(), ElementsAre("+h1/1", "+h2/2", "-h1/1"));
  EXPECT_EQ(notes_.connected, 1);
}

TEST_F(HostRegistryTest, AStreamThatNeverSaysHelloIsEnded) {
  FakeAgentStream& mute = Dial();
  seconds_ += 16;
  registry_->CheckLiveness();
  EXPECT_TRUE(mute.finished().has_value());
  EXPECT_THAT(notes_.Take(), IsEmpty());
}

TEST_F(HostRegistryTest, WhatAnAgentSaysAfterItsEndIsNotHeard) {
  FakeAgentStream& stream = Connect("h1");
  seconds_ += 16;
  registry_->CheckLiveness();
  notes_.Take();
  v1::AgentMessage message;
  message.mutable_report()->add_started(1);
  stream.Say(message);
  EXPECT_THAT(notes_.Take(), IsEmpty());
}

TEST_F(HostRegistryTest, IntentsCancelsAndAcknowledgementsAreSentInOrder) {
  FakeAgentStream& stream = Connect("h1");
  registry_->Deliver("h1", 1, {Delivery(1), Delivery(2)});
  registry_->AskCancel("h1", 1, 2);
  registry_->AcknowledgeResults("h1", 1, {1});
  registry_->Deliver("h1", 1, {Delivery(3)});
  const auto messages = stream.TakeAll();
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0].deliver().intents_size(), 2);
  EXPECT_EQ(messages[1].cancel().sequence(), 2);
  EXPECT_THAT(messages[2].results_acknowledged().sequences(), ElementsAre(1));
  EXPECT_EQ(messages[3].deliver().intents(0).sequence(), 3);
}

TEST_F(HostRegistryTest, WhatIsMeantForNobodyIsDropped) {
  registry_->Deliver("h1", 1, {Delivery(1)});
  registry_->AskCancel("h1", 1, 1);
  FakeAgentStream& stream = Connect("h1");
  registry_->AcknowledgeResults("h1", 2, {1});
  EXPECT_FALSE(stream.writing());
}

TEST_F(HostRegistryTest, AnAgentThatReadsTooSlowlyIsEndedAndMayComeAgain) {
  outbox_items_ = 3;
  Reopen();
  FakeAgentStream& slow = Connect("h1");
  registry_->Deliver("h1", 1, {Delivery(1), Delivery(2)});  // being written
  registry_->Deliver("h1", 1, {Delivery(3), Delivery(4)});
  EXPECT_TRUE(registry_->Get("h1")->connected());
  registry_->AcknowledgeResults("h1", 1, {8, 9});
  EXPECT_FALSE(registry_->Get("h1")->connected());
  slow.Take();
  ASSERT_TRUE(slow.finished().has_value());
  EXPECT_EQ(slow.finished()->code(), absl::StatusCode::kResourceExhausted);
  Connect("h1");
  EXPECT_TRUE(registry_->Get("h1")->connected());
}

TEST_F(HostRegistryTest, AReportIsAppliedInventoryFirstThenStartedThenResults) {
  notes_.watched = &inventory_;
  FakeAgentStream& stream = Connect("h1");
  notes_.Take();
  v1::AgentMessage message;
  v1::Report& report = *message.mutable_report();
  v1::IntentResult& result = *report.add_results();
  result.set_sequence(4);
  result.set_state(v1::Intent::SUCCEEDED);
  report.add_started(4);
  report.add_started(5);
  report.mutable_inventory()->add_namespaces()->set_name("hosts/h1/namespaces/red");
  stream.Say(message);
  EXPECT_THAT(notes_.Take(), ElementsAre("h1 started 4", "h1 started 5", "h1 finished 4 with red"));
  EXPECT_FALSE(stream.writing()) << "results are acknowledged by the queue only";
}

TEST_F(HostRegistryTest, CancelAnswersArePassedOn) {
  FakeAgentStream& stream = Connect("h1");
  notes_.Take();
  v1::AgentMessage message;
  message.mutable_cancel_answer()->set_sequence(3);
  message.mutable_cancel_answer()->set_reason("running");
  stream.Say(message);
  message.mutable_cancel_answer()->set_cancelled(true);
  message.mutable_cancel_answer()->clear_reason();
  stream.Say(message);
  EXPECT_THAT(notes_.Take(), ElementsAre("h1 cancel 3 no running", "h1 cancel 3 yes"));
}

TEST_F(HostRegistryTest, ARebootIsCountedAlsoAcrossAServerRestart) {
  Connect("h1");
  Connect("h1");
  EXPECT_EQ(notes_.reboots, 0);
  Connect("h1", kInstance, kNextBoot);
  EXPECT_EQ(notes_.reboots, 1);
  EXPECT_EQ(registry_->Get("h1")->boot_id(), kNextBoot);
  Reopen();
  Connect("h1", kInstance, kBoot);
  EXPECT_EQ(notes_.reboots, 2);
}

TEST_F(HostRegistryTest, CapabilitiesOfAKnownHostAreCheckedAndOfAnUnknownOneNot) {
  FakeAgentStream& stream = Dial();
  v1::AgentMessage message = Hello("h1");
  v1::Capability& netns = *message.mutable_hello()->mutable_capabilities(0);
  netns.set_available(false);
  netns.set_reason("kernel has no network namespace support (CONFIG_NET_NS)");
  stream.Say(message);
  intents::Operations operations;
  operations.Add()->mutable_create_namespace()->set_namespace_("red");
  const absl::Status refused = registry_->CheckCapabilities("h1", operations);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(), "host h1: kernel has no network namespace support (CONFIG_NET_NS)");
  EXPECT_EQ(ReasonOf(refused), "CAPABILITY_MISSING");
  EXPECT_TRUE(registry_->CheckCapabilities("h2", operations).ok());
}

TEST_F(HostRegistryTest, AnAgentIsAskedToAttachACommandOrItIsSaidWhyNot) {
  v1::OpenExec open;
  open.set_session_id("id");
  EXPECT_EQ(ReasonOf(registry_->OpenExec("h1", open).status()), "HOST_NOT_FOUND");
  v1::AgentMessage hello = Hello("h1");
  FakeAgentStream& silent = Dial();
  silent.Say(hello);
  silent.Take();
  EXPECT_EQ(ReasonOf(registry_->OpenExec("h1", open).status()), "CAPABILITY_MISSING");
  v1::Capability& exec = *hello.mutable_hello()->add_capabilities();
  exec.set_name("exec");
  exec.set_available(true);
  FakeAgentStream& stream = Dial();
  stream.Say(hello);
  stream.Take();
  EXPECT_TRUE(registry_->OpenExec("h1", open).ok());
  EXPECT_EQ(stream.Take()->open_exec().session_id(), "id");
  stream.Close();
  const absl::Status away = registry_->OpenExec("h1", open).status();
  EXPECT_EQ(away.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(away), "HOST_AWAY");
  EXPECT_THAT(std::string(away.message()), HasSubstr("host h1 is away"));
}

TEST_F(HostRegistryTest, ACommandForAnAgentThatReadsTooSlowlyIsRefusedAndItsSessionGoesOn) {
  outbox_items_ = 2;
  Reopen();
  v1::AgentMessage hello = Hello("h1");
  v1::Capability& exec = *hello.mutable_hello()->add_capabilities();
  exec.set_name("exec");
  exec.set_available(true);
  FakeAgentStream& stream = Dial();
  stream.Say(hello);  // the welcome is being written
  EXPECT_TRUE(registry_->OpenExec("h1", {}).ok());
  EXPECT_TRUE(registry_->OpenExec("h1", {}).ok());
  EXPECT_EQ(registry_->OpenExec("h1", {}).status().code(), absl::StatusCode::kResourceExhausted);
  stream.Take();
  EXPECT_TRUE(registry_->OpenExec("h1", {}).ok());
}

TEST_F(HostRegistryTest, TooManyAgentsAreRefused) {
  max_agents_ = 1;
  Reopen();
  FakeAgentStream& first = Connect("h1");
  FakeAgentStream& second = Dial();
  ASSERT_TRUE(second.finished().has_value());
  EXPECT_EQ(second.finished()->code(), absl::StatusCode::kResourceExhausted);
  second.Close();
  first.session().PeerGone(absl::OkStatus());
  first.Close();
  EXPECT_FALSE(Dial().finished().has_value());
}

TEST_F(HostRegistryTest, ShutdownEndsEverySessionAndTakesNoMore) {
  FakeAgentStream& welcome = Connect("h1");
  FakeAgentStream& mute = Dial();
  registry_->Shutdown();
  for (FakeAgentStream* stream : {&welcome, &mute, &Dial()}) {
    ASSERT_TRUE(stream->finished().has_value());
    EXPECT_EQ(stream->finished()->code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_THAT(notes_.Take(), ElementsAre("+h1/1", "-h1/1"));
}

TEST_F(HostRegistryTest, ABrokenStreamEndsItsSessionOnce) {
  FakeAgentStream& stream = Connect("h1");
  registry_->Deliver("h1", 1, {Delivery(1)});
  stream.Take(/*ok=*/false);
  stream.session().PeerGone(absl::CancelledError("gone"));
  stream.Close();
  EXPECT_THAT(notes_.Take(), ElementsAre("+h1/1", "-h1/1"));
  EXPECT_EQ(notes_.connected, 0);
}

TEST_F(HostRegistryTest, SessionsMayComeSpeakAndGoAtOnce) {
  constexpr int kRounds = 60;
  std::atomic<bool> done = false;
  std::vector<std::jthread> threads;
  // Agents of two hosts, two streams each, so that sessions take over from each other.
  for (int agent = 0; agent < 4; ++agent) {
    threads.emplace_back([this, agent] {
      const std::string host = agent % 2 == 0 ? "h1" : "h2";
      for (int round = 0; round < kRounds; ++round) {
        FakeAgentStream stream;
        stream.Attach(registry_->Accept(stream));
        stream.Say(Hello(host));
        stream.TakeAll();
        if (stream.reading()) stream.Say(Heartbeat());
        if (stream.reading()) {
          v1::AgentMessage message;
          message.mutable_report()->add_started(round);
          stream.Say(message);
        }
        stream.TakeAll();
      }
    });
  }
  // The queue, the clock and the readers.
  std::jthread queue([&] {
    for (uint64_t session = 0; !done; session = (session + 1) % (4 * kRounds)) {
      registry_->Deliver("h1", session, {Delivery(1)});
      registry_->AcknowledgeResults("h2", session, {1, 2});
    }
  });
  std::jthread clock([&] {
    while (!done) {
      registry_->CheckLiveness();
      registry_->Get("h1");
      registry_->LabelsOf("h1");
      registry_->Names();
      registry_->Introduce("h2");
    }
  });
  // Somebody tries to delete one of the hosts.
  std::jthread deleter([&] {
    while (!done) {
      if (registry_->BeginForget("h2").ok()) registry_->EndForget("h2", absl::OkStatus());
    }
  });
  threads.clear();
  done = true;
  queue.join();
  clock.join();
  deleter.join();
  EXPECT_LE(notes_.sessions, 4 * kRounds) << "some came while h2 was being deleted";
  EXPECT_GE(notes_.sessions, 2 * kRounds);
  EXPECT_EQ(notes_.connected, 0);
  int balance = 0;
  for (const std::string& note : notes_.Take()) balance += note[0] == '+' ? 1 : note[0] == '-' ? -1 : 0;
  EXPECT_EQ(balance, 0) << "whoever was announced was taken back";
}

TEST_F(HostRegistryTest, AnAgentIsAskedForHoldersAndAnswers) {
  FakeAgentStream& stream = Connect("h1");
  absl::StatusOr<v1::HoldersAnswer> told = absl::UnknownError("not told");
  const auto never = HolderQueries::Steady::max();
  const auto query = registry_->FindHolders("h1", "red", never, [&](auto answer) { told = std::move(answer); });
  ASSERT_TRUE(query.ok()) << query.status();
  const auto asked = stream.Take();
  ASSERT_TRUE(asked && asked->has_find_holders());
  EXPECT_EQ(asked->find_holders().namespace_(), "red");
  v1::AgentMessage message;
  message.mutable_holders_answer()->set_query(asked->find_holders().query());
  message.mutable_holders_answer()->add_holders()->set_pid(7);
  stream.Say(message);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->holders(0).pid(), 7);
}

TEST_F(HostRegistryTest, WhoAsksForHoldersOfAnAgentThatIsOrGoesAwayIsToldSo) {
  const auto never = HolderQueries::Steady::max();
  const auto nobody = [](auto) { FAIL() << "told, though it was refused"; };
  EXPECT_EQ(registry_->FindHolders("h1", "red", never, nobody).status().code(), absl::StatusCode::kNotFound);
  FakeAgentStream& stream = Connect("h1");
  absl::StatusOr<v1::HoldersAnswer> told = absl::UnknownError("not told");
  ASSERT_TRUE(registry_->FindHolders("h1", "red", never, [&](auto answer) { told = std::move(answer); }).ok());
  stream.session().PeerGone(absl::OkStatus());
  EXPECT_EQ(told.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(told.status()), "HOST_AWAY");
  EXPECT_EQ(ReasonOf(registry_->FindHolders("h1", "red", never, nobody).status()), "HOST_AWAY");
}

}  // namespace
}  // namespace warren::hosts
