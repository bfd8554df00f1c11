#include "server/gateway/openapi.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>

#include "proto/descriptor_set.h"
#include "server/gateway/comments.h"
#include "tests/agent/kernel/witness.h"
#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// jq is the witness: a reader of JSON that knows nothing of ours.
std::string Jq(const std::string& document, const std::string& filter) {
  const std::string path = ::testing::TempDir() + "/openapi_test.json";
  FILE* file = fopen(path.c_str(), "w");
  fwrite(document.data(), 1, document.size(), file);
  fclose(file);
  return kernel::Sh("jq -Scr '" + filter + "' " + path);
}

class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest()
      : document_(OpenApi({"Library", "1.2", "Books."},
                          *Routes::Of({test::Book::descriptor()->file()->FindServiceByName("Library")}),
                          [](const std::string& name) { return name.substr(name.rfind('.') + 1) + ".\nMore."; })) {}
  std::string Ask(const std::string& filter) { return Jq(document_, filter); }

  const std::string document_;
};

TEST_F(OpenApiTest, EveryRouteIsAnOperation) {
  EXPECT_EQ(Ask(".openapi, .info.title, .info.version"), "3.1.0\nLibrary\n1.2");
  EXPECT_EQ(Ask("[.paths | to_entries[] | .key as $p | .value | keys[] | \"\\(.) \\($p)\"] | sort | join(\"\\n\")"),
            "delete /v1/shelves/{shelve}/books/{book}\n"
            "get /v1/archive/{path}\n"
            "get /v1/everything\n"
            "get /v1/isbn/{isbn}\n"
            "get /v1/shelves/{shelve}/bookList\n"
            "get /v1/shelves/{shelve}/books\n"
            "get /v1/shelves/{shelve}/books/{book}\n"
            "get /v1/shelves/{shelve}/books/{book}:talk\n"
            "get /v1/shelves/{shelve}/books:watch\n"
            "get /v1/shelves/{shelve}/titles\n"
            "patch /v1/shelves/{shelve}/books/{book}\n"
            "post /v1/everything\n"
            "post /v1/shelves/{shelve}/books\n"
            "post /v1/shelves/{shelve}/books/{book}:burn\n"
            "put /v1/shelves/{shelve}/books/{book}");
  EXPECT_EQ(Ask("[.. | .operationId? // empty] | length, (unique | length)"), "15\n15");
}

TEST_F(OpenApiTest, ParametersAreThoseOfThePathAndOfTheQuery) {
  EXPECT_EQ(Ask(".paths[\"/v1/shelves/{shelve}/books\"].get.parameters | map(\"\\(.in) \\(.name)\") | join(\", \")"),
            "path shelve, query pageSize");
  EXPECT_EQ(Ask(".paths[\"/v1/shelves/{shelve}/books\"].post.parameters | map(.name) | sort | join(\", \")"),
            "bookId, mask, requestId, shelve");
  const std::string all = Ask(".paths[\"/v1/everything\"].get.parameters | map(.name) | join(\" \")");
  EXPECT_THAT(all, HasSubstr("inner.text inner.inner.text"));
  EXPECT_THAT(all, HasSubstr(" strings "));
  EXPECT_THAT(all, ::testing::Not(HasSubstr("labels")));
}

TEST_F(OpenApiTest, BodiesAndAnswersHaveTheirSchemas) {
  EXPECT_EQ(
      Ask(".paths[\"/v1/shelves/{shelve}/books\"].post.requestBody.content[\"application/json\"].schema[\"$ref\"]"),
      "#/components/schemas/warren.gateway.test.Book");
  EXPECT_EQ(Ask(".paths[\"/v1/shelves/{shelve}/titles\"].get.responses[\"200\"].content[\"application/json\"].schema"),
            R"({"items":{"type":"string"},"type":"array"})");
  EXPECT_EQ(Ask(".paths[\"/v1/shelves/{shelve}/books:watch\"].get.responses[\"200\"].content | keys[0]"),
            "application/x-ndjson");
  EXPECT_EQ(
      Ask(".components.schemas[\"warren.gateway.test.Everything\"].properties | .anInt64, .duration, .time, .labels, "
          ".colors.items | del(.description)"),
      R"({"format":"int64","pattern":"^-?[0-9]+$","type":"string"})"
      "\n"
      R"({"pattern":"^-?[0-9]+([.][0-9]{1,9})?s$","type":"string"})"
      "\n{\"format\":\"date-time\",\"type\":\"string\"}\n"
      "{\"additionalProperties\":{\"type\":\"string\"},\"type\":\"object\"}\n"
      "{\"$ref\":\"#/components/schemas/warren.gateway.test.Color\"}");
  EXPECT_EQ(Ask(".components.schemas[\"warren.gateway.test.Color\"].enum | join(\" \")"), "COLOR_UNSPECIFIED RED BLUE");
  // Every reference leads somewhere.
  EXPECT_EQ(Ask("([.. | .[\"$ref\"]? // empty] | unique | map(ltrimstr(\"#/components/schemas/\"))) - "
                "(.components.schemas | keys)"),
            "[]");
}

