// warren.v1.Hosts over real gRPC.

#include <atomic>
#include <thread>

#include "google/protobuf/empty.pb.h"
#include "tests/server/api/api_fixture.h"
#include "tests/server/api/event_reader.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kNextBoot[] = "44444444-4444-4444-8444-444444444444";

class HostsApiTest : public ApiTest {
 protected:
  class Watch : public EventReader<v1::WatchHostsResponse> {
   public:
    explicit Watch(v1::Hosts::Stub& stub, const std::string& filter = "", int64_t after = 0)
        : EventReader(
              [&](grpc::ClientContext* context) {
                v1::WatchHostsRequest request;
                request.set_filter(filter);
                request.set_after_revision(after);
                return stub.WatchHosts(context, request);
              },
              &Line) {}

   private:
    // "CHANGED h1 connected"
    static std::string Line(const v1::HostEvent& event) {
      std::string line = v1::HostEvent::Type_Name(event.type());
      if (event.has_host()) line += " " + event.host().name().substr(6);
      if (event.host().connected()) line += " connected";
      return line;
    }
  };

  grpc::Status List(const v1::ListHostsRequest& request, v1::ListHostsResponse& response) {
    Context context;
    return hosts_->ListHosts(&context, request, &response);
  }
  // The names of a page; its token goes to `token`.
  std::vector<std::string> Page(int32_t size, std::string& token, const std::string& filter = "",
                                const std::string& order_by = "") {
    v1::ListHostsRequest request;
    request.set_page_size(size);
    request.set_page_token(token);
    request.set_filter(filter);
    request.set_order_by(order_by);
    v1::ListHostsResponse response;
    const grpc::Status status = List(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    token = response.next_page_token();
    std::vector<std::string> names;
    for (const v1::Host& host : response.hosts()) names.push_back(host.name());
    return names;
  }
  std::vector<std::string> Filtered(const std::string& filter) {
    std::string token;
    return Page(0, token, filter);
  }
  std::unique_ptr<WireAgent> ConnectWith(const v1::Hello& hello) {
    auto agent = std::make_unique<WireAgent>(server_->channel());
    agent->Say(hello);
    EXPECT_TRUE(agent->Hear().has_welcome());
    return agent;
  }
  // Returns when watches are told of it: "h1 connected", "h1".
  void AwaitTold(const std::string& host) {
    Watch watch(*hosts_);
    for (std::string line = watch.Next(); !line.empty(); line = watch.Next()) {
      if (line.substr(line.find(' ') + 1) == host) return;
    }
    ADD_FAILURE() << host << " is not told";
  }
  // Its session is over, and everyone is told so, when this returns: the agent's call ends before.
  void Leave(std::unique_ptr<WireAgent> agent) {
    Watch watch(*hosts_);
    std::string line;
    do line = watch.Next();
    while (!line.empty() && line != "SYNCED");
    EXPECT_TRUE(agent->HangUp().ok());
    do line = watch.Next();
    while (!line.empty() && watch.last().host().connected());
    EXPECT_THAT(line, ::testing::StartsWith("CHANGED "));
  }

  grpc::Status Delete(const std::string& host, bool allow_missing = false, bool validate_only = false) {
    Context context;
    v1::DeleteHostRequest request;
    request.set_name(HostName(host));
    request.set_allow_missing(allow_missing);
    request.set_validate_only(validate_only);
    google::protobuf::Empty nothing;
    return hosts_->DeleteHost(&context, request, &nothing);
  }
  bool IsThere(const std::string& host) {
    Context context;
    v1::GetHostRequest request;
    request.set_name(HostName(host));
    v1::Host shown;
    return hosts_->GetHost(&context, request, &shown).ok();
  }
  static std::string Reason(const grpc::Status& status) {
    google::rpc::ErrorInfo info;
    const google::rpc::Status details = Details(status);
    for (const auto& detail : details.details()) {
      if (detail.UnpackTo(&info)) return info.reason();
    }
    return "none";
  }
  static std::string Resource(const grpc::Status& status) {
    google::rpc::ResourceInfo info;
    const google::rpc::Status details = Details(status);
    for (const auto& detail : details.details()) {
      if (detail.UnpackTo(&info)) return info.resource_type() + " " + info.resource_name();
    }
    return "none";
  }
};

TEST_F(HostsApiTest, ListsWhoeverConnectedOrWasGivenIntentsByName) {
  const auto b = Connect("b");
  const auto d = Connect("d", kOther);
  Create("c", "red");
  Create("b", "red");
  std::string token;
  EXPECT_THAT(Page(0, token), ElementsAre("hosts/b", "hosts/c", "hosts/d"));
  EXPECT_EQ(token, "");
  EXPECT_THAT(Page(2, token), ElementsAre("hosts/b", "hosts/c"));
  EXPECT_NE(token, "");
  EXPECT_THAT(Page(2, token), ElementsAre("hosts/d"));
  EXPECT_EQ(token, "");
}

TEST_F(HostsApiTest, ListsInEitherOrder) {
  for (const char* host : {"a", "b", "c"}) Create(host, "red");
  std::string token;
  EXPECT_THAT(Page(2, token, "", "name desc"), ElementsAre("hosts/c", "hosts/b"));
  EXPECT_THAT(Page(2, token, "", " name  desc "), ElementsAre("hosts/a")) << "however it is written";
  EXPECT_EQ(token, "");
  EXPECT_THAT(Page(0, token, "", "name"), ElementsAre("hosts/a", "hosts/b", "hosts/c"));
}

TEST_F(HostsApiTest, ListsWhatAFilterLetsThrough) {
  v1::Hello hello = WireAgent::MakeHello("h1");
  (*hello.mutable_labels())["rack"] = "a1";
  const auto h1 = ConnectWith(hello);
  const auto h2 = Connect("h2", kOther);
  h2->Settle("inventory {full_begin: true full_end: true namespaces {name: '@host'} namespaces {name: 'red'}}");
  Create("late", "red");
  EXPECT_THAT(Filtered("connected = true"), ElementsAre("hosts/h1", "hosts/h2"));
  EXPECT_THAT(Filtered("labels.rack = \"a*\""), ElementsAre("hosts/h1"));
  EXPECT_THAT(Filtered("NOT labels:rack"), ElementsAre("hosts/h2", "hosts/late"));
  EXPECT_THAT(Filtered("queued_intents > 0"), ElementsAre("hosts/late"));
  EXPECT_THAT(Filtered("namespace_count = 1"), ElementsAre("hosts/h2"));
  EXPECT_THAT(Filtered("name = h*"), ElementsAre("hosts/h1", "hosts/h2"));
  EXPECT_THAT(Filtered("agent_version = 1.2 kernel_release = 6.18 host = h2"), ElementsAre("hosts/h2"));
  EXPECT_THAT(Filtered(std::string("boot_id = ") + kBoot), ElementsAre("hosts/h1", "hosts/h2"));
  EXPECT_THAT(Filtered("last_seen_time > \"2020-01-01T00:00:00Z\" connect_time < \"2020-01-01T00:00:00Z\""), IsEmpty());
  EXPECT_EQ(GetHost("h1").labels().at("rack"), "a1");
}

TEST_F(HostsApiTest, PagesOfAFilteredListAreFullAndTheLastOneIsTheLast) {
  for (const char* host : {"a1", "b1", "a2", "b2", "a3", "a4"}) Create(host, "red");
  std::string token;
  EXPECT_THAT(Page(2, token, "name = a*"), ElementsAre("hosts/a1", "hosts/a2"));
  const std::string second = token;
  EXPECT_THAT(Page(2, token, "name = a*"), ElementsAre("hosts/a3", "hosts/a4"));
  EXPECT_EQ(token, "") << "that others follow is no reason for another page";

  v1::ListHostsRequest request;
  v1::ListHostsResponse response;
  request.set_page_token(second);
  EXPECT_THAT(BadFields(List(request, response)), ElementsAre("page_token")) << "without the filter";
  request.set_filter("name = a*");
  request.set_order_by("name desc");
  EXPECT_THAT(BadFields(List(request, response)), ElementsAre("page_token")) << "in another order";
  request.set_order_by("name");
  EXPECT_TRUE(List(request, response).ok()) << "the default order is an order";
}

TEST_F(HostsApiTest, ShowsWhatIsQueuedAndWhatIsThere) {
  const auto agent = Connect("h1");
  Create("h1", "red");
  const v1::IntentDelivery delivery = agent->HearIntent();
  EXPECT_EQ(GetHost("h1").queued_intents(), 1);
  EXPECT_EQ(GetHost("h1").namespace_count(), 0);
  agent->Succeed(delivery,
                 "inventory {full_begin: true full_end: true namespaces {name: '@host'} namespaces {name: 'red'}}");
  agent->Hear();
  EXPECT_EQ(GetHost("h1").queued_intents(), 0);
  EXPECT_EQ(GetHost("h1").namespace_count(), 1);
}

TEST_F(HostsApiTest, AHostThatOnlyHasIntentsIsShown) {
  Create("late", "red");
  const v1::Host host = GetHost("late");
  EXPECT_EQ(host.name(), "hosts/late");
  EXPECT_FALSE(host.connected());
  EXPECT_EQ(host.agent_version(), "");
  EXPECT_EQ(host.queued_intents(), 1);
}

TEST_F(HostsApiTest, UnknownAndMisspeltHostsAreToldApart) {
  v1::GetHostRequest request;
  v1::Host host;
  request.set_name("hosts/h9");
  Context first;
  const grpc::Status unknown = hosts_->GetHost(&first, request, &host);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(unknown.error_message(), HasSubstr("host h9"));
  EXPECT_EQ(Reason(unknown), "HOST_NOT_FOUND");
  EXPECT_EQ(Resource(unknown), "warren.v1.Host hosts/h9");
  for (const char* name : {"", "h9", "hosts/", "hosts/-", "hosts/a b", "hosts/h1/intents/1"}) {
    request.set_name(name);
    Context context;
    EXPECT_THAT(BadFields(hosts_->GetHost(&context, request, &host)), ElementsAre("name")) << name;
  }
}

TEST_F(HostsApiTest, BadListsAreRefusedWithEveryBadField) {
  v1::ListHostsRequest request;
  v1::ListHostsResponse response;
  request.set_page_size(-1);
  request.set_page_token("nonsense");
  EXPECT_THAT(BadFields(List(request, response)), ElementsAre("page_size", "page_token"));
  request.set_filter("colour = red");
  EXPECT_THAT(BadFields(List(request, response)), ElementsAre("page_size", "filter"));
  for (const char* order_by : {"create_time", "name up", "name desc, host"}) {
    request.set_order_by(order_by);
    EXPECT_THAT(BadFields(List(request, response)), ElementsAre("page_size", "filter", "order_by")) << order_by;
  }
}

TEST_F(HostsApiTest, AWatchShowsWhatThereIsThenWhatChanges) {
  const auto h1 = Connect("h1");
  auto h2 = Connect("h2", kOther);
  Create("h1", "red");
  AwaitTold("h1 connected");
  AwaitTold("h2 connected");
  Watch watch(*hosts_);
  EXPECT_THAT(watch.Next(3), ElementsAre("EXISTING h1 connected", "EXISTING h2 connected", "SYNCED"));
  Leave(std::move(h2));
  EXPECT_EQ(watch.Next(), "CHANGED h2");
  EXPECT_TRUE(watch.last().host().has_last_seen_time());
  EXPECT_GT(watch.last().revision(), 0);
  const auto h3 = Connect("h3");
  EXPECT_EQ(watch.Next(), "CHANGED h3 connected");
  EXPECT_EQ(watch.last().host().kernel_release(), "6.18");
  const auto again = Connect("h1");  // the newer session of the same agent
  EXPECT_EQ(watch.Next(), "CHANGED h1 connected");
  EXPECT_EQ(watch.last().host().queued_intents(), 1) << "as of the event";
}

TEST_F(HostsApiTest, AWatchShowsAHostThatOnlyHasIntents) {
  {
    Watch watch(*hosts_);
    EXPECT_EQ(watch.Next(), "SYNCED");
    Create("late", "red");
    EXPECT_EQ(watch.Next(), "CHANGED late");
    EXPECT_EQ(watch.last().host().queued_intents(), 1);
    EXPECT_FALSE(watch.last().host().has_connect_time());
  }
  Restart();
  Watch watch(*hosts_);
  EXPECT_THAT(watch.Next(2), ElementsAre("EXISTING late", "SYNCED"));
  auto late = Connect("late");
  EXPECT_EQ(watch.Next(), "CHANGED late connected");
  Leave(std::move(late));
  EXPECT_EQ(watch.Next(), "CHANGED late");
  EXPECT_TRUE(Delete("late").ok());
  EXPECT_EQ(watch.Next(), "DELETED late");
  Create("late", "red");
  EXPECT_EQ(watch.Next(), "CHANGED late");
  EXPECT_TRUE(Delete("late").ok());
  EXPECT_EQ(watch.Next(), "DELETED late");
}

TEST_F(HostsApiTest, AHostThatOnlyHasIntentsIsNotOneThatHasConnected) {
  Create("late", "red");
  v1::CreateIntentRequest request = Request("late", "blue");
  request.set_allow_unknown_host(false);
  const grpc::Status refused = Refused(request);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Reason(refused), "HOST_NOT_FOUND");
  EXPECT_THAT(Filtered("connected = false"), ElementsAre("hosts/late"));
}

