#include "server/gateway/routes.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "server/gateway/path.h"
#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const google::protobuf::ServiceDescriptor* Service(const std::string& name) {
  return test::Book::descriptor()->file()->FindServiceByName(name);
}

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() : routes_(*Routes::Of({Service("Library")})) {}

  // "RPC field=value ...", "other: VERB ...", or "none".
  std::string Find(std::string_view verb, std::string_view path) {
    const auto found = routes_.Find(verb, *SplitPath(path));
    if (const auto* others = std::get_if<Routes::OtherVerbs>(&found)) {
      std::string text = "other:";
      for (const std::string& other : others->allowed) absl::StrAppend(&text, " ", other);
      return text;
    }
    if (std::holds_alternative<Routes::None>(found)) return "none";
    const auto& [route, bindings] = std::get<Routes::Found>(found);
    std::string text = route->method->name();
    for (const auto& [field, value] : bindings) absl::StrAppend(&text, " ", field, "=", value);
    return text;
  }

  const Routes routes_;
};

TEST_F(RoutesTest, EveryVerbLeadsToItsRpc) {
  EXPECT_EQ(Find("GET", "/v1/shelves/1/books/2"), "GetBook name=shelves/1/books/2");
  EXPECT_EQ(Find("PUT", "/v1/shelves/1/books/2"), "ReplaceBook name=shelves/1/books/2");
  EXPECT_EQ(Find("PATCH", "/v1/shelves/1/books/2"), "UpdateBook book.name=shelves/1/books/2");
  EXPECT_EQ(Find("DELETE", "/v1/shelves/1/books/2"), "DeleteBook name=shelves/1/books/2");
  EXPECT_EQ(Find("POST", "/v1/shelves/1/books"), "CreateBook parent=shelves/1");
  EXPECT_EQ(Find("LOCK", "/v1/shelves/1/books/2"), "LockBook name=shelves/1/books/2");
}

TEST_F(RoutesTest, CustomVerbsAreToldFromNames) {
  EXPECT_EQ(Find("POST", "/v1/shelves/1/books/2:burn"), "BurnBook name=shelves/1/books/2");
  EXPECT_EQ(Find("GET", "/v1/shelves/1/books:watch"), "WatchBooks parent=shelves/1");
  // What is a verb for POST is none of a name for GET, unless it is encoded.
  EXPECT_EQ(Find("GET", "/v1/shelves/1/books/2:burn"), "other: POST");
  EXPECT_EQ(Find("GET", "/v1/shelves/1/books/2%3Aburn"), "GetBook name=shelves/1/books/2:burn");
  EXPECT_EQ(Find("GET", "/v1/shelves/1/books/2:burned"), "GetBook name=shelves/1/books/2:burned");
}

TEST_F(RoutesTest, AdditionalBindingsLeadToTheSameRpc) {
  EXPECT_EQ(Find("GET", "/v1/isbn/978%2F3"), "GetBook isbn=978/3");
  EXPECT_EQ(Find("GET", "/v1/archive/a/b/c"), "GetBook name=a/b/c");
  EXPECT_EQ(Find("POST", "/v1/everything"), "Echo");
}

TEST_F(RoutesTest, WhatIsThereForOtherVerbsIsToldWithThem) {
  EXPECT_EQ(Find("POST", "/v1/shelves/1/books/2"), "other: DELETE GET LOCK PATCH PUT");
  EXPECT_EQ(Find("get", "/v1/everything"), "other: GET POST");
  EXPECT_EQ(Find("DELETE", "/v1/shelves/1/books"), "other: GET POST");
}

TEST_F(RoutesTest, WhatIsNotThereIsNot) {
  for (const std::string path :
       {"/", "/v1", "/v1/shelves", "/v1/shelves/1/books/2/", "/v2/everything", "/v1/books:upload"}) {
    EXPECT_EQ(Find("GET", path), "none") << path;
  }
}

TEST_F(RoutesTest, WhatTheBodyAndTheAnswerAreIsKnown) {
  std::vector<std::string> known;
  for (const Route* route : routes_.All()) {
    known.push_back(absl::StrCat(route->verb, " ", route->pattern.text(), " ", route->grpc_method,
                                 route->has_body ? " body " : "", route->body_field ? route->body_field->name() : "",
                                 route->response_field ? " answer " + route->response_field->name() : "",
                                 route->is_socket ? " socket" : ""));
  }
  EXPECT_THAT(known,
              ElementsAre("GET /v1/{name=shelves/*/books/*} /warren.gateway.test.Library/GetBook",
                          "GET /v1/isbn/{isbn} /warren.gateway.test.Library/GetBook",
                          "GET /v1/archive/{name=**} /warren.gateway.test.Library/GetBook",
                          "GET /v1/{parent=shelves/*}/books /warren.gateway.test.Library/ListBooks",
                          "GET /v1/{parent=shelves/*}/titles /warren.gateway.test.Library/ListBooks answer titles",
                          "GET /v1/{parent=shelves/*}/bookList /warren.gateway.test.Library/ListBooks answer books",
                          "POST /v1/{parent=shelves/*}/books /warren.gateway.test.Library/CreateBook body book",
                          "PUT /v1/{name=shelves/*/books/*} /warren.gateway.test.Library/ReplaceBook body ",
                          "PATCH /v1/{book.name=shelves/*/books/*} /warren.gateway.test.Library/UpdateBook body book",
                          "DELETE /v1/{name=shelves/*/books/*} /warren.gateway.test.Library/DeleteBook",
                          "POST /v1/{name=shelves/*/books/*}:burn /warren.gateway.test.Library/BurnBook body ",
                          "LOCK /v1/{name=shelves/*/books/*} /warren.gateway.test.Library/LockBook",
                          "GET /v1/{parent=shelves/*}/books:watch /warren.gateway.test.Library/WatchBooks",
                          "GET /v1/everything /warren.gateway.test.Library/Echo",
                          "POST /v1/everything /warren.gateway.test.Library/Echo body ",
                          "GET /v1/{start.name=shelves/*/books/*}:talk /warren.gateway.test.Library/Talk socket"));
}

TEST(WrongRoutesTest, AreRefusedWithTheRpc) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"NoSuchField", "NoSuchField.Get: warren.gateway.test.GetBookRequest has no field \"nobody\""},
      {"NotATemplate", "NotATemplate.Get: path template \"v1\", at character 1"},
      {"BodyOfGet", "BodyOfGet.Get: a body for GET"},
      {"SamePath", "SamePath.Two: GET /v1/{isbn} is warren.gateway.test.SamePath.One's"},
      {"FieldOfSocket", "FieldOfSocket.Talk: a response_body where messages go both ways"},
      {"PathOfMessage", "PathOfMessage.Get: the path cannot give book"}};
  for (const auto& [service, why] : wrong) {
    const auto routes = Routes::Of({Service(service)});
    EXPECT_EQ(routes.status().code(), absl::StatusCode::kInvalidArgument) << service;
    EXPECT_THAT(std::string(routes.status().message()), HasSubstr(why));
  }
}

}  // namespace
}  // namespace warren::gateway
