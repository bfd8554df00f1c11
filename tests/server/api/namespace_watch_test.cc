// WatchNamespaces, and filters of namespaces, over a real server and socket.

#include "tests/server/api/api_fixture.h"
#include "tests/server/api/event_reader.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NamespaceWatchTest : public ApiTest {
 protected:
  class Watch : public EventReader<v1::WatchNamespacesResponse> {
   public:
    Watch(v1::Namespaces::Stub& stub, const v1::WatchNamespacesRequest& request)
        : EventReader([&](grpc::ClientContext* context) { return stub.WatchNamespaces(context, request); }, &Line) {}

   private:
    // "CHANGED h1/red"
    static std::string Line(const v1::NamespaceEvent& event) {
      std::string line = v1::NamespaceEvent::Type_Name(event.type());
      if (!event.has_namespace_()) return line;
      const ChildName name = *ParseNamespace(event.namespace_().name());
      return line + " " + name.host + "/" + name.id;
    }
  };

  std::unique_ptr<Watch> Open(const std::string& host, const std::string& filter = "", int64_t after = 0,
                              v1::NamespaceView view = v1::NAMESPACE_VIEW_UNSPECIFIED) {
    v1::WatchNamespacesRequest request;
    request.set_parent(HostName(host));
    request.set_filter(filter);
    request.set_after_revision(after);
    request.set_view(view);
    return std::make_unique<Watch>(*namespaces_, request);
  }
  // An agent of a host with a label that has reported these.
  std::unique_ptr<WireAgent> ConnectWith(const std::string& host, const std::string& rack,
                                         const std::vector<std::string>& names,
                                         const std::string& instance = kInstance) {
    auto agent = std::make_unique<WireAgent>(server_->channel());
    v1::Hello hello = WireAgent::MakeHello(host, instance);
    if (!rack.empty()) (*hello.mutable_labels())["rack"] = rack;
    agent->Say(hello);
    EXPECT_TRUE(agent->Hear().has_welcome());
    std::string inventory = "inventory {full_begin: true full_end: true";
    for (const std::string& name : names) inventory += " namespaces {name: '" + name + "'}";
    agent->Settle(inventory + "}");
    return agent;
  }
  std::vector<std::string> List(const std::string& filter) {
    v1::ListNamespacesRequest request;
    request.set_parent("hosts/-");
    request.set_filter(filter);
    request.set_page_size(2);
    std::vector<std::string> names;
    do {
      Context context;
      v1::ListNamespacesResponse response;
      const grpc::Status status = namespaces_->ListNamespaces(&context, request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const v1::Namespace& netns : response.namespaces()) names.push_back(netns.name());
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
  static std::string Reason(const grpc::Status& status) {
    const google::rpc::Status details = Details(status);
    for (const auto& detail : details.details()) {
      google::rpc::ErrorInfo info;
      if (detail.UnpackTo(&info)) return info.reason();
    }
    return "";
  }
};

TEST_F(NamespaceWatchTest, ShowsWhatThereIsThenWhatChanges) {
  const auto agent = ConnectWith("h1", "", {"@host", "red"});
  const auto watch = Open("h1");
  EXPECT_THAT(watch->Next(3), ElementsAre("EXISTING h1/@host", "EXISTING h1/red", "SYNCED"));
  const int64_t synced = watch->revision();
  EXPECT_GT(synced, 0);
  agent->Report("inventory {namespaces {name: 'blue'} removed: 'red'}");
  EXPECT_THAT(watch->Next(2), ElementsAre("CHANGED h1/blue", "DELETED h1/red"));
  EXPECT_GT(watch->revision(), synced);
}

TEST_F(NamespaceWatchTest, WatchesEveryHostOrOne) {
  const auto h1 = ConnectWith("h1", "", {"a"});
  const auto all = Open("-");
  EXPECT_THAT(all->Next(2), ElementsAre("EXISTING h1/a", "SYNCED"));
  const auto h2 = ConnectWith("h2", "", {"b"}, kOther);
  EXPECT_THAT(all->Next(1), ElementsAre("CHANGED h2/b"));
  const auto one = Open("h1");
  EXPECT_THAT(one->Next(2), ElementsAre("EXISTING h1/a", "SYNCED"));
  h2->Settle("inventory {namespaces {name: 'c'}}");
  h1->Settle("inventory {namespaces {name: 'd'}}");
  EXPECT_THAT(one->Next(1), ElementsAre("CHANGED h1/d"));
  EXPECT_THAT(all->Next(2), ElementsAre("CHANGED h2/c", "CHANGED h1/d"));
}

TEST_F(NamespaceWatchTest, AnAgentThatComesBackTellsOnlyDifferences) {
  auto agent = ConnectWith("h1", "", {"a", "b", "c"});
  const auto watch = Open("h1");
  EXPECT_THAT(watch->Next(4), SizeIs(4));
  agent.reset();
  agent = ConnectWith("h1", "", {"b", "c", "d"});
  EXPECT_THAT(watch->Next(2), ElementsAre("DELETED h1/a", "CHANGED h1/d"));
}

TEST_F(NamespaceWatchTest, GoesOnAfterARevisionWithoutASnapshot) {
  const auto agent = ConnectWith("h1", "", {"a"});
  auto watch = Open("h1");
  EXPECT_THAT(watch->Next(2), ElementsAre("EXISTING h1/a", "SYNCED"));
  const int64_t revision = watch->revision();
  watch.reset();
  agent->Settle("inventory {namespaces {name: 'b'}}");
  EXPECT_THAT(Open("h1", "", revision)->Next(1), ElementsAre("CHANGED h1/b")) << "kept for who comes back soon";
}

TEST_F(NamespaceWatchTest, ARevisionOfAnEarlierServerIsOutOfRange) {
  auto agent = ConnectWith("h1", "", {"a"});
  auto watch = Open("h1");
  EXPECT_THAT(watch->Next(2), SizeIs(2));
  const int64_t revision = watch->revision();
  watch.reset();
  agent.reset();
  Restart();
  agent = ConnectWith("h1", "", {"a"});
  const grpc::Status status = Open("h1", "", revision)->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE) << status.error_message();
  EXPECT_EQ(Reason(status), "REVISION_COMPACTED");
}