TEST_F(HostsApiTest, AWatchIsToldOfAReboot) {
  Leave(Connect("h1"));
  AwaitTold("h1");
  Watch watch(*hosts_);
  EXPECT_THAT(watch.Next(2), ElementsAre("EXISTING h1", "SYNCED"));
  v1::Hello hello = WireAgent::MakeHello("h1");
  hello.set_boot_id(kNextBoot);
  const auto back = ConnectWith(hello);
  EXPECT_EQ(watch.Next(), "REBOOTED h1 connected");
  EXPECT_EQ(watch.last().host().previous_boot_id(), kBoot);
  EXPECT_EQ(watch.last().host().reboot_time().seconds(), watch.last().host().connect_time().seconds());
}

TEST_F(HostsApiTest, AFilteredWatchIsToldWhenAHostNoLongerMatches) {
  auto h1 = Connect("h1");
  const auto h2 = Connect("h2", kOther);
  Leave(Connect("away", "55555555-5555-4555-8555-555555555555"));
  AwaitTold("h1 connected");
  AwaitTold("h2 connected");
  AwaitTold("away");
  Watch watch(*hosts_, "connected = true");
  EXPECT_THAT(watch.Next(3), ElementsAre("EXISTING h1 connected", "EXISTING h2 connected", "SYNCED"));
  Leave(std::move(h1));
  EXPECT_EQ(watch.Next(), "DELETED h1");
  h1 = Connect("h1");
  EXPECT_EQ(watch.Next(), "CHANGED h1 connected");
}

