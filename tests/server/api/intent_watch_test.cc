// WatchIntents and BatchCreateIntents over a real server and socket.

#include "tests/server/api/api_fixture.h"
#include "tests/server/api/event_reader.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class IntentWatchTest : public ApiTest {
 protected:
  class Watch : public EventReader<v1::WatchIntentsResponse> {
   public:
    Watch(v1::Intents::Stub& stub, const std::string& host, const std::string& filter = "", int64_t after = 0)
        : EventReader(
              [&](grpc::ClientContext* context) {
                v1::WatchIntentsRequest request;
                request.set_parent(HostName(host));
                request.set_filter(filter);
                request.set_after_revision(after);
                return stub.WatchIntents(context, request);
              },
              &Line) {}

   private:
    // "CHANGED red QUEUED"
    static std::string Line(const v1::IntentEvent& event) {
      std::string line = v1::IntentEvent::Type_Name(event.type());
      if (event.intent().operations_size() > 0) {
        line += " " + event.intent().operations(0).create_namespace().namespace_() + " " +
                v1::Intent::State_Name(event.intent().state());
      } else if (event.has_intent()) {
        line += " " + event.intent().name();
      }
      return line;
    }
  };

  static std::string Reason(const grpc::Status& status) {
    google::rpc::ErrorInfo info;
    EXPECT_TRUE(Details(status).details(0).UnpackTo(&info));
    return info.reason();
  }
};

TEST_F(IntentWatchTest, ASnapshotThenSyncedThenWhatChanges) {
  auto agent = Connect("h1");
  const v1::Intent red = Create("h1", "red");
  Create("h2", "elsewhere");
  Watch watch(*intents_, "h1");
  EXPECT_THAT(watch.Next(2), ElementsAre("EXISTING red QUEUED", "SYNCED"));
  EXPECT_GT(watch.revision(), 0);
  const v1::IntentDelivery delivery = agent->HearIntent();
  agent->Report("started: " + std::to_string(delivery.sequence()));
  EXPECT_EQ(watch.Next(), "CHANGED red RUNNING");
  agent->Succeed(delivery);
  EXPECT_EQ(watch.Next(), "CHANGED red SUCCEEDED");
  Create("h1", "blue");
  EXPECT_EQ(watch.Next(), "CHANGED blue QUEUED");
}

TEST_F(IntentWatchTest, AllHostsCanBeWatchedAtOnce) {
  Watch watch(*intents_, "-");
  EXPECT_EQ(watch.Next(), "SYNCED");
  Create("h1", "red");
  Create("h2", "blue");
  EXPECT_THAT(watch.Next(2), ElementsAre("CHANGED red QUEUED", "CHANGED blue QUEUED"));
}

TEST_F(IntentWatchTest, AWatchGoesOnWhereItWasAlsoAfterARestart) {
  {
    // The feed hears of a commit a moment after its answer: until the first, its revision is 0, which is no place to go
    // on.
    Watch first(*intents_, "-");
    EXPECT_EQ(first.Next(), "SYNCED");
    Create("h1", "red");
    EXPECT_EQ(first.Next(), "CHANGED red QUEUED");
  }
  int64_t seen = 0;
  {
    Watch watch(*intents_, "h1");
    watch.Next(2);
    seen = watch.revision();
  }
  Create("h1", "blue");
  EXPECT_EQ(Watch(*intents_, "h1", "", seen).Next(), "CHANGED blue QUEUED");
  Restart();
  Create("h1", "green");
  EXPECT_THAT(Watch(*intents_, "h1", "", seen).Next(2), ElementsAre("CHANGED blue QUEUED", "CHANGED green QUEUED"));
}

TEST_F(IntentWatchTest, WhatNoLongerMatchesTheFilterIsToldOfAsDeleted) {
  auto agent = Connect("h1");
  Watch queued(*intents_, "h1", "state = QUEUED");
  Watch failed(*intents_, "h1", "state = FAILED");
  EXPECT_EQ(queued.Next(), "SYNCED");
  EXPECT_EQ(failed.Next(), "SYNCED");
  const v1::Intent red = Create("h1", "red");
  EXPECT_EQ(queued.Next(), "CHANGED red QUEUED");
  agent->Result(agent->HearIntent(), "state: FAILED");
  EXPECT_EQ(queued.Next(), "DELETED " + red.name());
  EXPECT_EQ(failed.Next(), "CHANGED red FAILED");
}

TEST_F(IntentWatchTest, ASnapshotOfManyComesInPages) {
  v1::BatchCreateIntentsRequest request;
  for (int i = 0; i < 1000; ++i) *request.add_requests() = Request("h1", "n" + std::to_string(i));
  Context context;
  v1::BatchCreateIntentsResponse response;
  ASSERT_TRUE(intents_->BatchCreateIntents(&context, request, &response).ok());
  Watch watch(*intents_, "h1");
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(watch.Next(), "EXISTING n" + std::to_string(i) + " QUEUED");
  EXPECT_EQ(watch.Next(), "SYNCED");
}

