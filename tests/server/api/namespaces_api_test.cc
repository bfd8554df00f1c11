// warren.v1.Namespaces over real gRPC.

#include <future>

#include "tests/server/api/api_fixture.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NamespacesApiTest : public ApiTest {
 protected:
  // A connected agent whose host has these, and whose report has been taken.
  std::unique_ptr<WireAgent> ConnectWith(const std::string& host, const std::vector<std::string>& names,
                                         const std::string& instance = kInstance, const std::string& inside = "") {
    auto agent = Connect(host, instance);
    std::string inventory = "inventory {full_begin: true full_end: true";
    for (const std::string& name : names) inventory += " namespaces {name: '" + name + "' " + inside + "}";
    agent->Settle(inventory + "}");
    return agent;
  }
  grpc::Status List(const v1::ListNamespacesRequest& request, v1::ListNamespacesResponse& response) {
    Context context;
    return namespaces_->ListNamespaces(&context, request, &response);
  }
  std::vector<std::string> Page(const std::string& parent, int32_t size, std::string& token) {
    v1::ListNamespacesRequest request;
    request.set_parent(parent);
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListNamespacesResponse response;
    const grpc::Status status = List(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    token = response.next_page_token();
    std::vector<std::string> names;
    for (const v1::Namespace& netns : response.namespaces()) names.push_back(netns.name());
    return names;
  }
  grpc::Status Get(const std::string& name, v1::Namespace& netns,
                   v1::NamespaceView view = v1::NAMESPACE_VIEW_UNSPECIFIED) {
    Context context;
    v1::GetNamespaceRequest request;
    request.set_name(name);
    request.set_view(view);
    return namespaces_->GetNamespace(&context, request, &netns);
  }
  // "REASON resource-type resource-name" of a refusal.
  static std::string Reasons(const grpc::Status& status) {
    google::rpc::ErrorInfo info;
    google::rpc::ResourceInfo resource;
    const google::rpc::Status details = Details(status);
    for (const auto& detail : details.details()) {
      if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
      if (detail.Is<google::rpc::ResourceInfo>()) detail.UnpackTo(&resource);
    }
    return info.reason() + " " + resource.resource_type() + " " + resource.resource_name();
  }
};

TEST_F(NamespacesApiTest, ListsTheHostsOwnFirstByPages) {
  const auto agent = ConnectWith("h1", {"b", "a", "@host"});
  std::string token;
  EXPECT_THAT(Page("hosts/h1", 2, token), ElementsAre("hosts/h1/namespaces/@host", "hosts/h1/namespaces/a"));
  EXPECT_THAT(Page("hosts/h1", 2, token), ElementsAre("hosts/h1/namespaces/b"));
  EXPECT_EQ(token, "");
}

TEST_F(NamespacesApiTest, ListsEveryHostByPages) {
  const auto h1 = ConnectWith("h1", {"@host", "x"});
  const auto h2 = ConnectWith("h2", {"@host", "y"}, kOther);
  std::string token;
  std::vector<std::string> all;
  do {
    for (const std::string& name : Page("hosts/-", 1, token)) all.push_back(name);
  } while (!token.empty());
  EXPECT_THAT(all, ElementsAre("hosts/h1/namespaces/@host", "hosts/h1/namespaces/x", "hosts/h2/namespaces/@host",
                               "hosts/h2/namespaces/y"));
}