TEST_F(HostsApiTest, AWatchGoesOnAfterItsRevisionAcrossARestart) {
  int64_t seen = 0;
  auto h1 = Connect("h1");
  AwaitTold("h1 connected");
  {
    Watch watch(*hosts_);
    EXPECT_THAT(watch.Next(2), ElementsAre("EXISTING h1 connected", "SYNCED"));
    Leave(std::move(h1));
    EXPECT_EQ(watch.Next(), "CHANGED h1");
    seen = watch.revision();
  }
  EXPECT_GT(seen, 0);
  auto h2 = Connect("h2", kOther);
  AwaitTold("h2 connected");
  Leave(std::move(h2));
  {
    Watch watch(*hosts_, "", seen);
    EXPECT_THAT(watch.Next(2), ElementsAre("CHANGED h2 connected", "CHANGED h2"));
    EXPECT_GT(watch.revision(), seen);
  }
  Restart();
  Watch watch(*hosts_, "", seen);
  EXPECT_THAT(watch.Next(2), ElementsAre("CHANGED h2 connected", "CHANGED h2"));
  h1 = Connect("h1");
  EXPECT_EQ(watch.Next(), "CHANGED h1 connected");
}

TEST_F(HostsApiTest, AWatchThatMakesNoSenseIsRefused) {
  EXPECT_THAT(BadFields(Watch(*hosts_, "queued_intents > 3").Finish()), ElementsAre("filter"));
  EXPECT_THAT(BadFields(Watch(*hosts_, "(", -1).Finish()), ElementsAre("filter", "after_revision"));
  EXPECT_EQ(Watch(*hosts_, "", 1'000'000).Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(HostsApiTest, WatchesEndWhenTheServerStops) {
  Watch watch(*hosts_);
  EXPECT_EQ(watch.Next(), "SYNCED");
  server_->Stop();
  const grpc::Status status = watch.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Reason(status), "SERVER_STOPPING");
}

TEST_F(HostsApiTest, ADeletedHostIsForgottenWithItsIntentsAndItsInventory) {
  auto agent = Connect("h1");
  agent->Settle("inventory {full_begin: true full_end: true namespaces {name: 'red'}}");
  const v1::Intent intent = Create("h1", "red");
  agent->HearIntent();
  Create("h2", "blue");
  AwaitTold("h1 connected");
  AwaitTold("h2");
  Watch watch(*hosts_);
  EXPECT_THAT(watch.Next(3), ElementsAre("EXISTING h1 connected", "EXISTING h2", "SYNCED"));
  Leave(std::move(agent));
  EXPECT_EQ(watch.Next(), "CHANGED h1");
  const grpc::Status deleted = Delete("h1");
  ASSERT_TRUE(deleted.ok()) << deleted.error_message();
  EXPECT_EQ(watch.Next(), "DELETED h1");

  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(IsThere("h1"));
    EXPECT_TRUE(IsThere("h2"));
    Context context;
    v1::GetIntentRequest request;
    request.set_name(intent.name());
    v1::Intent shown;
    EXPECT_EQ(intents_->GetIntent(&context, request, &shown).error_code(), grpc::StatusCode::NOT_FOUND);
    if (round == 0) Restart();
  }
  agent = Connect("h1");
  agent->Settle();  // nothing is handed out to it
  EXPECT_EQ(GetHost("h1").namespace_count(), 0);
  EXPECT_EQ(GetHost("h1").queued_intents(), 0);
}

