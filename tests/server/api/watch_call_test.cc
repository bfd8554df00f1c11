#include "server/api/watch_call.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/api/grpc_server.h"
#include "tests/server/store/scratch_dir.h"
#include "warren/v1/namespaces.grpc.pb.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Far longer than anything takes: what hangs fails the test.
constexpr std::chrono::seconds kPatience{60};

std::string Encode(v1::NamespaceEvent::Type type, const std::string& name, int64_t revision, size_t padding = 0) {
  v1::NamespaceEvent event;
  event.set_type(type);
  event.mutable_namespace_()->set_name(name);
  if (padding > 0) event.mutable_namespace_()->set_raw_name(std::string(padding, 'x'));
  event.set_revision(revision);
  return event.SerializeAsString();
}

struct Named : filter::Subject {
  explicit Named(std::string text) : name(std::move(text)) {}
  filter::Value Get(size_t /*field*/, std::string_view /*key*/) const override { return std::string_view(name); }
  std::string name;
};

// Pages given by the test.
class Pages : public SnapshotSource {
 public:
  explicit Pages(std::vector<absl::StatusOr<Page>> pages) : pages_(std::move(pages)) {}
  absl::StatusOr<Page> Next() override { return pages_[next_++]; }

 private:
  std::vector<absl::StatusOr<Page>> pages_;
  size_t next_ = 0;
};

class Service : public v1::Namespaces::WithRawCallbackMethod_WatchNamespaces<v1::Namespaces::CallbackService> {
 public:
  Service(feed::Feed& feed, WorkerPool& workers) : watches_(feed, workers) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchNamespaces(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* bytes) override {
    v1::WatchNamespacesRequest request;
    if (!ParseRequest(*bytes, request).ok()) return RefuseWatch(absl::InvalidArgumentError("not a request"));
    WatchRequest watch;
    watch.host = request.parent();
    watch.filter = *filter::Filter::Parse(request.filter(), {{"name", filter::Type::kString, {}}});
    watch.full = request.view() == v1::NAMESPACE_VIEW_FULL;
    watch.after_revision = request.after_revision();
    watch.snapshot = [this] { return std::make_unique<Pages>(pages); };
    return watches_.Start(context, std::move(watch));
  }

  std::vector<absl::StatusOr<SnapshotSource::Page>> pages = {SnapshotSource::Page{{}, true}};

 private:
  Watches watches_;
};

class WatchCallTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }
  void TearDown() override { Stop(); }

  void Start(feed::Options options, size_t max_pending = 100) {
    Stop();
    feed_.emplace(std::move(options), 100);
    workers_.emplace(1, max_pending);
    service_.emplace(*feed_, *workers_);
    GrpcServer::Options server;
    server.addresses = {*ParseListenAddress("unix:" + dir_.File("server.sock"))};
    server.services = {&*service_};
    server_ = *GrpcServer::Start(std::move(server));
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(64 << 20);
    stub_ = v1::Namespaces::NewStub(
        grpc::CreateCustomChannel(server_->addresses()[0], grpc::InsecureChannelCredentials(), arguments));
  }
  void Stop() {
    server_.reset();
    if (workers_) workers_->Stop();
    service_.reset();
  }

  struct Watch {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchNamespacesResponse>> reader;
    int64_t revision = 0;

    // Names of what comes next, with what happened: "C red"; nothing when the watch ended.
    std::vector<std::string> Read() {
      v1::WatchNamespacesResponse response;
      if (!reader->Read(&response)) return {};
      revision = response.revision();
      std::vector<std::string> events;
      for (const auto& event : response.events()) {
        events.push_back(v1::NamespaceEvent::Type_Name(event.type()).substr(0, 1));
        if (event.has_namespace_()) events.back() += " " + event.namespace_().name();
      }
      return events;
    }
    // As many events as that, however they come.
    std::vector<std::string> Read(size_t count) {
      std::vector<std::string> events;
      while (events.size() < count) {
        const auto more = Read();
        if (more.empty() && revision == 0) break;
        events.insert(events.end(), more.begin(), more.end());
      }
      return events;
    }
    grpc::Status Finish() {
      v1::WatchNamespacesResponse response;
      while (reader->Read(&response)) {
      }
      return reader->Finish();
    }
  };

  std::unique_ptr<Watch> Open(v1::WatchNamespacesRequest request = {}) {
    if (request.parent().empty()) request.set_parent("-");
    auto watch = std::make_unique<Watch>();
    watch->context.set_deadline(std::chrono::system_clock::now() + kPatience);
    watch->reader = stub_->WatchNamespaces(&watch->context, request);
    return watch;
  }
  std::unique_ptr<Watch> OpenAfter(int64_t revision) {
    v1::WatchNamespacesRequest request;
    request.set_after_revision(revision);
    auto watch = Open(request);
    watch->reader->WaitForInitialMetadata();
    return watch;
  }

  static feed::EventPtr MakeEvent(int64_t revision, const std::string& name, const std::string& host = "h1",
                                  size_t padding = 0) {
    auto event = std::make_shared<feed::Event>();
    event->revision = revision;
    event->host = host;
    event->changed = Encode(v1::NamespaceEvent::CHANGED, name, revision, padding);
    event->changed_full = Encode(v1::NamespaceEvent::CHANGED, name + "-full", revision);
    event->deleted = Encode(v1::NamespaceEvent::DELETED, name, revision);
    event->now = event->before = std::make_shared<Named>(name);
    return event;
  }
  void Append(int64_t revision, const std::string& name, const std::string& host = "h1", size_t padding = 0) {
    feed_->Append(revision, {MakeEvent(revision, name, host, padding)});
  }
  // Everything of every watch is freed, sooner or later.
  void ExpectNoWatches() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (feed_->stats().watches > 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(feed_->stats().watches, 0u);
  }

  store::ScratchDir dir_;
  std::optional<feed::Feed> feed_;
  std::optional<WorkerPool> workers_;
  std::optional<Service> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<v1::Namespaces::Stub> stub_;
};

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) return info.reason();
  }
  return "";
}

TEST_F(WatchCallTest, ASnapshotThenSyncedThenWhatChanges) {
  service_->pages = {SnapshotSource::Page{{Encode(v1::NamespaceEvent::EXISTING, "a", 0)}, false},
                     SnapshotSource::Page{{}, false},
                     SnapshotSource::Page{{Encode(v1::NamespaceEvent::EXISTING, "b", 0)}, true}};
  Append(101, "before");
  const auto watch = Open();
  EXPECT_THAT(watch->Read(), ElementsAre("E a"));
  EXPECT_EQ(watch->revision, 0);
  EXPECT_THAT(watch->Read(), ElementsAre("E b", "S"));
  EXPECT_EQ(watch->revision, 101);
  Append(102, "c");
  EXPECT_THAT(watch->Read(), ElementsAre("C c"));
  EXPECT_EQ(watch->revision, 102);
  feed_->Append(105, {MakeEvent(105, "d"), MakeEvent(105, "e")});
  EXPECT_THAT(watch->Read(), ElementsAre("C d", "C e"));
  EXPECT_EQ(watch->revision, 105);
}

TEST_F(WatchCallTest, GoesOnAfterARevision) {
  Append(101, "a");
  Append(102, "b");
  const auto watch = OpenAfter(101);
  EXPECT_THAT(watch->Read(), ElementsAre("C b"));
  EXPECT_EQ(watch->revision, 102);
  Append(103, "c");
  EXPECT_THAT(watch->Read(), ElementsAre("C c"));
}