TEST_F(NamespacesApiTest, ViewsAreBasicInListsAndFullAlone) {
  const auto agent =
      ConnectWith("h1", {"red"}, kInstance, "links {name: 'lo'} routes {dev: 'lo'} nsid: 3 foreign: true");
  v1::ListNamespacesRequest request;
  request.set_parent("hosts/h1");
  v1::ListNamespacesResponse listed;
  ASSERT_TRUE(List(request, listed).ok());
  EXPECT_THAT(listed.namespaces(0).links(), IsEmpty());
  EXPECT_THAT(listed.namespaces(0).routes(), IsEmpty());
  EXPECT_EQ(listed.namespaces(0).link_count(), 1);
  EXPECT_EQ(listed.namespaces(0).route_count(), 1);
  EXPECT_EQ(listed.namespaces(0).nsid(), 3);
  EXPECT_TRUE(listed.namespaces(0).foreign());
  v1::Namespace netns;
  ASSERT_TRUE(Get("hosts/h1/namespaces/red", netns).ok());
  EXPECT_THAT(netns.links(), SizeIs(1));
  EXPECT_THAT(netns.routes(), SizeIs(1));
  netns.Clear();
  ASSERT_TRUE(Get("hosts/h1/namespaces/red", netns, v1::NAMESPACE_VIEW_BASIC).ok());
  EXPECT_THAT(netns.links(), IsEmpty());
  request.set_view(v1::NAMESPACE_VIEW_FULL);
  listed.Clear();
  ASSERT_TRUE(List(request, listed).ok());
  EXPECT_THAT(listed.namespaces(0).links(), SizeIs(1));
}

TEST_F(NamespacesApiTest, AFullPageEndsBeforeTheMessageIsTooLarge) {
  std::string alias(1 << 20, 'x');
  const auto agent = ConnectWith("h1", {"a"});
  for (const char* name : {"b", "c", "d", "e", "f"}) {
    agent->Report(std::string("inventory {namespaces {name: '") + name + "' links {alias: '" + alias + "'}}}");
  }
  agent->Settle();
  v1::ListNamespacesRequest request;
  request.set_parent("hosts/h1");
  request.set_view(v1::NAMESPACE_VIEW_FULL);
  std::vector<int> pages;
  int total = 0;
  do {
    v1::ListNamespacesResponse page;
    const grpc::Status status = List(request, page);
    ASSERT_TRUE(status.ok()) << status.error_message();
    request.set_page_token(page.next_page_token());
    total += page.namespaces_size();
    pages.push_back(page.namespaces_size());
  } while (!request.page_token().empty());
  EXPECT_EQ(total, 6);
  EXPECT_GT(pages.size(), 1u);
}

