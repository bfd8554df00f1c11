#include "server/api/exec_request.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_join.h"
#include "google/rpc/error_details.pb.h"
#include "proto/common/status_payload.h"

namespace warren::api {
namespace {

using ::testing::HasSubstr;

constexpr char kName[] = "name: 'hosts/h1/namespaces/red' ";

std::string BadFields(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  google::rpc::BadRequest bad;
  EXPECT_TRUE(bad.ParseFromString(std::string(status.GetPayload(kBadRequestUrl).value_or(absl::Cord()))));
  std::vector<std::string> fields;
  for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
  return absl::StrJoin(fields, " ");
}

absl::StatusOr<ExecRequest> Session(const std::string& start) {
  v1::SessionRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("start {" + start + "}", &request)) << start;
  return CheckSession(request);
}

absl::StatusOr<ExecRequest> RunOf(const std::string& text) {
  v1::RunRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return CheckRun(request);
}

TEST(ExecRequestTest, CommandsThatAreWellArePassedOn) {
  for (const std::string command : {"", "argv: 'ip' argv: ''", "raw_argv: '/bin/x' raw_argv: '\\377'",
                                    "env {key: 'A' value: ''}", "cwd: '/'", "user: 'root'", "user: '1000:1000'",
                                    "user: 'www-data:adm'", "timeout {nanos: 1}", "timeout {seconds: 86400}"}) {
    const auto request = Session(kName + ("command {" + command + "}"));
    ASSERT_TRUE(request.ok()) << command << request.status();
    EXPECT_EQ(request->name.host, "h1");
    EXPECT_EQ(request->name.id, "red");
    EXPECT_EQ(request->first.size(), 1u);
  }
}

TEST(ExecRequestTest, EveryBadFieldOfACommandIsNamed) {
  const std::map<std::string, std::string> table = {
      {"argv: 'a' raw_argv: 'a'", "start.command.raw_argv"},
      {"argv: ''", "start.command.argv[0]"},
      {"argv: 'a' argv: 'b\\000c'", "start.command.argv[1]"},
      {"raw_argv: '\\000'", "start.command.raw_argv[0]"},
      {"env {key: '' value: 'x'}", "start.command.env"},
      {"env {key: 'A=B' value: 'x'}", "start.command.env"},
      {"env {key: 'A\\000B' value: 'x'}", "start.command.env"},
      {"env {key: 'A' value: '\\000'}", "start.command.env"},
      {"cwd: 'tmp'", "start.command.cwd"},
      {"cwd: '/a\\000'", "start.command.cwd"},
      {"user: 'a b'", "start.command.user"},
      {"user: ' '", "start.command.user"},
      {"user: ':adm'", "start.command.user"},
      {"user: 'a:'", "start.command.user"},
      {"user: 'a:b:c'", "start.command.user"},
      {"user: 'a\\000'", "start.command.user"},
      {"timeout {}", "start.command.timeout"},
      {"timeout {seconds: -1}", "start.command.timeout"},
      {"timeout {seconds: 1 nanos: -1}", "start.command.timeout"},
      {"timeout {seconds: 1 nanos: 1000000000}", "start.command.timeout"},
      {"argv: '' cwd: 'x' user: ' ' timeout {}",
       "start.command.argv[0] start.command.cwd start.command.user start.command.timeout"},
  };
  for (const auto& [command, fields] : table) {
    EXPECT_EQ(BadFields(Session(kName + ("command {" + command + "}")).status()), fields) << command;
  }
}

TEST(ExecRequestTest, ASessionNeedsANamespaceAndATerminalThatThereCanBe) {
  EXPECT_EQ(BadFields(CheckSession({}).status()), "start");
  EXPECT_EQ(BadFields(Session("").status()), "start.name");
  EXPECT_EQ(BadFields(Session("name: 'hosts/-/namespaces/red'").status()), "start.name");
  EXPECT_EQ(BadFields(Session(kName + std::string("terminal {rows: 65536 columns: 70000}")).status()),
            "start.terminal.rows start.terminal.columns");
  EXPECT_TRUE(Session("name: 'hosts/h1/namespaces/@host' terminal {rows: 65535}").ok());
}

TEST(ExecRequestTest, ArgumentsAndEnvironmentAreBoundedTogether) {
  v1::SessionRequest request;
  request.mutable_start()->set_name("hosts/h1/namespaces/red");
  v1::Command& command = *request.mutable_start()->mutable_command();
  command.add_argv("x");
  command.add_argv(std::string(1 << 20, 'x'));
  EXPECT_TRUE(CheckSession(request).ok());
  (*command.mutable_env())["A"] = std::string(1 << 20, 'x');
  EXPECT_EQ(BadFields(CheckSession(request).status()), "start.command.argv");
}

TEST(ExecRequestTest, WhatTheServerDoesNotKnowIsNotPassedOn) {
  v1::SessionRequest request;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string("start {") + kName + "}", &request));
  const std::string known = request.SerializeAsString();
  v1::SessionStart& start = *request.mutable_start();
  start.GetReflection()->MutableUnknownFields(&start)->AddVarint(1000, 1);
  EXPECT_NE(request.SerializeAsString(), known);
  EXPECT_EQ(CheckSession(request)->first, std::vector<std::string>{known});
}

