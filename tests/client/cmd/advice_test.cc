#include "client/cmd/advice.h"

#include <gmock/gmock.h>

#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(AsTyped, FieldsBecomeFlagsOrFieldsOfAFile) {
  EXPECT_EQ(AsTyped("set allow_existing to adopt it", Typed::kFlags), "set --allow-existing to adopt it");
  EXPECT_EQ(AsTyped("set allow_existing to adopt it", Typed::kFile), "set allowExisting: true to adopt it");
  EXPECT_EQ(AsTyped("only with force; or move_addresses.", Typed::kFlags), "only with --force; or --move-addresses.");
  EXPECT_EQ(AsTyped("only with force", Typed::kFile), "only with force: true");
}

TEST(AsTyped, WhatIsOfTheRequestIsAFlagEitherWay) {
  EXPECT_EQ(AsTyped("set allow_unknown_host", Typed::kFile), "set --allow-unknown-host");
  EXPECT_EQ(AsTyped("the request_id was used", Typed::kFlags), "the --request-id was used");
}

TEST(AsTyped, CallsBecomeCommands) {
  EXPECT_EQ(AsTyped("ListNamespaces shows those there are", Typed::kFlags),
            "`warren netns list` shows those there are");
}

TEST(FailureAdvice, SaysHowANameIsFreedThatIsTakenByNoNamespace) {
  v1::Intent intent =
      From<v1::Intent>("name: 'hosts/h1/intents/1' state: FAILED operations { create_namespace { namespace: 'red' } }");
  intent.mutable_error()->set_operation("create_namespace");
  intent.mutable_error()->set_object("red");
  intent.mutable_error()->set_code(9);
  intent.mutable_error()->set_message("it stands for a FIFO; DeleteNamespace with force removes it");
  EXPECT_THAT(FailureAdvice(intent, Typed::kFlags),
              Contains(HasSubstr("a FIFO; `warren netns delete h1/red --force` removes it")));
  EXPECT_THAT(FailureAdvice(intent, Typed::kFile),
              Contains(HasSubstr("a FIFO; `warren netns delete h1/red --force` removes it")));
}

TEST(AsTyped, PartsOfOtherWordsStay) {
  for (const char* text : {"enforce forces forced force-field", "operations[0].create_veth.allow_existing is",
                           "--allow-existing", "namespace h1/force", "red:force", "my_allow_existing_x"}) {
    EXPECT_EQ(AsTyped(text, Typed::kFlags), text);
  }
}

v1::Intent Failed(const std::string& operation, int code, const std::string& message) {
  v1::Intent intent = From<v1::Intent>("name: 'hosts/h1/intents/1' state: FAILED operations { " + operation + " }");
  intent.mutable_error()->set_operation("x");
  intent.mutable_error()->set_object("red");
  intent.mutable_error()->set_code(code);
  intent.mutable_error()->set_message(message);
  return intent;
}

constexpr int kNotFound = 5;
constexpr int kAlreadyExists = 6;

TEST(FailureAdvice, NamesThePermissionThatWouldHaveHelped) {
  EXPECT_THAT(
      FailureAdvice(Failed("create_namespace { namespace: 'red' }", kAlreadyExists, "it exists"), Typed::kFlags),
      Contains("  --allow-existing adopts it, if it already is as asked"));
  EXPECT_THAT(FailureAdvice(Failed("delete_link { namespace: 'red' }", kNotFound, "it is missing"), Typed::kFile),
              Contains("  allowMissing: true lets what is not there count as deleted"));
}

TEST(FailureAdvice, DoesNotAdviseWhatWasDoneOrSaidOrIsImpossible) {
  const auto advised = [](const std::string& operation, int code, const std::string& message) {
    return FailureAdvice(Failed(operation, code, message), Typed::kFlags);
  };
  EXPECT_THAT(advised("create_namespace { allow_existing: true }", kAlreadyExists, "differs"),
              Not(Contains(HasSubstr("--allow-existing"))));
  EXPECT_THAT(advised("set_link { name: 'x' }", kNotFound, "no such link"), Not(Contains(HasSubstr("--allow"))));
  // Once, in the message.
  EXPECT_EQ(advised("create_namespace {}", kAlreadyExists, "allow_existing adopts it").size(), 2u);
  v1::Intent intent = Failed("create_namespace {}", kAlreadyExists, "x");
  intent.mutable_error()->set_operation_index(-1);
  EXPECT_THAT(FailureAdvice(intent, Typed::kFlags), Not(Contains(HasSubstr("--allow"))));
  intent.mutable_error()->set_operation_index(7);  // a server that says what cannot be
  EXPECT_THAT(FailureAdvice(intent, Typed::kFlags), Not(Contains(HasSubstr("--allow"))));
}

}  // namespace
}  // namespace warren::cli
