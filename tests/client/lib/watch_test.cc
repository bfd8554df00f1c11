// Watches, over streams that break in every way a stream can.

#include "client/lib/watch.h"

#include <gmock/gmock.h>

#include <thread>

#include "client/lib/client.h"
#include "client/lib/status.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::client {
namespace {

using cli::From;
using testing::ElementsAre;

class Watches : public cli::CommandTest {
 protected:
  Watches() {
    retry_.first_pause = absl::Milliseconds(1);
    retry_.longest_pause = absl::Milliseconds(2);
    client_ = *Client::Connect(server(), retry_);
  }
  absl::Time Soon() { return absl::Now() + absl::Minutes(1); }

  // The next event in short: "+h1", "=h1@7" (changed), "-h1@8", "!h1@9" (rebooted), "synced@6", "restarted"; or a code.
  std::string Next(HostWatch& watch) {
    const auto event = watch.Next(Soon());
    if (!event.ok()) return absl::StatusCodeToString(event.status().code());
    const std::string name = event->item.name().empty() ? "" : event->item.name().substr(6);
    const std::string at = event->revision == 0 ? "" : "@" + std::to_string(event->revision);
    switch (event->change) {
      case WatchChange::kExisting:
        return "+" + name + at;
      case WatchChange::kSynced:
        return "synced" + at;
      case WatchChange::kChanged:
        return "=" + name + at;
      case WatchChange::kDeleted:
        return "-" + name + at;
      case WatchChange::kRebooted:
        return "!" + name + at;
      case WatchChange::kRestarted:
        return "restarted";
    }
    return "?";
  }
  std::vector<std::string> Next(HostWatch& watch, int events) {
    std::vector<std::string> told;
    for (int i = 0; i < events; ++i) told.push_back(Next(watch));
    return told;
  }

  static v1::WatchHostsResponse Says(const std::string& text) { return From<v1::WatchHostsResponse>(text); }
  static v1::WatchHostsResponse Snapshot() {
    return Says("events { type: EXISTING host { name: 'hosts/h1' } } events { type: SYNCED } revision: 6");
  }