TEST(ExecRequestTest, RunNeedsACommandAndHasLimits) {
  EXPECT_EQ(BadFields(RunOf(kName).status()), "command.argv");
  EXPECT_EQ(BadFields(RunOf("name: 'x' max_output_bytes: -1").status()), "name command.argv max_output_bytes");
  EXPECT_EQ(BadFields(RunOf(kName + std::string("command {argv: 'a'} max_output_bytes: 1048577")).status()),
            "max_output_bytes");
  v1::RunRequest request;
  request.set_name("hosts/h1/namespaces/red");
  request.mutable_command()->add_raw_argv("a");
  request.set_stdin(std::string(1 << 20, 'x'));
  request.set_max_output_bytes(1 << 20);
  EXPECT_TRUE(CheckRun(request).ok());
  request.mutable_stdin()->push_back('x');
  EXPECT_EQ(BadFields(CheckRun(request).status()), "stdin");
}

TEST(ExecRequestTest, RunIsSaidAsASessionWould) {
  const auto silent = RunOf(kName + std::string("command {argv: 'a' cwd: '/x'} namespace_cookie: 5"));
  ASSERT_TRUE(silent.ok());
  ASSERT_EQ(silent->first.size(), 1u);
  v1::SessionRequest start;
  ASSERT_TRUE(start.ParseFromString(silent->first[0]));
  EXPECT_EQ(start.start().command().cwd(), "/x");
  EXPECT_EQ(start.start().namespace_cookie(), 5u);
  EXPECT_FALSE(start.start().stdin());

  const auto talking = RunOf(kName + std::string("command {argv: 'a'} stdin: 'in'"));
  ASSERT_TRUE(talking.ok());
  ASSERT_EQ(talking->first.size(), 3u);
  ASSERT_TRUE(start.ParseFromString(talking->first[0]));
  EXPECT_TRUE(start.start().stdin());
  v1::SessionRequest next;
  ASSERT_TRUE(next.ParseFromString(talking->first[1]));
  EXPECT_EQ(next.stdin(), "in");
  ASSERT_TRUE(next.ParseFromString(talking->first[2]));
  EXPECT_TRUE(next.has_stdin_end());
}

TEST(ExecRequestTest, OutputIsBoundedByDefault) {
  v1::RunRequest request;
  EXPECT_EQ(OutputLimit(request), size_t{64} << 10);
  request.set_max_output_bytes(5);
  EXPECT_EQ(OutputLimit(request), 5u);
}

}  // namespace
}  // namespace warren::api
