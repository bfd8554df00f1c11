// The gateway over a real gRPC server and real sockets; curl is the client where a client may be well-behaved.

#include "server/gateway/gateway.h"

#include <gmock/gmock.h>
#include <stdio.h>
#include <sys/wait.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/gateway/library_service.h"
#include "tests/server/gateway/raw_client.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Adds up what it is told.
class Counts : public HttpObserver {
 public:
  void OnConnections(int change) override { connections += change; }
  void OnAnswer(int status) override { status < 400 ? ++answers : ++refusals; }
  void OnInFlight(int change) override { in_flight += change; }
  void OnSlowReader() override { ++slow_readers; }

  std::atomic<int> connections = 0, answers = 0, refusals = 0, in_flight = 0, slow_readers = 0;
};

class GatewayTest : public ::testing::Test {
 protected:
  void Start(Gateway::Options options = {}) { server_ = std::make_unique<LibraryServer>(std::move(options)); }

  // What curl prints, the arguments as a shell takes them.
  std::string Curl(const std::string& path, const std::string& arguments = "") {
    const std::string command =
        absl::StrCat("curl -sS -m 20 ", arguments, " 'http://127.0.0.1:", server_->port(), path, "' 2>&1");
    FILE* pipe = popen(command.c_str(), "r");
    std::string text;
    char piece[4096];
    while (const size_t got = fread(piece, 1, sizeof piece, pipe)) text.append(piece, got);
    pclose(pipe);
    return text;
  }
  std::string Status(const std::string& path, const std::string& arguments = "") {
    return Curl(path, "-o /dev/null -w '%{http_code}' " + arguments);
  }
  static std::string Json(const std::string& body) { return "-H 'Content-Type: application/json' -d '" + body + "'"; }

  std::unique_ptr<LibraryServer> server_;
};

TEST_F(GatewayTest, EveryVerbReachesItsRpc) {
  Start();
  EXPECT_EQ(Curl("/v1/shelves/1/books/2"), R"({"name":"shelves/1/books/2"})");
  EXPECT_EQ(Curl("/v1/shelves/1/books", Json(R"({"title":"x","pages":"7"})")),
            R"({"name":"shelves/1/books/","title":"x","pages":"7"})");
  EXPECT_EQ(Curl("/v1/shelves/1/books?book_id=9", Json("{}")), R"({"name":"shelves/1/books/9"})");
  EXPECT_EQ(Curl("/v1/shelves/1/books/2:burn", "-X POST"), R"({"name":"shelves/1/books/2","title":"ashes"})");
  EXPECT_EQ(Curl("/v1/isbn/978%2F3"), R"({"name":"978/3"})");
  EXPECT_EQ(Curl("/v1/archive/a/b%2Fc"), R"({"name":"a/b%2Fc"})");
  EXPECT_EQ(Curl("/v1/shelves/1/titles?pageSize=2"), R"(["title 0","title 1"])");
  EXPECT_EQ(Curl("/v1/shelves/1/bookList?page_size=1"), R"([{"name":"shelves/1/books/0"}])");
  EXPECT_EQ(Curl("/v1/everything?strings=a&strings=b&inner.text=c%26&color=2"),
            R"({"color":"BLUE","strings":["a","b"],"inner":{"text":"c&"}})");
}

TEST_F(GatewayTest, AnErrorHasItsStatusAndItsDetails) {
  Start();
  EXPECT_EQ(Curl("/v1/shelves/1/books/missing", "-w '%{http_code}'"),
            R"({"code":5,"message":"no such book","details":[{"@type":"type.googleapis.com/google.rpc.ResourceInfo",)"
            R"("resourceName":"shelves/1/books/missing"}]})"
            "\n404");
  EXPECT_THAT(Curl("/v1/shelves/1/books/busy", "-i"), HasSubstr("Retry-After: 3\r\n"));
  EXPECT_EQ(Status("/v1/shelves/1/books/busy"), "429");
  EXPECT_THAT(Curl("/v1/shelves/1/books/down", "-i"), HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(Curl("/v1/shelves/1/books/missing", "-i"), Not(HasSubstr("Retry-After")));
  EXPECT_EQ(Status("/v1/shelves/1/books/2", "-X PUT " + Json("{}")), "501");  // the service has no such method
}

TEST_F(GatewayTest, WhatIsNotThereAndWhatIsThereForOtherVerbsIsTold) {
  Start();
  EXPECT_EQ(Status("/v1/nothing"), "404");
  const std::string answer = Curl("/v1/shelves/1/books/2", "-i -X POST");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("Allow: DELETE, GET, LOCK, PATCH, PUT, HEAD, OPTIONS\r\n"));
  EXPECT_THAT(Curl("/v1/shelves/1/books/2", "-i -X OPTIONS"), StartsWith("HTTP/1.1 204 "));
  EXPECT_THAT(Curl("/v1/everything", "-I"), HasSubstr("Content-Length: 2\r\n"));
}