TEST_F(NamespacesApiTest, WhyNothingCanBeShownIsSaid) {
  v1::Namespace netns;
  EXPECT_EQ(Get("hosts/h9/namespaces/red", netns).error_code(), grpc::StatusCode::NOT_FOUND);
  Create("late", "red");
  EXPECT_EQ(Get("hosts/late/namespaces/red", netns).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const auto agent = Connect("h1");
  const grpc::Status early = Get("hosts/h1/namespaces/red", netns);
  EXPECT_EQ(early.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(early.error_message(), HasSubstr("host h1"));
  agent->Settle("inventory {full_begin: true full_end: true}");
  const grpc::Status missing = Get("hosts/h1/namespaces/red", netns);
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(missing.error_message(), HasSubstr("host h1: there is no namespace \"red\""));
  EXPECT_EQ(Reasons(missing), "NAMESPACE_NOT_FOUND warren.v1.Namespace hosts/h1/namespaces/red");
  EXPECT_EQ(Reasons(early), "INVENTORY_UNKNOWN warren.v1.Host hosts/h1");
}

TEST_F(NamespacesApiTest, AnExpireTimeGoesIntoTheIntent) {
  const int64_t soon = absl::ToUnixSeconds(absl::Now()) + 3600;
  v1::CreateNamespaceRequest create;
  create.set_parent("hosts/h1");
  create.set_namespace_id("red");
  create.set_allow_unknown_host(true);
  create.mutable_expire_time()->set_seconds(soon);
  Context first;
  v1::Intent intent;
  ASSERT_TRUE(namespaces_->CreateNamespace(&first, create, &intent).ok());
  EXPECT_EQ(intent.expire_time().seconds(), soon);
  v1::DeleteNamespaceRequest remove;
  remove.set_name("hosts/h1/namespaces/red");
  remove.set_allow_unknown_host(true);
  remove.mutable_expire_time()->set_seconds(soon);
  Context second;
  ASSERT_TRUE(namespaces_->DeleteNamespace(&second, remove, &intent).ok());
  EXPECT_EQ(intent.expire_time().seconds(), soon);
  create.mutable_expire_time()->set_nanos(-1);
  Context third;
  EXPECT_THAT(BadFields(namespaces_->CreateNamespace(&third, create, &intent)), ElementsAre("expire_time"));
}

TEST_F(NamespacesApiTest, AForeignNameIsFoundAsItIsShown) {
  const auto agent = ConnectWith("h1", {"a=20b", "=312"});
  v1::Namespace netns;
  EXPECT_TRUE(Get("hosts/h1/namespaces/a=20b", netns).ok());
  EXPECT_TRUE(Get("hosts/h1/namespaces/=312", netns).ok());
  for (const std::string bad : {"a b", "=31=32", "a=6", "x=2dy"}) {
    EXPECT_THAT(BadFields(Get("hosts/h1/namespaces/" + bad, netns)), ElementsAre("name")) << bad;
  }
}

TEST_F(NamespacesApiTest, BadListsAreRefusedWithEveryBadField) {
  v1::ListNamespacesRequest request;
  request.set_parent("h1");
  request.set_page_size(-3);
  request.set_page_token("nonsense");
  request.set_view(static_cast<v1::NamespaceView>(9));
  v1::ListNamespacesResponse response;
  EXPECT_THAT(BadFields(List(request, response)), ElementsAre("parent", "page_size", "view", "page_token"));
}

TEST_F(NamespacesApiTest, CreateWaitsForTheResultWhenAsked) {
  const auto agent = Connect("h1");
  v1::CreateNamespaceRequest request;
  request.set_parent("hosts/h1");
  request.set_namespace_id("red");
  request.set_loopback_down(true);
  request.set_wait(true);
  auto created = std::async(std::launch::async, [&] {
    Context context;
    v1::Intent intent;
    const grpc::Status status = namespaces_->CreateNamespace(&context, request, &intent);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return intent;
  });
  const v1::IntentDelivery delivery = agent->HearIntent();
  EXPECT_EQ(delivery.operations(0).create_namespace().namespace_(), "red");
  EXPECT_TRUE(delivery.operations(0).create_namespace().loopback_down());
  agent->Succeed(delivery);
  EXPECT_EQ(created.get().state(), v1::Intent::SUCCEEDED);
}

TEST_F(NamespacesApiTest, CreateReturnsAtOnceOtherwise) {
  v1::CreateNamespaceRequest request;
  request.set_parent("hosts/h1");
  request.set_namespace_id("red");
  request.set_allow_unknown_host(true);
  Context context;
  v1::Intent intent;
  ASSERT_TRUE(namespaces_->CreateNamespace(&context, request, &intent).ok());
  EXPECT_EQ(intent.state(), v1::Intent::QUEUED);
  request.set_validate_only(true);
  request.set_wait(true);
  Context second;
  v1::Intent checked;
  ASSERT_TRUE(namespaces_->CreateNamespace(&second, request, &checked).ok()) << "there is nothing to wait for";
  EXPECT_EQ(checked.name(), "");
}

TEST_F(NamespacesApiTest, BadCreationsAreRefusedWithEveryBadField) {
  v1::CreateNamespaceRequest request;
  request.set_parent("hosts/-");
  request.set_namespace_id("@host");
  request.set_request_id("1");
  Context context;
  v1::Intent intent;
  EXPECT_THAT(BadFields(namespaces_->CreateNamespace(&context, request, &intent)),
              ElementsAre("parent", "namespace_id", "request_id"));
  request = {};
  request.set_parent("hosts/h9");
  request.set_namespace_id("red");
  Context second;
  const grpc::Status unknown = namespaces_->CreateNamespace(&second, request, &intent);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(unknown.error_message(), HasSubstr("allow"));
}

TEST_F(NamespacesApiTest, DeleteIsAnIntentTooAndSparesTheHostsOwn) {
  const auto agent = Connect("h1");
  v1::DeleteNamespaceRequest request;
  request.set_name("hosts/h1/namespaces/red");
  request.set_force(true);
  request.set_allow_missing(true);
  Context context;
  v1::Intent intent;
  ASSERT_TRUE(namespaces_->DeleteNamespace(&context, request, &intent).ok());
  const v1::IntentDelivery delivery = agent->HearIntent();
  EXPECT_EQ(delivery.operations(0).delete_namespace().namespace_(), "red");
  EXPECT_TRUE(delivery.operations(0).delete_namespace().force());
  EXPECT_TRUE(delivery.operations(0).delete_namespace().allow_missing());
  request.set_name("hosts/h1/namespaces/@host");
  request.set_request_id("1");
  Context second;
  EXPECT_THAT(BadFields(namespaces_->DeleteNamespace(&second, request, &intent)), ElementsAre("name", "request_id"));
}

TEST_F(NamespacesApiTest, HoldersAreWhatTheAgentSays) {
  auto agent = ConnectWith("h1", {"red"});
  Context context;
  v1::ListHoldersRequest request;
  request.set_name("hosts/h1/namespaces/red");
  v1::ListHoldersResponse response;
  auto call = std::async(std::launch::async, [&] { return namespaces_->ListHolders(&context, request, &response); });
  const v1::ServerMessage asked = agent->Hear();
  EXPECT_EQ(asked.find_holders().namespace_(), "red");
  v1::AgentMessage answer;
  answer.mutable_holders_answer()->set_query(asked.find_holders().query());
  answer.mutable_holders_answer()->add_holders()->set_holds("socket, descriptor 9");
  answer.mutable_holders_answer()->add_not_looked_at("elsewhere");
  agent->Send(answer);
  const grpc::Status status = call.get();
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.holders_size(), 1);
  EXPECT_EQ(response.holders(0).holds(), "socket, descriptor 9");
  EXPECT_THAT(response.not_looked_at(), ElementsAre("elsewhere"));
}

TEST_F(NamespacesApiTest, HoldersThatCannotBeToldAreARefusalThatSaysWhy) {
  const auto holders = [&](const std::string& name) {
    Context context;
    v1::ListHoldersRequest request;
    request.set_name(name);
    v1::ListHoldersResponse response;
    return namespaces_->ListHolders(&context, request, &response);
  };
  EXPECT_THAT(BadFields(holders("hosts/h1/namespaces/@host")), ElementsAre("name"));
  EXPECT_THAT(BadFields(holders("red")), ElementsAre("name"));
  EXPECT_EQ(holders("hosts/h1/namespaces/red").error_code(), grpc::StatusCode::NOT_FOUND);
  auto agent = ConnectWith("h1", {"red"});
  for (const auto& [code, expected] : {std::pair{5, grpc::StatusCode::NOT_FOUND},
                                       {12, grpc::StatusCode::UNIMPLEMENTED},
                                       {99, grpc::StatusCode::INTERNAL}}) {
    auto call = std::async(std::launch::async, holders, "hosts/h1/namespaces/red");
    v1::AgentMessage answer;
    answer.mutable_holders_answer()->set_query(agent->Hear().find_holders().query());
    answer.mutable_holders_answer()->set_code(code);
    answer.mutable_holders_answer()->set_message("because");
    agent->Send(answer);
    EXPECT_EQ(call.get().error_code(), expected);
  }
  auto call = std::async(std::launch::async, holders, "hosts/h1/namespaces/red");
  EXPECT_TRUE(agent->Hear().has_find_holders());
  agent.reset();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(holders("hosts/h1/namespaces/red").error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(NamespacesApiTest, WhoGivesUpWaitingForHoldersLeavesNothing) {
  auto agent = ConnectWith("h1", {"red"});
  v1::ListHoldersRequest request;
  request.set_name("hosts/h1/namespaces/red");
  // More than may be pending for one host.
  for (int i = 0; i < 40; ++i) {
    Context context;
    v1::ListHoldersResponse response;
    auto call = std::async(std::launch::async, [&] { return namespaces_->ListHolders(&context, request, &response); });
    ASSERT_TRUE(agent->Hear().has_find_holders());
    context.TryCancel();
    EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  }
}

}  // namespace
}  // namespace warren::api
