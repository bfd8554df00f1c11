// warren.v1.Intents over real gRPC.

#include <memory>
#include <mutex>
#include <thread>

#include "tests/server/api/api_fixture.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kRequestId[] = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

class IntentsApiTest : public ApiTest {
 protected:
  grpc::Status List(const v1::ListIntentsRequest& request, v1::ListIntentsResponse& response) {
    Context context;
    return intents_->ListIntents(&context, request, &response);
  }
  grpc::Status Wait(const v1::WaitIntentRequest& request, v1::Intent& intent) {
    Context context;
    return intents_->WaitIntent(&context, request, &intent);
  }
};

TEST_F(IntentsApiTest, AnAcceptedIntentIsShownAndOutlivesTheServer) {
  v1::CreateIntentRequest request = Request("h1", "red");
  request.set_request_id(kRequestId);
  const v1::Intent created = Create(request);
  EXPECT_EQ(created.name(), IntentName("h1", kRequestId));
  EXPECT_EQ(created.state(), v1::Intent::QUEUED);
  Restart();
  Context context;
  v1::GetIntentRequest get;
  get.set_name(created.name());
  v1::Intent shown;
  ASSERT_TRUE(intents_->GetIntent(&context, get, &shown).ok());
  EXPECT_EQ(shown.SerializeAsString(), created.SerializeAsString());
}

TEST_F(IntentsApiTest, ARepeatedSubmitIsTheSameIntentAndADifferentOneIsNamed) {
  v1::CreateIntentRequest request = Request("h1", "red");
  request.set_request_id(kRequestId);
  const v1::Intent first = Create(request);
  EXPECT_EQ(Create(request).sequence(), first.sequence());
  request.mutable_intent()->mutable_operations(0)->mutable_create_namespace()->set_namespace_("blue");
  const grpc::Status status = Refused(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), HasSubstr("create_namespace.namespace"));
}

TEST_F(IntentsApiTest, EveryBadFieldOfARequestIsNamedAtOnce) {
  v1::CreateIntentRequest request = Request("-bad", "a/b");
  request.set_request_id("no-uuid");
  request.mutable_intent()->add_operations()->mutable_delete_link()->set_namespace_("@host");
  EXPECT_THAT(BadFields(Refused(request)),
              ElementsAre("parent", "request_id", "operations[0].create_namespace.namespace",
                          "operations[1].delete_link.name"));
  request.set_parent("hosts/h1");
  request.clear_request_id();
  EXPECT_THAT(BadFields(Refused(request)),
              ElementsAre("operations[0].create_namespace.namespace", "operations[1].delete_link.name"));
  request.set_parent("hosts/-");
  EXPECT_THAT(BadFields(Refused(request)), SizeIs(3));
}

TEST_F(IntentsApiTest, AnIntentWithoutOperationsIsRefused) {
  v1::CreateIntentRequest request;
  request.set_parent("hosts/h1");
  request.set_allow_unknown_host(true);
  EXPECT_THAT(BadFields(Refused(request)), ElementsAre("operations"));
}

TEST_F(IntentsApiTest, HundredsOfBadFieldsStillReachTheClient) {
  v1::CreateIntentRequest request = Request("h1", "ok");
  for (int i = 0; i < 900; ++i) {
    request.mutable_intent()->add_operations()->mutable_create_veth()->mutable_a()->set_namespace_(
        std::string(250, ' '));
  }
  const grpc::Status status = Refused(request);
  EXPECT_THAT(BadFields(status), Not(IsEmpty()));
}

TEST_F(IntentsApiTest, AnUnknownHostIsRefusedWithWhatToDo) {
  v1::CreateIntentRequest request = Request("h9", "red");
  request.set_allow_unknown_host(false);
  const grpc::Status status = Refused(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("host h9"));
  EXPECT_THAT(status.error_message(), HasSubstr("allow_unknown_host"));
}

