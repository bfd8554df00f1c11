#include "server/gateway/request.h"

#include <gmock/gmock.h>

#include "server/gateway/path.h"
#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;

class RequestTest : public ::testing::Test {
 protected:
  RequestTest() : routes_(*Routes::Of({test::Book::descriptor()->file()->FindServiceByName("Library")})) {}

  absl::StatusOr<std::string> Build(std::string_view verb, std::string_view path, const std::string& query = "",
                                    std::string_view body = "", std::string_view key = "") {
    const auto found = routes_.Find(verb, *SplitPath(path));
    const auto& route = std::get<Routes::Found>(found);
    const auto message = BuildRequest(*route.route, route.bindings, {*ParseQuery(query), body, key});
    if (!message.ok()) return message.status();
    return (*message)->ShortDebugString();
  }
  std::string Refusal(std::string_view verb, std::string_view path, const std::string& query = "",
                      std::string_view body = "", std::string_view key = "") {
    const auto built = Build(verb, path, query, body, key);
    EXPECT_EQ(built.status().code(), absl::StatusCode::kInvalidArgument) << *built;
    return std::string(built.status().message());
  }

  const Routes routes_;
};

TEST_F(RequestTest, HasWhatThePathTheQueryAndTheBodySay) {
  EXPECT_EQ(*Build("GET", "/v1/shelves/1/books", "page_size=7"), "parent: \"shelves/1\" page_size: 7");
  EXPECT_EQ(*Build("POST", "/v1/shelves/1/books", "book_id=9", R"({"title": "x"})", "k"),
            "parent: \"shelves/1\" book { title: \"x\" } book_id: \"9\" request_id: \"k\"");
  EXPECT_EQ(*Build("PATCH", "/v1/shelves/1/books/2", "mask=title", R"({"title": "x"})"),
            "book { name: \"shelves/1/books/2\" title: \"x\" } mask { paths: \"title\" }");
  EXPECT_EQ(*Build("POST", "/v1/shelves/1/books/2:burn"), "name: \"shelves/1/books/2\"");
}

TEST_F(RequestTest, ABodyMayRepeatThePathButNotContradictIt) {
  EXPECT_EQ(*Build("PUT", "/v1/shelves/1/books/2", "", R"({"name": "shelves/1/books/2", "title": "x"})"),
            "name: \"shelves/1/books/2\" title: \"x\"");
  EXPECT_THAT(Refusal("PUT", "/v1/shelves/1/books/2", "", R"({"name": "shelves/1/books/3"})"),
              HasSubstr("is not the path's"));
  EXPECT_THAT(Refusal("PATCH", "/v1/shelves/1/books/2", "", R"({"name": "other"})"), HasSubstr("the body's book.name"));
}

TEST_F(RequestTest, ABodyIsWhereTheRouteHasOne) {
  EXPECT_THAT(Refusal("GET", "/v1/shelves/1/books", "", "{}"), HasSubstr("takes no body"));
  EXPECT_THAT(Refusal("POST", "/v1/shelves/1/books"), HasSubstr("a body is missing: the book"));
  EXPECT_THAT(Refusal("POST", "/v1/everything", "a_string=x"), HasSubstr("the body gives every field"));
}

TEST_F(RequestTest, ASocketsFirstMessageIsWhatABodyIs) {
  const std::string path = "/v1/shelves/1/books/2:talk";
  EXPECT_EQ(*Build("GET", path), "start { name: \"shelves/1/books/2\" }");
  EXPECT_EQ(*Build("GET", path, "start.speed=7&start.chapters=b&start.chapters=c", R"({"start": {"language": "en"}})"),
            "start { name: \"shelves/1/books/2\" language: \"en\" speed: 7 chapters: \"b\" chapters: \"c\" }");
  EXPECT_THAT(Refusal("GET", path, "start.speed=7", R"({"start": {"speed": 8}})"),
              HasSubstr("is given more than once"));
  EXPECT_THAT(Refusal("GET", path, "start.chapters=b", R"({"start": {"chapters": ["a"]}})"),
              HasSubstr("\"start.chapters\": the body gives it too"));
  EXPECT_THAT(Refusal("GET", path, "start.name=x"), HasSubstr("the path or the body gives start.name"));
  EXPECT_THAT(Refusal("GET", path, "note=x"), HasSubstr("cannot be given together with start"));
  EXPECT_THAT(Refusal("GET", path, "", R"({"voice": ""})"),
              HasSubstr("the path's start.name cannot be given together with the body's voice"));
}

TEST_F(RequestTest, AnIdempotencyKeyAgreesWithTheRequestId) {
  EXPECT_THAT(*Build("POST", "/v1/shelves/1/books", "request_id=k", "{}", "k"), HasSubstr("request_id: \"k\""));
  EXPECT_THAT(Refusal("POST", "/v1/shelves/1/books", "request_id=k", "{}", "l"), HasSubstr("differ"));
  EXPECT_THAT(Refusal("POST", "/v1/shelves/1/books", "", "{}", "\xff"), HasSubstr("not UTF-8"));
  EXPECT_EQ(*Build("GET", "/v1/isbn/3", "", "", "k"), "isbn: \"3\"");
}

TEST(TimeoutTest, IsANumberAndAUnit) {
  EXPECT_EQ(*ParseTimeout("1H"), absl::Hours(1));
  EXPECT_EQ(*ParseTimeout("10S"), absl::Seconds(10));
  EXPECT_EQ(*ParseTimeout("99999999m"), absl::Milliseconds(99999999));
  EXPECT_EQ(*ParseTimeout("5u"), absl::Microseconds(5));
  for (const std::string bad : {"", "S", "1", "1s", "-1S", "1.5S", "999999999S", " 1S", "1 S"}) {
    EXPECT_FALSE(ParseTimeout(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace warren::gateway