TEST_F(NamespaceWatchTest, AFilterHoldsForTheSnapshotAndTheEvents) {
  const auto agent = ConnectWith("h1", "", {"qr-1", "other"});
  const auto watch = Open("h1", "name = qr-* AND nsid < 5");
  EXPECT_THAT(watch->Next(2), ElementsAre("EXISTING h1/qr-1", "SYNCED"));
  agent->Report("inventory {namespaces {name: 'another'} namespaces {name: 'qr-2'} namespaces {name: 'qr-1' nsid: 7}}");
  EXPECT_THAT(watch->Next(2), ElementsAre("CHANGED h1/qr-2", "DELETED h1/qr-1")) << "it no longer matches";
}

TEST_F(NamespaceWatchTest, LabelsOfTheHostAreFilteredBy) {
  auto h1 = ConnectWith("h1", "a1", {"red"});
  const auto h2 = ConnectWith("h2", "b1", {"blue"}, kOther);
  EXPECT_THAT(List("labels.rack = a*"), ElementsAre("hosts/h1/namespaces/red"));
  const auto watch = Open("-", "labels.rack = a*");
  EXPECT_THAT(watch->Next(2), ElementsAre("EXISTING h1/red", "SYNCED"));
  h2->Settle("inventory {namespaces {name: 'green'}}");
  h1->Settle("inventory {namespaces {name: 'white'}}");
  EXPECT_THAT(watch->Next(1), ElementsAre("CHANGED h1/white"));
  h1.reset();
  h1 = ConnectWith("h1", "b2", {"red", "white"});
  EXPECT_THAT(watch->Next(2), ElementsAre("DELETED h1/red", "DELETED h1/white")) << "the host is in another rack now";
}

TEST_F(NamespaceWatchTest, BothViewsBringTheSameEvents) {
  const auto agent = ConnectWith("h1", "", {"a"});
  const auto basic = Open("h1");
  const auto full = Open("h1", "", 0, v1::NAMESPACE_VIEW_FULL);
  EXPECT_THAT(basic->Next(2), SizeIs(2));
  EXPECT_THAT(full->Next(2), SizeIs(2));
  agent->Report("inventory {namespaces {name: 'b' links {name: 'lo'} routes {dev: 'lo'}}}");
  const v1::NamespaceEvent of_basic = basic->NextEvent().value();
  const v1::NamespaceEvent of_full = full->NextEvent().value();
  EXPECT_THAT(of_basic.namespace_().links(), IsEmpty());
  EXPECT_EQ(of_basic.namespace_().link_count(), 1);
  EXPECT_THAT(of_full.namespace_().links(), SizeIs(1));
  EXPECT_THAT(of_full.namespace_().routes(), SizeIs(1));
  EXPECT_EQ(of_basic.revision(), of_full.revision());
}