TEST_F(WatchCallTest, SaysWhenThatIsNotPossible) {
  const grpc::Status status = OpenAfter(99)->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(ReasonOf(status), "REVISION_COMPACTED");
  EXPECT_EQ(OpenAfter(1000)->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(WatchCallTest, ShowsOneHostOrAll) {
  v1::WatchNamespacesRequest request;
  request.set_parent("h2");
  const auto one = Open(request);
  const auto all = Open();
  EXPECT_THAT(one->Read(), ElementsAre("S"));
  EXPECT_THAT(all->Read(), ElementsAre("S"));
  Append(101, "a", "h1");
  Append(102, "b", "h2");
  EXPECT_THAT(one->Read(), ElementsAre("C b"));
  EXPECT_EQ(one->revision, 102);
  EXPECT_THAT(all->Read(2), ElementsAre("C a", "C b"));
}

TEST_F(WatchCallTest, AFilterTurnsWhatNoLongerMatchesIntoADeletion) {
  v1::WatchNamespacesRequest request;
  request.set_filter("name = q*");
  const auto watch = Open(request);
  EXPECT_THAT(watch->Read(), ElementsAre("S"));
  int64_t revision = 100;
  const auto append = [&](const std::string& name, const char* now, const char* before, const char* or_before,
                          bool is_new) {
    auto event = std::make_shared<feed::Event>(*MakeEvent(++revision, name));
    event->now = now == nullptr ? nullptr : std::make_shared<Named>(now);
    event->before = before == nullptr ? nullptr : std::make_shared<Named>(before);
    event->or_before = or_before == nullptr ? nullptr : std::make_shared<Named>(or_before);
    if (is_new) event->deleted.clear();
    feed_->Append(revision, {event});
  };
  append("in", "q1", "x", nullptr, false);
  append("new out", "x", nullptr, nullptr, true);
  append("new in", "q1", nullptr, nullptr, true);
  append("still out", "x", "x", nullptr, false);
  append("goes", "x", "q1", nullptr, false);
  append("perhaps", "x", nullptr, nullptr, false);
  append("or before", "x", "x", "q1", false);
  append("or neither", "x", "x", "x", false);
  append("deleted", nullptr, "q1", nullptr, false);
  append("deleted out", nullptr, "x", nullptr, false);
  append("end", "q", "q", nullptr, false);
  EXPECT_THAT(watch->Read(7),
              ElementsAre("C in", "C new in", "D goes", "D perhaps", "D or before", "D deleted", "C end"));
}

TEST_F(WatchCallTest, ADeletionIsToldWithoutAFilterToo) {
  const auto watch = OpenAfter(100);
  auto event = std::make_shared<feed::Event>(*MakeEvent(101, "a"));
  event->now = nullptr;
  feed_->Append(101, {event});
  EXPECT_THAT(watch->Read(), ElementsAre("D a"));
}

TEST_F(WatchCallTest, AFullViewIsOfTheSameEvents) {
  v1::WatchNamespacesRequest request;
  request.set_view(v1::NAMESPACE_VIEW_FULL);
  request.set_after_revision(100);
  const auto watch = Open(request);
  Append(101, "a");
  EXPECT_THAT(watch->Read(), ElementsAre("C a-full"));
}

TEST_F(WatchCallTest, LargeEventsComeWhole) {
  const auto watch = OpenAfter(100);
  for (int i = 1; i <= 20; ++i) Append(100 + i, std::to_string(i), "h1", 300000);
  for (int i = 1; i <= 20;) {
    v1::WatchNamespacesResponse response;
    ASSERT_TRUE(watch->reader->Read(&response));
    ASSERT_LE(response.ByteSizeLong(), 400000u) << "one of them fills a message";
    for (const auto& event : response.events()) {
      EXPECT_EQ(event.namespace_().name(), std::to_string(i++));
      EXPECT_EQ(event.namespace_().raw_name(), std::string(300000, 'x'));
    }
  }
}

TEST_F(WatchCallTest, ASnapshotThatCannotBeReadEndsTheWatch) {
  service_->pages = {SnapshotSource::Page{{Encode(v1::NamespaceEvent::EXISTING, "a", 0)}, false},
                     absl::UnavailableError("the store is away")};
  const grpc::Status status = Open()->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("the store is away"));
  ExpectNoWatches();
}

TEST_F(WatchCallTest, ABusyServerRefusesASnapshot) {
  Start({}, 0);
  const grpc::Status status = Open()->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "SERVER_BUSY");
  ExpectNoWatches();
}

