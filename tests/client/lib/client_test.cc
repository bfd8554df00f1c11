// The calls of a Client, against a server that answers as told.

#include "client/lib/client.h"

#include <gmock/gmock.h>

#include <set>

#include "client/lib/status.h"
#include "proto/common/names.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::client {
namespace {

using cli::From;
using testing::ElementsAre;
using testing::IsEmpty;

class Calls : public cli::CommandTest {
 protected:
  Calls() {
    retry_.first_pause = absl::Milliseconds(1);
    retry_.longest_pause = absl::Milliseconds(2);
    client_ = *Client::Connect(server(), retry_);
  }
  absl::Time Soon() { return absl::Now() + absl::Minutes(1); }

  RetryOptions retry_;
  std::unique_ptr<Client> client_;
};

v1::BatchCreateIntentsRequest Batch(int items) {
  v1::BatchCreateIntentsRequest request;
  for (int i = 0; i < items; ++i) request.add_requests()->set_parent("hosts/h" + std::to_string(i));
  return request;
}

TEST_F(Calls, ABatchIsSentAgainUnderTheIdsChosenAtFirst) {
  int attempts = 0;
  api_.batch_create_intents.Answers(
      [&attempts](const v1::BatchCreateIntentsRequest& request, v1::BatchCreateIntentsResponse* response) {
        ++attempts;
        if (attempts == 1) return absl::UnavailableError("starting");
        if (attempts == 2) return absl::CancelledError("cut");
        for (const auto& item : request.requests()) {
          response->add_intents()->set_name(item.parent() + "/intents/" + item.request_id());
        }
        return absl::OkStatus();
      });
  v1::BatchCreateIntentsRequest request = Batch(3);
  request.mutable_requests(1)->set_request_id("0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11");
  const auto intents = client_->SubmitBatch(request, Soon());
  ASSERT_TRUE(intents.ok()) << intents.status();
  ASSERT_EQ(intents->size(), 3u);
  EXPECT_EQ((*intents)[1].name(), "hosts/h1/intents/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11");
  const auto asked = api_.batch_create_intents.Asked();
  ASSERT_EQ(asked.size(), 3u);
  std::set<std::string> ids;
  for (const auto& item : asked[0].requests()) {
    EXPECT_EQ(WhyBadUuid(item.request_id()), std::nullopt);
    ids.insert(item.request_id());
  }
  EXPECT_EQ(ids.size(), 3u);
  for (const auto& again : asked) EXPECT_EQ(again.SerializeAsString(), asked[0].SerializeAsString());
  EXPECT_EQ(request.requests(2).request_id(), asked[0].requests(2).request_id());
}

TEST_F(Calls, ABatchThatIsTooLargeIsRefusedAndNotSplit) {
  api_.batch_create_intents.Fails(absl::InvalidArgumentError("more than 1,000 requests"));
  v1::BatchCreateIntentsRequest request = Batch(2000);
  EXPECT_TRUE(absl::IsInvalidArgument(client_->SubmitBatch(request, Soon()).status()));
  EXPECT_EQ(api_.batch_create_intents.Asked().size(), 1u);
}

TEST_F(Calls, AHostDeletedByACallWhoseAnswerWasLostIsDeleted) {
  int attempts = 0;
  api_.delete_host.Answers([&attempts](const v1::DeleteHostRequest&, google::protobuf::Empty*) {
    return ++attempts == 1 ? absl::UnavailableError("connection reset") : absl::NotFoundError("there is no host h1");
  });
  v1::DeleteHostRequest request;
  request.set_name("hosts/h1");
  EXPECT_TRUE(client_->DeleteHost(request, Soon()).ok());
  EXPECT_TRUE(absl::IsNotFound(client_->DeleteHost(request, Soon())));
}

TEST_F(Calls, ACancelOfAnIntentWhoseHostIsAwayIsAnsweredAtOnce) {
  api_.cancel_intent.Fails(WithReason(absl::UnavailableError("host h1 is away"), kHostAway));
  EXPECT_EQ(ReasonOf(client_->CancelIntent("hosts/h1/intents/1", Soon()).status()), kHostAway);
  EXPECT_EQ(api_.cancel_intent.Asked().size(), 1u);
}

// Pages "0", "1", ... of one intent each.
void Pages(cli::FakeMethods& api, int pages) {
  api.list_intents.Answers([pages](const v1::ListIntentsRequest& request, v1::ListIntentsResponse* response) {
    const int page = request.page_token().empty() ? 0 : std::stoi(request.page_token());
    response->add_intents()->set_name("hosts/h1/intents/" + std::to_string(page));
    if (page + 1 < pages) response->set_next_page_token(std::to_string(page + 1));
    return absl::OkStatus();
  });
}

TEST_F(Calls, ListsAreHandedOutPageByPageUntilTheCallerHasEnough) {
  Pages(api_, 1000000);
  v1::ListIntentsRequest request;
  request.set_parent("hosts/-");
  request.set_filter("state = FAILED");
  request.set_order_by("create_time desc");
  std::vector<std::string> names;
  EXPECT_TRUE(client_
                  ->ListIntents(
                      request,
                      [&names](std::vector<v1::Intent>& intents) {
                        names.push_back(intents.front().name());
                        return names.size() < 3;
                      },
                      Soon())
                  .ok());
  EXPECT_THAT(names, ElementsAre("hosts/h1/intents/0", "hosts/h1/intents/1", "hosts/h1/intents/2"));
  const auto asked = api_.list_intents.Asked();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[2].filter(), "state = FAILED");
  EXPECT_EQ(asked[2].order_by(), "create_time desc");
  EXPECT_EQ(asked[2].page_size(), 1000);
}