TEST_F(IntentWatchTest, BadArgumentsAreRefused) {
  Create("h1", "red");
  Watch watch(*intents_, "h1", "colour = red", -1);
  EXPECT_THAT(BadFields(watch.Finish()), ElementsAre("filter", "after_revision"));
  const grpc::Status unknown = Watch(*intents_, "h7").Finish();
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Reason(unknown), "HOST_NOT_FOUND");
  const grpc::Status future = Watch(*intents_, "h1", "", 1'000'000).Finish();
  EXPECT_EQ(future.error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(IntentWatchTest, AServerThatStopsEndsItsWatchesWithUnavailable) {
  Watch watch(*intents_, "-");
  EXPECT_EQ(watch.Next(), "SYNCED");
  server_->Stop();
  const grpc::Status ended = watch.Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE) << ended.error_message();
}

TEST_F(IntentWatchTest, ABatchIsAllOrNothing) {
  v1::BatchCreateIntentsRequest request;
  *request.add_requests() = Request("h1", "red");
  *request.add_requests() = Request("h2", "in/valid");
  v1::BatchCreateIntentsResponse response;
  {
    Context context;
    EXPECT_THAT(BadFields(intents_->BatchCreateIntents(&context, request, &response)),
                ElementsAre("requests[1].intent.operations[0].create_namespace.namespace"));
  }
  *request.mutable_requests(1) = Request("h2", "blue");
  Context context;
  const grpc::Status status = intents_->BatchCreateIntents(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.intents_size(), 2);
  EXPECT_THAT(response.intents(0).name(), HasSubstr("hosts/h1/intents/"));
  EXPECT_THAT(response.intents(1).name(), HasSubstr("hosts/h2/intents/"));
}

TEST_F(IntentWatchTest, TheParentOfABatchIsThatOfItsItems) {
  v1::BatchCreateIntentsRequest request;
  request.set_parent("hosts/h1");
  *request.add_requests() = Request("h1", "red");
  request.add_requests()->mutable_intent()->add_operations()->mutable_create_namespace()->set_namespace_("blue");
  request.mutable_requests(1)->set_allow_unknown_host(true);
  v1::BatchCreateIntentsResponse response;
  {
    Context context;
    ASSERT_TRUE(intents_->BatchCreateIntents(&context, request, &response).ok());
    EXPECT_THAT(response.intents(1).name(), HasSubstr("hosts/h1/intents/"));
  }
  *request.mutable_requests(1) = Request("h2", "green");
  Context context;
  EXPECT_THAT(BadFields(intents_->BatchCreateIntents(&context, request, &response)), ElementsAre("requests[1].parent"));
}

TEST_F(IntentWatchTest, AnExpireTimeTravelsToTheAgentAsTheTimeLeft) {
  auto agent = Connect("h1");
  v1::CreateIntentRequest request = Request("h1", "red");
  request.mutable_intent()->mutable_expire_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 1000);
  const v1::Intent intent = Create(request);
  EXPECT_EQ(intent.expire_time().seconds(), request.intent().expire_time().seconds());
  const v1::IntentDelivery delivery = agent->HearIntent();
  EXPECT_GT(delivery.expires_in().seconds(), 900);
  EXPECT_LE(delivery.expires_in().seconds(), 1000);
  agent->Result(delivery, "state: EXPIRED");
  EXPECT_EQ(Wait(intent.name()).state(), v1::Intent::EXPIRED);
  request.mutable_intent()->mutable_expire_time()->set_nanos(-1);
  EXPECT_THAT(BadFields(Refused(request)), ElementsAre("intent.expire_time"));
}

TEST_F(IntentWatchTest, ListsTakeFiltersAndOrders) {
  Create("h1", "red");
  Create("h2", "blue");
  v1::ListIntentsRequest request;
  request.set_parent("hosts/-");
  request.set_order_by("create_time desc");
  v1::ListIntentsResponse response;
  {
    Context context;
    ASSERT_TRUE(intents_->ListIntents(&context, request, &response).ok());
    ASSERT_THAT(response.intents(), SizeIs(2));
    EXPECT_EQ(response.intents(0).operations(0).create_namespace().namespace_(), "blue");
  }
  request.set_filter("host = h1 AND state = QUEUED");
  {
    Context context;
    ASSERT_TRUE(intents_->ListIntents(&context, request, &response).ok());
    ASSERT_THAT(response.intents(), SizeIs(1));
  }
  request.set_filter("state = SUCCEEDED");
  Context context;
  ASSERT_TRUE(intents_->ListIntents(&context, request, &response).ok());
  EXPECT_THAT(response.intents(), IsEmpty());
}

}  // namespace
}  // namespace warren::api