TEST_F(HostsApiTest, AConnectedHostIsNotDeleted) {
  auto agent = Connect("h1");
  for (const bool validate_only : {true, false}) {
    const grpc::Status refused = Delete("h1", false, validate_only);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(Reason(refused), "HOST_CONNECTED");
    EXPECT_EQ(Resource(refused), "warren.v1.Host hosts/h1");
    EXPECT_THAT(refused.error_message(), HasSubstr("stop it"));
  }
  EXPECT_TRUE(GetHost("h1").connected());
  Leave(std::move(agent));
  EXPECT_TRUE(Delete("h1", false, /*validate_only=*/true).ok());
  EXPECT_TRUE(IsThere("h1")) << "it was only checked";
  EXPECT_TRUE(Delete("h1").ok());
}

TEST_F(HostsApiTest, AHostThatIsNotThereIsDeletedOnlyIfItMayBeMissing) {
  const grpc::Status unknown = Delete("h9");
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Reason(unknown), "HOST_NOT_FOUND");
  EXPECT_TRUE(Delete("h9", /*allow_missing=*/true).ok());
  EXPECT_THAT(BadFields(Delete("-")), ElementsAre("name"));
  Create("late", "red");
  EXPECT_TRUE(Delete("late").ok()) << "one that only has intents";
  EXPECT_FALSE(IsThere("late"));
}

TEST_F(HostsApiTest, ManyMayTryToDeleteAHostThatComesAndGoes) {
  std::atomic<bool> done = false;
  std::vector<std::thread> deleters;
  for (int i = 0; i < 3; ++i) {
    deleters.emplace_back([&] {
      while (!done) {
        const grpc::Status status = Delete("h1", /*allow_missing=*/true);
        EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::ABORTED ||
                    status.error_code() == grpc::StatusCode::FAILED_PRECONDITION)
            << status.error_message();
      }
    });
  }
  for (int round = 0; round < 30; ++round) {
    auto agent = std::make_unique<WireAgent>(server_->channel());
    agent->Say(WireAgent::MakeHello("h1"));
    const grpc::Status status = agent->HangUp();
    EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE) << status.error_message();
  }
  done = true;
  for (std::thread& deleter : deleters) deleter.join();
  EXPECT_TRUE(Delete("h1", /*allow_missing=*/true).ok());
  Restart();
  EXPECT_FALSE(IsThere("h1")) << "nothing was left behind, nor came back";
}

}  // namespace
}  // namespace warren::api