TEST_F(IntentsApiTest, AFullQueueSaysWhenToTryAgain) {
  limits_.intents.max_queued_per_host = 1;
  Restart();
  Create("h1", "red");
  const grpc::Status status = Refused(Request("h1", "blue"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::rpc::RetryInfo retry;
  google::rpc::ErrorInfo info;
  ASSERT_EQ(Details(status).details_size(), 2);
  ASSERT_TRUE(Details(status).details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "HOST_QUEUE_FULL");
  ASSERT_TRUE(Details(status).details(1).UnpackTo(&retry));
  EXPECT_GE(retry.retry_delay().seconds(), 1);
}

TEST_F(IntentsApiTest, ValidateOnlyStoresNothing) {
  v1::CreateIntentRequest request = Request("h1", "red");
  request.set_validate_only(true);
  EXPECT_EQ(Create(request).name(), "");
  v1::ListIntentsResponse listed;
  v1::ListIntentsRequest list;
  list.set_parent("hosts/-");
  ASSERT_TRUE(List(list, listed).ok());
  EXPECT_THAT(listed.intents(), IsEmpty());
}

TEST_F(IntentsApiTest, WhatIsNotThereIsNotFoundAndNamesThatAreNoneAreRefused) {
  v1::Intent intent;
  v1::GetIntentRequest get;
  get.set_name(IntentName("h1", kRequestId));
  Context first;
  EXPECT_EQ(intents_->GetIntent(&first, get, &intent).error_code(), grpc::StatusCode::NOT_FOUND);
  get.set_name("hosts/h1/intents/7");
  Context second;
  EXPECT_THAT(BadFields(intents_->GetIntent(&second, get, &intent)), ElementsAre("name"));
  v1::CancelIntentRequest cancel;
  cancel.set_name(IntentName("h1", kRequestId));
  Context third;
  EXPECT_EQ(intents_->CancelIntent(&third, cancel, &intent).error_code(), grpc::StatusCode::NOT_FOUND);
  cancel.set_name("intents/7");
  Context fourth;
  EXPECT_THAT(BadFields(intents_->CancelIntent(&fourth, cancel, &intent)), ElementsAre("name"));
}

TEST_F(IntentsApiTest, ListsInTheOrderAcceptedByPagesAndStates) {
  for (const char* name : {"a", "b", "c"}) Create("h1", name);
  Create("h2", "d");
  v1::ListIntentsRequest request;
  request.set_parent("hosts/-");
  request.set_page_size(3);
  v1::ListIntentsResponse page;
  ASSERT_TRUE(List(request, page).ok());
  EXPECT_THAT(page.intents(), SizeIs(3));
  request.set_page_token(page.next_page_token());
  v1::ListIntentsResponse next;
  ASSERT_TRUE(List(request, next).ok());
  ASSERT_THAT(next.intents(), SizeIs(1));
  EXPECT_THAT(next.intents(0).name(), HasSubstr("hosts/h2/"));
  EXPECT_EQ(next.next_page_token(), "");

  request.set_parent("hosts/h1");
  EXPECT_THAT(BadFields(List(request, next)), ElementsAre("page_token"));
  request.clear_page_token();
  request.add_states(v1::Intent::FAILED);
  v1::ListIntentsResponse failed;
  ASSERT_TRUE(List(request, failed).ok());
  EXPECT_THAT(failed.intents(), IsEmpty());
  request.set_parent("hosts/h9");
  EXPECT_EQ(List(request, failed).error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_page_size(-1);
  request.set_parent("h9");
  EXPECT_THAT(BadFields(List(request, failed)), ElementsAre("parent", "page_size"));
}

TEST_F(IntentsApiTest, AWaitThatIsOverReturnsTheUnfinishedIntent) {
  v1::WaitIntentRequest request;
  request.set_name(Create("h1", "red").name());
  request.mutable_timeout()->set_nanos(1'000'000);
  v1::Intent intent;
  ASSERT_TRUE(Wait(request, intent).ok());
  EXPECT_EQ(intent.state(), v1::Intent::QUEUED);
}

TEST_F(IntentsApiTest, AWaitWithABadTimeoutOrNameIsRefused) {
  v1::WaitIntentRequest request;
  request.set_name("hosts/h1");
  request.mutable_timeout()->set_seconds(-1);
  v1::Intent intent;
  EXPECT_THAT(BadFields(Wait(request, intent)), ElementsAre("name", "timeout"));
}

TEST_F(IntentsApiTest, AWaitThatItsCallerGaveUpIsGivenUp) {
  limits_.intents.max_waiters = 1;
  Restart();
  v1::WaitIntentRequest forever;
  forever.set_name(Create("h1", "red").name());
  v1::WaitIntentRequest probe = forever;
  probe.mutable_timeout()->set_nanos(1);
  std::mutex mutex;
  std::shared_ptr<Context> open;
  std::jthread waiter([&] {
    grpc::Status status;
    do {  // the probe may be first
      auto context = std::make_shared<Context>();
      {
        const std::lock_guard lock(mutex);
        open = context;
      }
      v1::Intent ignored;
      status = intents_->WaitIntent(context.get(), forever, &ignored);
    } while (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  });
  // There is room for one wait: a probe that is refused tells that the other is open.
  v1::Intent intent;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (Wait(probe, intent).error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the wait was never open";
  }
  {
    const std::lock_guard lock(mutex);
    open->TryCancel();
  }
  while (!Wait(probe, intent).ok()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the wait is still open although its caller has gone";
  }
}

TEST_F(IntentsApiTest, CallsAreCountedByMethodAndCode) {
  Create("h1", "red");
  Refused(Request("h1", "a/b"));
  // A call is counted before it is answered.
  double created = 0, refused = 0, seconds = 0;
  for (const prometheus::MetricFamily& family : server_->registry().Collect()) {
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::string labels;
      for (const auto& label : metric.label) labels += label.name + "=" + label.value + " ";
      if (labels.find("warren.v1.Intents/CreateIntent") == std::string::npos) continue;
      if (family.name == "warren_grpc_request_seconds") seconds = static_cast<double>(metric.histogram.sample_count);
      if (family.name != "warren_grpc_requests_total") continue;
      if (labels.find("code=OK") != std::string::npos) created = metric.counter.value;
      if (labels.find("code=INVALID_ARGUMENT") != std::string::npos) refused = metric.counter.value;
    }
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(seconds, 2);
}

}  // namespace
}  // namespace warren::api