TEST_F(Calls, AListWhosePagesAreNoLongerKeptBeginsAgain) {
  int calls = 0;
  api_.list_hosts.Answers([&calls](const v1::ListHostsRequest& request, v1::ListHostsResponse* response) {
    if (++calls == 2) return absl::AbortedError("the revision is no longer kept");
    response->add_hosts()->set_name(request.page_token().empty() ? "hosts/h1" : "hosts/h2");
    if (request.page_token().empty()) response->set_next_page_token("more");
    return absl::OkStatus();
  });
  const auto hosts = client_->ListHosts(v1::ListHostsRequest(), Soon());
  ASSERT_TRUE(hosts.ok()) << hosts.status();
  ASSERT_EQ(hosts->size(), 2u);
  EXPECT_EQ(calls, 4);
  EXPECT_TRUE(absl::IsAborted(client_->ListHosts(
      v1::ListHostsRequest(), [&](std::vector<v1::Host>&) { return calls = 1, true; }, Soon())));
}

TEST_F(Calls, ManyIntentsAreAwaitedAtOnceAndEachIsToldAsItComes) {
  Mutex mutex;
  std::map<std::string, int> asked;
  api_.wait_intent.Answers([&](const v1::WaitIntentRequest& request, v1::Intent* intent) {
    MutexLock lock(&mutex);
    intent->set_name(request.name());
    const int times = ++asked[request.name()];
    if (request.name() == "b" && times == 2) return absl::UnavailableError("restarting");
    intent->set_state(request.name() == "a" || times == 3 ? v1::Intent::SUCCEEDED : v1::Intent::RUNNING);
    return absl::OkStatus();
  });
  std::vector<std::string> told;
  const absl::Status status = client_->WaitAll(
      {"a", "b"},
      [&told](size_t index, const v1::Intent& intent) {
        told.push_back(std::to_string(index) + v1::Intent::State_Name(intent.state()));
      },
      Soon());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(told, testing::UnorderedElementsAre("0SUCCEEDED", "1RUNNING", "1SUCCEEDED"));
  EXPECT_EQ(told.back(), "1SUCCEEDED");
}

TEST_F(Calls, WaitingForManyEndsWithTheDeadlineOrARefusal) {
  api_.wait_intent.Returns(From<v1::Intent>("name: 'a' state: QUEUED"));
  int told = 0;
  EXPECT_TRUE(client_
                  ->WaitAll(
                      {"a"}, [&told](size_t, const v1::Intent&) { ++told; }, absl::Now())
                  .ok());
  EXPECT_EQ(told, 1);
  api_.wait_intent.Fails(absl::NotFoundError("there is none"));
  EXPECT_TRUE(absl::IsNotFound(client_->WaitAll(
      {"a", "b"}, [](size_t, const v1::Intent&) {}, Soon())));
}

TEST_F(Calls, NothingIsAwaitedWhenThereIsNothingToAwait) {
  EXPECT_TRUE(client_
                  ->WaitAll(
                      {}, [](size_t, const v1::Intent&) {}, Soon())
                  .ok());
  EXPECT_THAT(api_.wait_intent.Asked(), IsEmpty());
}

}  // namespace
}  // namespace warren::client