TEST_F(GatewayTest, BadRequestsAreToldWhatIsWrong) {
  Start();
  EXPECT_THAT(Curl("/v1/everything", Json("{\n\"a_string\" 1}")), HasSubstr("line 2, column 12, in a_string: "));
  EXPECT_THAT(Curl("/v1/everything", Json(R"({"nobody": 1})")), HasSubstr("nobody"));
  EXPECT_THAT(Curl("/v1/everything?numbers=x"),
              HasSubstr(R"(query parameter \"numbers\": \"x\" is not a 32-bit integer)"));
  EXPECT_THAT(Curl("/v1/everything?a_string=x", Json("{}")), HasSubstr("the body gives every field"));
  EXPECT_THAT(Curl("/v1/shelves/1/books/2?name=x"), HasSubstr("the path or the body gives name"));
  EXPECT_THAT(Curl("/v1/shelves/1/books/2:burn", Json(R"({"name": "shelves/1/books/3"})")),
              HasSubstr("is not the path's"));
  EXPECT_EQ(Status("/v1/shelves/1/books", "-X POST"), "400");
  EXPECT_EQ(Status("/v1/everything", "-d '{}'"), "415");
  EXPECT_EQ(Status("/v1/everything", "-X GET " + Json("{}")), "400");
  EXPECT_EQ(Status("/v1/../etc/passwd", "--path-as-is"), "400");
  EXPECT_EQ(Status("/v1/everything%00"), "400");
  EXPECT_EQ(Status("/v1/shelves/1/books/2", "-H 'Grpc-Timeout: soon'"), "400");
}

TEST_F(GatewayTest, HeadersBecomeMetadataAndTheDeadline) {
  Start();
  const std::string title =
      Curl("/v1/shelves/1/books/metadata",
           "-H 'Traceparent: 00-1-2-01' -H 'Grpc-Metadata-Colour: red' -H 'Authorization: Bearer x' "
           "-H 'Grpc-Metadata-Bad: \xc3\xa4' -H 'Other: y' -H 'Grpc-Metadata-grpc-timeout: 1S' "
           "-H 'X-Forwarded-For: 10.9.9.9' -H 'Grpc-Metadata-X-Forwarded-For: 10.9.9.9'");
  for (const std::string has :
       {"traceparent=00-1-2-01\\n", "colour=red\\n", "authorization=Bearer x\\n", "x-forwarded-for=127.0.0.1:"}) {
    EXPECT_THAT(title, HasSubstr(has));
  }
  for (const std::string has_not : {"other=", "bad=", "grpc-timeout", "10.9.9.9"})
    EXPECT_THAT(title, Not(HasSubstr(has_not)));
  EXPECT_THAT(Curl("/v1/shelves/1/books/deadline", "-H 'Grpc-Timeout: 1H'"),
              ::testing::ContainsRegex("\"pages\":\"(3600|359.)\""));
  EXPECT_EQ(Status("/v1/shelves/1/books/slow", "-H 'Grpc-Timeout: 20m'"), "504");
}