TEST_F(WatchCallTest, TooManyWatchesAreRefused) {
  feed::Options options;
  options.max_watches = 1;
  Start(options);
  const auto first = OpenAfter(100);
  const grpc::Status status = OpenAfter(100)->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_WATCHES");
  first->context.TryCancel();
  ExpectNoWatches();
  const auto second = OpenAfter(100);
  Append(101, "a");
  EXPECT_THAT(second->Read(), ElementsAre("C a"));
}

TEST_F(WatchCallTest, CancelAndDeadlineFreeTheWatch) {
  const auto cancelled = OpenAfter(100);
  cancelled->context.TryCancel();
  EXPECT_EQ(cancelled->Finish().error_code(), grpc::StatusCode::CANCELLED);
  Watch late;
  late.context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  v1::WatchNamespacesRequest request;
  request.set_parent("-");
  late.reader = stub_->WatchNamespaces(&late.context, request);
  EXPECT_EQ(late.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  ExpectNoWatches();
}

TEST_F(WatchCallTest, AClosedFeedEndsEveryWatchAfterItsLastEvent) {
  const auto idle = OpenAfter(100);
  const auto busy = OpenAfter(100);
  Append(101, "a");
  feed_->Close(absl::UnavailableError("the server is stopping"));
  EXPECT_THAT(busy->Read(), ElementsAre("C a"));
  for (Watch* watch : {idle.get(), busy.get()}) {
    const grpc::Status status = watch->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(status.error_message(), "the server is stopping");
  }
  ExpectNoWatches();
  EXPECT_EQ(OpenAfter(100)->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(WatchCallTest, AServerThatShutsDownEndsWatchesInWhateverStateTheyAre) {
  feed::Options options;
  options.max_bytes = size_t{256} << 20;
  Start(options);
  const auto idle = OpenAfter(100);
  const auto stuck = OpenAfter(100);
  for (int i = 1; i <= 100; ++i) Append(100 + i, "a", "h1", 200000);
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_EQ(feed_->stats().watches, 0u);
  EXPECT_FALSE(stuck->Finish().ok());
  EXPECT_FALSE(idle->Finish().ok());
}

TEST_F(WatchCallTest, AClientThatDoesNotReadIsCutAndToldWhy) {
  feed::Options options;
  options.max_bytes = size_t{4} << 20;
  Start(options);
  const auto slow = OpenAfter(100);
  const auto quick = OpenAfter(100);
  int64_t revision = 100;
  // Until the write of the slow one is stuck and it has fallen off.
  while (feed_->stats().cut == 0) {
    ASSERT_LT(revision, 100000);
    Append(++revision, "a", "h1", 50000);
    if (quick->Read().empty()) break;
  }
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (feed_->stats().watches > 1 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(feed_->stats().watches, 1u) << "it is freed though its client never read";
  EXPECT_LE(feed_->stats().bytes, options.max_bytes);
  const grpc::Status status = slow->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("this watch was too slow"));
  Append(++revision, "b");
  EXPECT_THAT(quick->Read(), ElementsAre("C b")) << "nobody else notices";
}

TEST_F(WatchCallTest, WhatIsNoRequestIsRefused) {
  grpc::ByteBuffer garbage;
  v1::WatchNamespacesRequest request;
  const grpc::Slice slice(std::string("\xff\xff\xff"));
  garbage = grpc::ByteBuffer(&slice, 1);
  EXPECT_FALSE(ParseRequest(garbage, request).ok());
}

TEST_F(WatchCallTest, ManyWatchesComeAndGoUnderLoad) {
  std::jthread appending([&](const std::stop_token& stop) {
    for (int64_t revision = 101; !stop.stop_requested(); ++revision) {
      Append(revision, "a", revision % 2 == 0 ? "h1" : "h2");
      std::this_thread::yield();
    }
  });
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([this, i] {
      for (int round = 0; round < 50; ++round) {
        v1::WatchNamespacesRequest request;
        request.set_parent(i % 2 == 0 ? "-" : "h1");
        const auto watch = Open(request);
        for (int reads = 0; reads < round % 5; ++reads) watch->Read();
        watch->context.TryCancel();
        EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::CANCELLED);
      }
    });
  }
  clients.clear();
  ExpectNoWatches();
}

}  // namespace
}  // namespace warren::api
