// warren.v1.Hosts over real gRPC.

#include "tests/server/api/api_fixture.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HostsApiTest : public ApiTest {
 protected:
  // The names of a page; its token goes to `token`.
  std::vector<std::string> Page(int32_t size, std::string& token) {
    Context context;
    v1::ListHostsRequest request;
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListHostsResponse response;
    const grpc::Status status = hosts_->ListHosts(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    token = response.next_page_token();
    std::vector<std::string> names;
    for (const v1::Host& host : response.hosts()) names.push_back(host.name());
    return names;
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
  for (const char* name : {"", "h9", "hosts/", "hosts/-", "hosts/a b", "hosts/h1/intents/1"}) {
    request.set_name(name);
    Context context;
    EXPECT_THAT(BadFields(hosts_->GetHost(&context, request, &host)), ElementsAre("name")) << name;
  }
}

TEST_F(HostsApiTest, BadPagesAreRefusedWithEveryBadField) {
  v1::ListHostsRequest request;
  request.set_page_size(-1);
  request.set_page_token("nonsense");
  Context context;
  v1::ListHostsResponse response;
  EXPECT_THAT(BadFields(hosts_->ListHosts(&context, request, &response)), ElementsAre("page_size", "page_token"));
}

}  // namespace
}  // namespace warren::api