TEST_F(GatewayTest, MetadataComesBackAsHeaders) {
  Start();
  for (const std::string id : {"metadata", "metadata_failed"}) {
    const std::string answer = Curl("/v1/shelves/1/books/" + id, "-i");
    EXPECT_THAT(answer, HasSubstr("\r\nGrpc-Metadata-first: 1\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nGrpc-Trailer-last: 2\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("-bin: ")));
    EXPECT_THAT(answer, Not(::testing::ContainsRegex("Grpc-[A-Za-z]*-grpc-")));
  }
}

TEST_F(GatewayTest, ABodyMayBeCompressed) {
  Gateway::Options options;
  options.listener.max_body_bytes = 100'000;
  Start(std::move(options));
  const auto post = [&](const std::string& make, const std::string& encoding) {
    const std::string file = ::testing::TempDir() + "/gateway_test.gz";
    EXPECT_EQ(system((make + " > " + file).c_str()), 0);
    return Curl("/v1/shelves/1/books", "-w '%{http_code}' -H 'Content-Type: application/json' -H 'Content-Encoding: " +
                                           encoding + "' --data-binary @" + file);
  };
  const std::string json = R"(echo '{"title":"x"}')";
  EXPECT_EQ(post(json + " | gzip", "gzip"), R"({"name":"shelves/1/books/","title":"x"}200)");
  EXPECT_THAT(post(json + " | gzip | head -c 25", "gzip"), HasSubstr("is not gzip, or not all of it"));
  EXPECT_THAT(post("head -c 1000000 /dev/zero | gzip", "gzip"), ::testing::EndsWith("413"));
  EXPECT_THAT(post(json, "br"), ::testing::EndsWith("415"));
}

TEST_F(GatewayTest, ATargetMayBeWhole) {
  Start();
  for (const std::string target : {"http://x/v1/everything?strings=a", "HTTPS://x:1/v1/everything?strings=a"}) {
    RawClient client(server_->port());
    client.Send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.ReadUntil(), HasSubstr(R"({"strings":["a"]})"));
  }
  RawClient client(server_->port());
  client.Send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadUntil(), StartsWith("HTTP/1.1 204 "));
}

TEST_F(GatewayTest, AnIdempotencyKeyIsTheRequestId) {
  Start();
  EXPECT_EQ(Curl("/v1/shelves/1/books", "-H 'Idempotency-Key: k1' " + Json("{}")), R"({"name":"shelves/1/books/k1"})");
  EXPECT_EQ(Status("/v1/shelves/1/books?request_id=k2", "-H 'Idempotency-Key: k1' " + Json("{}")), "400");
  EXPECT_EQ(Status("/v1/shelves/1/books/2", "-H 'Idempotency-Key: k1'"), "200");
}

TEST_F(GatewayTest, AStreamIsALineAMessage) {
  Start();
  EXPECT_EQ(Curl("/v1/shelves/2/books:watch"),
            "{\"result\":{\"name\":\"shelves/2/books/1\"}}\n{\"result\":{\"name\":\"shelves/2/books/0\"}}\n");
  EXPECT_EQ(Curl("/v1/shelves/0/books:watch", "-w '%{http_code} %{content_type}'"), "200 application/x-ndjson");
  EXPECT_EQ(Status("/v1/shelves/none/books:watch"), "404");
  EXPECT_EQ(
      Curl("/v1/shelves/fails/books:watch"),
      "{\"result\":{\"name\":\"shelves/fails/books/0\"}}\n{\"error\":{\"code\":10,\"message\":\"the shelf fell\"}}\n");
}

TEST_F(GatewayTest, AClientThatHangsUpCancelsItsCall) {
  Start();
  for (const std::string path : {"/v1/shelves/1/books/slow", "/v1/shelves/endless/books:watch"}) {
    RawClient client(server_->port());
    client.Send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    if (path.back() == 'h') client.ReadUntil("xxx");
    // Gone once it is certain that the call has begun, which a slow one does not say.
    while (path.back() != 'h' && server_->gateway().in_flight() == 0) std::this_thread::yield();
  }
  server_->library().AwaitCancelled(2);
}