TEST_F(OpenApiTest, ASocketIsAGetThatSwitches) {
  const std::string talk = ".paths[\"/v1/shelves/{shelve}/books/{book}:talk\"].get";
  EXPECT_EQ(Ask(talk + ".responses | keys | join(\" \")"), "101 default");
  EXPECT_THAT(Ask(talk + ".description"), StartsWith("Talk.\nMore.\n\nIt is a WebSocket"));
  EXPECT_EQ(Ask(talk + "[\"x-websocket\"] | .client[\"$ref\"], .server[\"$ref\"]"),
            "#/components/schemas/warren.gateway.test.Said\n#/components/schemas/warren.gateway.test.Heard");
  EXPECT_EQ(Ask(".components.schemas[\"warren.gateway.test.Heard\"].properties.murmur.format"), "byte");
  // Nothing that cannot be given beside what the path gives.
  EXPECT_EQ(Ask(talk + ".parameters | map(.name) | join(\" \")"),
            "shelve book start.language start.speed start.chapters beside many");
}

TEST_F(OpenApiTest, CommentsAreDescriptions) {
  EXPECT_EQ(Ask(".paths[\"/v1/isbn/{isbn}\"].get | .summary, .description"), "GetBook.\nGetBook.\nMore.");
  EXPECT_EQ(Ask(".components.schemas[\"warren.gateway.test.Book\"].properties.pages.description"), "pages.\nMore.");
}

// The API's own, without the programs that serve it.
TEST(ExecTest, IsAPostAndASocket) {
  google::protobuf::FileDescriptorSet files;
  ASSERT_TRUE(files.ParseFromString(std::string(DescriptorSet())));
  google::protobuf::DescriptorPool pool;
  for (const auto& file : files.file()) ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
  const auto* exec = pool.FindServiceByName("warren.v1.Exec");
  ASSERT_NE(exec, nullptr);
  const auto routes = Routes::Of({exec});
  ASSERT_TRUE(routes.ok()) << routes.status();
  const std::string document = OpenApi({}, *routes, [](const std::string&) { return std::string(); });
  EXPECT_EQ(
      Jq(document, ".paths | map_values(keys[0]) | to_entries | map(\"\\(.value) \\(.key)\") | sort | join(\"\\n\")"),
      "get /v1/hosts/{host}/namespaces/{namespace}:exec\n"
      "post /v1/hosts/{host}/namespaces/{namespace}:run");
  EXPECT_THAT(Jq(document, ".paths[].get // empty | .parameters | map(.name) | join(\" \")"),
              ::testing::AllOf(HasSubstr("start.command.argv"), ::testing::Not(HasSubstr("resize"))));
}

TEST(CommentsTest, AreThoseOfTheProtos) {
  const auto comments = ProtoComments::Of(DescriptorSet());
  ASSERT_TRUE(comments.ok());
  EXPECT_THAT(comments->Above("warren.v1.Hosts.GetHost"), StartsWith("Shows one host. NOT_FOUND:"));
  EXPECT_THAT(comments->Above("warren.v1.Host.name"), StartsWith("\"hosts/HOST\";"));
  EXPECT_THAT(comments->Above("warren.v1.Intent.QUEUED"), ::testing::Not(::testing::IsEmpty()));
  EXPECT_EQ(comments->Above("warren.v1.Nobody"), "");
  EXPECT_FALSE(ProtoComments::Of("\xff\xff").ok());
}

}  // namespace
}  // namespace warren::gateway