  RetryOptions retry_;
  std::unique_ptr<Client> client_;
};

TEST_F(Watches, TellWhatThereIsThenWhatChanges) {
  api_.watch_hosts.ThenHolds({Says("events { type: EXISTING host { name: 'hosts/h1' } }"),
                              Says("events { type: SYNCED } revision: 6"),
                              Says("events { type: CHANGED host { name: 'hosts/h2' } revision: 7 }"
                                   "events { type: DELETED host { name: 'hosts/h1' } revision: 8 }"
                                   "events { type: REBOOTED host { name: 'hosts/h2' } revision: 9 } revision: 9")});
  v1::WatchHostsRequest request;
  request.set_filter("connected = true");
  const auto watch = client_->WatchHosts(request);
  EXPECT_EQ(watch->revision(), 0);
  EXPECT_EQ(Next(*watch), "+h1");
  EXPECT_EQ(watch->revision(), 0);
  EXPECT_EQ(Next(*watch), "synced");
  EXPECT_EQ(watch->revision(), 6);
  EXPECT_THAT(Next(*watch, 2), ElementsAre("=h2@7", "-h1@8"));
  EXPECT_EQ(watch->revision(), 6) << "the message was not wholly told";
  EXPECT_EQ(Next(*watch), "!h2@9");
  EXPECT_EQ(watch->revision(), 9);
  EXPECT_EQ(api_.watch_hosts.Asked().front().filter(), "connected = true");
}

TEST_F(Watches, GoOnAfterTheLastRevisionWhenTheStreamBreaks) {
  api_.watch_hosts.Then({Snapshot()}, absl::UnavailableError("stopping"));
  api_.watch_hosts.Then({}, absl::UnavailableError("starting"));
  api_.watch_hosts.Then({Says("revision: 8")}, absl::CancelledError("cut"));
  api_.watch_hosts.Then({}, absl::OkStatus());
  api_.watch_hosts.ThenHolds({Says("events { type: CHANGED host { name: 'hosts/h1' } revision: 9 } revision: 9")});
  const auto watch = client_->WatchHosts({});
  EXPECT_THAT(Next(*watch, 3), ElementsAre("+h1", "synced", "=h1@9"));
  std::vector<int64_t> after;
  for (const auto& request : api_.watch_hosts.Asked()) after.push_back(request.after_revision());
  EXPECT_THAT(after, ElementsAre(0, 6, 6, 8, 8));
}

TEST_F(Watches, BeginAgainWhenWhatHappenedIsNoLongerKept) {
  api_.watch_hosts.Then({Snapshot()}, absl::UnavailableError("stopping"));
  api_.watch_hosts.Then({}, absl::OutOfRangeError("compacted"));
  api_.watch_hosts.ThenHolds(
      {Says("events { type: EXISTING host { name: 'hosts/h2' } } events { type: SYNCED } revision: 40")});
  const auto watch = client_->WatchHosts({});
  EXPECT_THAT(Next(*watch, 5), ElementsAre("+h1", "synced", "restarted", "+h2", "synced"));
  EXPECT_EQ(watch->revision(), 40);
  EXPECT_EQ(api_.watch_hosts.Asked().back().after_revision(), 0);
}

TEST_F(Watches, BeginAgainWhenTheSnapshotBreaksOff) {
  api_.watch_hosts.Then({Says("events { type: EXISTING host { name: 'hosts/h1' } }")},
                        absl::UnavailableError("stopping"));
  api_.watch_hosts.ThenHolds({Snapshot()});
  const auto watch = client_->WatchHosts({});
  EXPECT_THAT(Next(*watch, 4), ElementsAre("+h1", "restarted", "+h1", "synced"));
}

TEST_F(Watches, ThatGoOnAfterARevisionNobodyKeepsBeginAgain) {
  api_.watch_hosts.Then({}, absl::OutOfRangeError("compacted"));
  api_.watch_hosts.ThenHolds({Snapshot()});
  v1::WatchHostsRequest request;
  request.set_after_revision(3);
  const auto watch = client_->WatchHosts(request);
  EXPECT_EQ(watch->revision(), 3);
  EXPECT_EQ(Next(*watch), "restarted");
  EXPECT_EQ(watch->revision(), 0);
  EXPECT_THAT(Next(*watch, 2), ElementsAre("+h1", "synced"));
}

TEST_F(Watches, ThatWereCutForBeingSlowCatchUp) {
  api_.watch_hosts.Then({Snapshot()}, WithReason(absl::ResourceExhaustedError("too slow"), "SLOW_WATCH"));
  api_.watch_hosts.Then({}, WithReason(absl::OutOfRangeError("gone"), "REVISION_COMPACTED"));
  api_.watch_hosts.ThenHolds({Snapshot()});
  const auto watch = client_->WatchHosts({});
  EXPECT_THAT(Next(*watch, 5), ElementsAre("+h1", "synced", "restarted", "+h1", "synced"));
}

TEST_F(Watches, EndWithARefusalForGood) {
  api_.watch_hosts.Then({Snapshot()}, absl::PermissionDeniedError("no longer"));
  const auto watch = client_->WatchHosts({});
  EXPECT_THAT(Next(*watch, 4), ElementsAre("+h1", "synced", "PERMISSION_DENIED", "PERMISSION_DENIED"));
  api_.watch_hosts.Then({}, ExhaustedError("10,000 watches are open", absl::Seconds(1)));
  EXPECT_EQ(Next(*client_->WatchHosts({})), "RESOURCE_EXHAUSTED");
  api_.watch_hosts.Then({}, absl::OutOfRangeError("odd"));
  EXPECT_EQ(Next(*client_->WatchHosts({})), "OUT_OF_RANGE");
  EXPECT_EQ(api_.watch_hosts.Asked().size(), 3u);
}

TEST_F(Watches, SayWhetherNothingHappenedOrNobodyAnswered) {
  api_.watch_hosts.ThenHolds({Snapshot()});
  const auto quiet = client_->WatchHosts({});
  EXPECT_THAT(Next(*quiet, 2), ElementsAre("+h1", "synced"));
  EXPECT_TRUE(absl::IsDeadlineExceeded(quiet->Next(absl::Now() + absl::Milliseconds(5)).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(quiet->Next(absl::InfinitePast()).status()));
  RetryOptions retry = retry_;
  std::vector<std::string> told;
  retry.on_retry = [&told](const absl::Status& status) { told.emplace_back(status.message()); };
  const auto nobody = (*Client::Connect("unix:/nonexistent/server.sock", retry))->WatchHosts({});
  EXPECT_TRUE(absl::IsUnavailable(nobody->Next(absl::Now() + absl::Milliseconds(50)).status()));
  EXPECT_FALSE(told.empty());
}

TEST_F(Watches, AreStoppedFromAnotherThread) {
  api_.watch_hosts.ThenHolds({Snapshot()});
  const auto watch = client_->WatchHosts({});
  EXPECT_THAT(Next(*watch, 2), ElementsAre("+h1", "synced"));
  {
    std::jthread stopper([&watch] { watch->Stop(); });
    EXPECT_EQ(Next(*watch), "CANCELLED");
  }
  EXPECT_EQ(Next(*watch), "CANCELLED");
  api_.watch_hosts.WaitUntilLeft();
}

TEST_F(Watches, AreStoppedWhileTheyWaitForAServer) {
  retry_.first_pause = retry_.longest_pause = absl::Hours(1);
  std::unique_ptr<HostWatch> watch;
  std::jthread stopper;
  retry_.on_retry = [&](const absl::Status&) { stopper = std::jthread([&watch] { watch->Stop(); }); };
  watch = (*Client::Connect("unix:/nonexistent/server.sock", retry_))->WatchHosts({});
  EXPECT_EQ(Next(*watch), "CANCELLED");
}

TEST_F(Watches, OutliveTheirClient) {
  api_.watch_hosts.ThenHolds({Snapshot()});
  const auto watch = client_->WatchHosts({});
  client_ = nullptr;
  EXPECT_THAT(Next(*watch, 2), ElementsAre("+h1", "synced"));
}

TEST_F(Watches, OfIntentsAndNamespacesAskForWhatTheyAreGiven) {
  api_.watch_intents.ThenHolds({From<v1::WatchIntentsResponse>(
      "events { type: CHANGED intent { name: 'hosts/h1/intents/1' state: RUNNING } } revision: 5")});
  v1::WatchIntentsRequest intents;
  intents.set_parent("hosts/h1");
  intents.set_after_revision(4);
  const auto event = client_->WatchIntents(intents)->Next(Soon());
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->change, WatchChange::kChanged);
  EXPECT_EQ(event->item.state(), v1::Intent::RUNNING);
  EXPECT_EQ(api_.watch_intents.Asked().front().ShortDebugString(), "parent: \"hosts/h1\" after_revision: 4");
  api_.watch_namespaces.ThenHolds({From<v1::WatchNamespacesResponse>(
      "events { type: DELETED namespace { name: 'hosts/h1/namespaces/red' } revision: 5 } revision: 5")});
  v1::WatchNamespacesRequest namespaces;
  namespaces.set_parent("hosts/-");
  namespaces.set_view(v1::NAMESPACE_VIEW_FULL);
  const auto gone = client_->WatchNamespaces(namespaces)->Next(Soon());
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->change, WatchChange::kDeleted);
  EXPECT_EQ(gone->item.name(), "hosts/h1/namespaces/red");
  EXPECT_EQ(api_.watch_namespaces.Asked().front().view(), v1::NAMESPACE_VIEW_FULL);
}

}  // namespace
}  // namespace warren::client