TEST_F(GatewayTest, ASlowReaderHoldsUpOnlyWhatItDoesNotRead) {
  Gateway::Options options;
  options.listener.write_timeout = std::chrono::milliseconds(300);
  Start(std::move(options));
  RawClient client(server_->port());
  client.Send("GET /v1/shelves/endless/books:watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  server_->library().AwaitCancelled(1);
  // What fits the sockets' buffers and gRPC's: some MB, not all that could have been written in that time.
  EXPECT_LT(server_->library().written(), 1000);
  EXPECT_EQ(Status("/v1/everything"), "200");
}

TEST_F(GatewayTest, RequestsBeyondTheLimitAreToldToComeAgain) {
  Gateway::Options options;
  options.max_in_flight = 1;
  Start(std::move(options));
  RawClient client(server_->port());
  client.Send("GET /v1/shelves/1/books/slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (server_->gateway().in_flight() == 0) std::this_thread::yield();
  const std::string answer = Curl("/v1/everything", "-i");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, Not(::testing::ContainsRegex("nosniff.*nosniff")));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
}

TEST_F(GatewayTest, LongAnswersAreCompressedForWhoTakesThat) {
  Start();
  const std::string plain = Curl("/v1/shelves/1/books/long");
  EXPECT_GT(plain.size(), 100'000u);
  EXPECT_EQ(Curl("/v1/shelves/1/books/long", "--compressed"), plain);
  EXPECT_THAT(Curl("/v1/shelves/1/books/long", "-o /dev/null -w '%{size_download}' --compressed").size(),
              ::testing::Le(4u));
  EXPECT_THAT(Curl("/v1/shelves/1/books/2", "-i --compressed"), Not(HasSubstr("Content-Encoding")));
}

TEST_F(GatewayTest, AnotherOriginMayOnlyWhatIsListed) {
  Start();
  EXPECT_THAT(Curl("/v1/everything", "-i -H 'Origin: https://a'"), Not(HasSubstr("Access-Control")));
  Gateway::Options options;
  options.cors_origins = {"https://a"};
  Start(std::move(options));
  EXPECT_THAT(Curl("/v1/everything", "-i -H 'Origin: https://a'"),
              HasSubstr("Access-Control-Allow-Origin: https://a\r\n"));
  EXPECT_THAT(Curl("/v1/everything", "-i -H 'Origin: https://b'"), Not(HasSubstr("Access-Control-Allow-Origin")));
  const std::string preflight =
      Curl("/v1/everything", "-i -X OPTIONS -H 'Origin: https://a' -H 'Access-Control-Request-Method: POST'");
  EXPECT_THAT(preflight, HasSubstr("Access-Control-Allow-Methods: GET, POST, HEAD, OPTIONS\r\n"));
}

TEST_F(GatewayTest, WhoeverCountsIsTold) {
  const auto counts = std::make_shared<Counts>();
  Gateway::Options options;
  options.listener.observer = counts;
  options.listener.write_timeout = std::chrono::milliseconds(300);
  Start(std::move(options));
  EXPECT_EQ(Status("/v1/everything"), "200");
  EXPECT_EQ(Status("/v1/nothing"), "404");
  RawClient broken(server_->port());
  EXPECT_EQ(broken.Status("GET / HTTP/1.1\r\n\r\n"), "400");
  RawClient slow(server_->port());
  slow.Send("GET /v1/shelves/endless/books:watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  server_->library().AwaitCancelled(1);
  EXPECT_EQ(counts->slow_readers, 1);
  server_->gateway().Stop();
  EXPECT_EQ(counts->answers, 2);
  EXPECT_EQ(counts->refusals, 2);
  EXPECT_EQ(counts->in_flight, 0);
  server_.reset();
  EXPECT_EQ(counts->connections, 0);
}

TEST_F(GatewayTest, PagesAreServedBesideTheRoutes) {
  Gateway::Options options;
  options.pages["/healthz"] = [] { return HttpResponse{200, {{"Content-Type", "text/plain"}}, "ok\n"}; };
  Start(std::move(options));
  EXPECT_EQ(Curl("/healthz"), "ok\n");
  EXPECT_EQ(Status("/healthz", "-X POST"), "405");
}

TEST_F(GatewayTest, PagesOfOtherOriginsMayChangeNothing) {
  Start();
  const std::string burn = "/v1/shelves/1/books/2:burn";
  EXPECT_THAT(Curl(burn, "-X POST -w '%{http_code}' -H 'Origin: https://a'"), ::testing::EndsWith("403"));
  EXPECT_THAT(Curl(burn, "-X POST -H 'Origin: https://a'"), HasSubstr("--cors-origin"));
  EXPECT_EQ(Status(burn, "-X POST -H 'Origin: null'"), "403");
  EXPECT_EQ(Status("/v1/everything", "-H 'Origin: https://a'"), "200");  // which the browser does not let it see
  Gateway::Options options;
  options.cors_origins = {"https://a"};
  Start(std::move(options));
  EXPECT_EQ(Status(burn, "-X POST -H 'Origin: https://a'"), "200");
  EXPECT_EQ(Status(burn, "-X POST -H 'Origin: https://b'"), "403");
}

TEST_F(GatewayTest, ANameThatIsNotItsOwnIsRefused) {
  Start();
  EXPECT_EQ(Status("/v1/everything", "-H 'Host: evil.example:7601'"), "421");
  EXPECT_THAT(Curl("/v1/everything", "-H 'Host: evil.example'"), HasSubstr("--http-host"));
  Gateway::Options options;
  options.hosts = {"console.example"};
  Start(std::move(options));
  EXPECT_EQ(Status("/v1/everything", "-H 'Host: Console.Example:7601'"), "200");
}

TEST_F(GatewayTest, LargeBodiesAreReadElsewhere) {
  std::atomic<int> taken = 0;
  bool room = true;
  Gateway::Options options;
  std::vector<std::jthread> threads;
  options.elsewhere = [&](std::function<void()> task) {
    if (!room) return false;
    ++taken;
    threads.emplace_back(std::move(task));
    return true;
  };
  Start(std::move(options));
  const std::string file = ::testing::TempDir() + "/gateway_test.json";
  ASSERT_EQ(system(("(printf '{\"title\":\"'; head -c 50000 /dev/zero | tr '\\0' x; printf '\"}') > " + file).c_str()),
            0);
  const auto post = [&](const std::string& type) {
    return Status("/v1/shelves/1/books", "-H 'Content-Type: " + type + "' --data-binary @" + file);
  };
  EXPECT_EQ(post("application/json"), "200");
  EXPECT_EQ(post("text/plain"), "415");
  EXPECT_EQ(Status("/v1/shelves/1/books", Json("{}")), "200");
  EXPECT_EQ(taken, 2);
  room = false;
  EXPECT_EQ(post("application/json"), "503");
  server_->gateway().Stop();
  EXPECT_EQ(server_->gateway().in_flight(), 0u);
}

TEST_F(GatewayTest, ABodyMayHaveOnlySoManyValues) {
  Gateway::Options options;
  options.listener.max_body_bytes = 10'000;
  Start(std::move(options));
  std::string values = "1";
  for (int i = 0; i < 1000; ++i) values += ",1";
  EXPECT_THAT(Curl("/v1/everything", Json("{\"numbers\":[" + values + "]}")), HasSubstr("too many values"));
}

TEST_F(GatewayTest, StopWaitsForWhatIsBeingRead) {
  Start();
  std::string values = "1";
  for (int i = 0; i < 200'000; ++i) values += ",1";
  const std::string body = "{\"numbers\":[" + values + "]}";
  RawClient client(server_->port());
  client.Send(absl::StrCat("POST /v1/everything HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n",
                           "Content-Length: ", body.size(), "\r\n\r\n", body));
  // It is read on the listener's thread, some tens of milliseconds: either it is waited for, or it has not begun.
  server_->gateway().Stop();
  EXPECT_EQ(server_->gateway().in_flight(), 0u);
  server_.reset();
}

TEST_F(GatewayTest, StopEndsWhatIsBeingAnswered) {
  Start();
  RawClient slow(server_->port()), endless(server_->port());
  slow.Send("GET /v1/shelves/1/books/slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  endless.Send("GET /v1/shelves/endless/books:watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (server_->gateway().in_flight() < 2) std::this_thread::yield();
  server_->gateway().Stop();
  EXPECT_EQ(server_->gateway().in_flight(), 0u);
  EXPECT_EQ(slow.ReadUntil(), "");
}

}  // namespace
}  // namespace warren::gateway