TEST_F(NamespaceWatchTest, ALargeSnapshotComesWholeByPages) {
  std::vector<std::string> names;
  for (int i = 1000; i < 2000; ++i) names.push_back("n" + std::to_string(i));
  const auto agent = ConnectWith("h1", "", names);
  // Ones that do not fit a page together.
  const std::string alias(600 << 10, 'x');
  for (const char* name : {"x1", "x2", "x3"}) {
    agent->Settle(std::string("inventory {namespaces {name: '") + name + "' links {alias: '" + alias + "'}}}");
    names.push_back(name);
  }
  const auto watch = Open("h1", "", 0, v1::NAMESPACE_VIEW_FULL);
  for (const std::string& name : names)
    ASSERT_EQ(watch->NextEvent().value().namespace_().name(), "hosts/h1/namespaces/" + name);
  EXPECT_THAT(watch->Next(1), ElementsAre("SYNCED"));
}

TEST_F(NamespaceWatchTest, ADeletedHostTakesItsNamespacesWithIt) {
  auto agent = ConnectWith("h1", "", {"a", "b"});
  const auto watch = Open("-");
  EXPECT_THAT(watch->Next(3), SizeIs(3));
  agent->HangUp();
  agent.reset();
  v1::DeleteHostRequest request;
  request.set_name("hosts/h1");
  Context context;
  google::protobuf::Empty nothing;
  const grpc::Status status = hosts_->DeleteHost(&context, request, &nothing);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(watch->Next(2), ElementsAre("DELETED h1/a", "DELETED h1/b"));
}

TEST_F(NamespaceWatchTest, BadRequestsAreRefusedWithEveryBadField) {
  v1::WatchNamespacesRequest request;
  request.set_parent("h1");
  request.set_filter("size = 3");
  request.set_after_revision(-1);
  request.set_view(static_cast<v1::NamespaceView>(9));
  const grpc::Status status = Watch(*namespaces_, request).Finish();
  EXPECT_THAT(BadFields(status), ElementsAre("parent", "filter", "after_revision", "view"));
  EXPECT_THAT(status.error_message(),
              HasSubstr("at character 1: there is no field \"size\"; it can be filtered by name"));
}

TEST_F(NamespaceWatchTest, WhyNothingCanBeWatchedIsSaid) {
  const grpc::Status unknown = Open("h9")->Finish();
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Reason(unknown), "HOST_NOT_FOUND");
  const auto agent = Connect("h1");
  const grpc::Status early = Open("h1")->Finish();
  EXPECT_EQ(early.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Reason(early), "INVENTORY_UNKNOWN");
}

TEST_F(NamespaceWatchTest, AStoppingServerEndsWatches) {
  const auto agent = ConnectWith("h1", "", {"a"});
  const auto watch = Open("h1");
  EXPECT_THAT(watch->Next(2), SizeIs(2));
  server_->Stop();
  const grpc::Status status = watch->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Reason(status), "SERVER_STOPPING");
}

TEST_F(NamespaceWatchTest, ListsAreFilteredByPages) {
  const auto h1 = ConnectWith("h1", "", {"@host", "a1", "a2", "b1", "a3"});
  const auto h2 = ConnectWith("h2", "", {"a4", "b2"}, kOther);
  EXPECT_THAT(List("name = a*"), ElementsAre("hosts/h1/namespaces/a1", "hosts/h1/namespaces/a2",
                                             "hosts/h1/namespaces/a3", "hosts/h2/namespaces/a4"));
  EXPECT_THAT(List("host = h2 AND NOT name = a*"), ElementsAre("hosts/h2/namespaces/b2"));
  EXPECT_THAT(List("foreign = true"), IsEmpty());
  v1::ListNamespacesRequest request;
  request.set_parent("hosts/h1");
  request.set_page_size(1);
  request.set_filter("name = a*");
  v1::ListNamespacesResponse response;
  Context first;
  ASSERT_TRUE(namespaces_->ListNamespaces(&first, request, &response).ok());
  request.set_page_token(response.next_page_token());
  request.set_filter("name = b*");
  Context second;
  EXPECT_THAT(BadFields(namespaces_->ListNamespaces(&second, request, &response)), ElementsAre("page_token"))
      << "a token is of one filter";
  request.set_filter("name");
  Context third;
  EXPECT_THAT(BadFields(namespaces_->ListNamespaces(&third, request, &response)), ElementsAre("filter", "page_token"));
}

}  // namespace
}  // namespace warren::api
