// The words of the command line, before any server is asked.

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "client/cmd/run.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

struct Misuse {
  const char* line;
  const char* says;
};

class Misused : public testing::TestWithParam<Misuse> {};
TEST_P(Misused, EndsWithTwoAndSaysWhatIsWrongAndWhereHelpIs) {
  const Ran ran = RunCommand(GetParam().line);
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(
    Lines, Misused,
    testing::Values(
        Misuse{"",
               "warren: missing what to do; expected one of addr, route, link, netns, bridge, hosts, intents, exec, "
               "shell, completion"},
        Misuse{"frobnicate", "warren: unknown command \"frobnicate\""},
        Misuse{"netns exec h1/red ip a", "warren netns: unknown command \"exec\"; it is `warren exec`"},
        Misuse{"-n h1/red link", "warren: unexpected \"-n\""},
        Misuse{"netns --bogus add h1/red", "warren netns: unexpected \"--bogus\""},
        Misuse{"nents list", "unknown command \"nents\"; did you mean \"netns\"?"},
        Misuse{"netns frobnicate",
               "warren netns: unknown command \"frobnicate\"; expected one of list, show, holders, add, delete, watch"},
        Misuse{"link", "warren link: missing what to do; expected one of add, set, delete, show, move"},
        Misuse{"netns add", "warren netns add: HOST/NS is required\nSee `warren netns add --help`."},
        Misuse{"netns add h1", "\"h1\" names no namespace; expected HOST/NS"},
        Misuse{"netns add h1/red h1/blue", "unexpected \"h1/blue\""},
        Misuse{"netns add h1/red --allow-missing", "unexpected \"--allow-missing\""},
        Misuse{"netns list a/b", "host \"a/b\" is not a DNS name"}, Misuse{"netns show h1", "names no namespace"},
        Misuse{"hosts show a/b", "is not a DNS name"}, Misuse{"hosts show", "HOST is required"},
        Misuse{"link set h1/red:eth0 netns", "\"netns\" needs a value"},
        Misuse{"link add h1/red:eth0", "missing the type"},
        Misuse{"link add veth h1/red:e blue:e --mtu 10", "--mtu: Value 10 not in range 68 to 65535"},
        Misuse{"link show", "missing the namespace or link, HOST/NS or HOST/NS:IF"},
        Misuse{"link show h1/red:eth0 h1/blue:eth0", "unexpected word \"h1/blue:eth0\""},
        Misuse{"addr show h1", "expected HOST/NS or HOST/NS:IF"}, Misuse{"addr add 10.0.0.1/24", "missing the link"},
        Misuse{"route show", "missing the namespace"}, Misuse{"route add h1/red default", "missing where it leads"},
        Misuse{"bridge attach h1/@host:tap0", "bridge is required"}, Misuse{"bridge add", "missing the link"},
        Misuse{"intents show h1/red", "is not the name of an intent"},
        Misuse{"intents list --state SLEEPING", "SLEEPING not in"}, Misuse{"intents list a/b", "is not a DNS name"},
        Misuse{"intent submit h1", "--file is required"},
        Misuse{"intent submit h1,h1 -f -", "host \"h1\" is given twice"},
        Misuse{"intents cancel h1/0b5f0e9c-6a52-4c0e-9b1e-2f6f5a0d9c11 --dry-run", "a cancel cannot be tried out"},
        Misuse{"hosts delete", "HOST is required"},
        Misuse{"hosts list --sort kernel", "kernel not in {name,name desc}"},
        Misuse{"hosts list --watch --limit 3", "excludes"}, Misuse{"intents watch a/b", "is not a DNS name"},
        Misuse{"netns watch a/b", "is not a DNS name"},
        Misuse{"--color blue netns list", "blue not in {auto,always,never}"},
        Misuse{"--expire-in soon netns add h1/red", "\"soon\" is not a positive duration"},
        Misuse{"completion fish", "expected one of bash, zsh"}, Misuse{"intent submit a/b -f -", "is not a DNS name"},
        Misuse{"intent submit h1 -f /nonexistent/x.yaml", "/nonexistent/x.yaml: cannot be opened: No such file"},
        Misuse{"-o xml netns list", "--output: xml not in {table,wide,json,yaml,name}"},
        Misuse{"--timeout 5 netns list", "timeout \"5\" is not a positive duration, as in 500ms, 30s, 5m or 1h30m"},
        Misuse{"--timeout 0s netns list", "is not a positive duration"},
        Misuse{"--timeout -1s netns list", "is not a positive duration"},
        Misuse{"--request-id 7 netns add h1/red", "request id \"7\" is not a UUID"},
        Misuse{"--server nonsense netns list", "server \"nonsense\": address \"nonsense\" has no port"},
        Misuse{"--config /nonexistent/warren.toml netns list", "/nonexistent/warren.toml was not readable"}));

TEST(Help, IsEverywhereWithExamples) {
  for (const char* command : {"",
                              "hosts",
                              "hosts list",
                              "hosts show",
                              "hosts watch",
                              "hosts delete",
                              "completion",
                              "completion bash",
                              "completion zsh",
                              "netns watch",
                              "intents watch",
                              "netns",
                              "netns list",
                              "netns show",
                              "netns add",
                              "netns delete",
                              "link",
                              "link add",
                              "link set",
                              "link move",
                              "link delete",
                              "link show",
                              "addr",
                              "addr add",
                              "addr delete",
                              "addr show",
                              "route",
                              "route add",
                              "route delete",
                              "route show",
                              "bridge",
                              "bridge add",
                              "bridge delete",
                              "bridge attach",
                              "bridge detach",
                              "intents",
                              "intents list",
                              "intents show",
                              "intents wait",
                              "intents cancel",
                              "intents submit"}) {
    const Ran ran = RunCommand(std::string(command) + " --help");
    EXPECT_EQ(ran.code, 0) << command;
    EXPECT_THAT(ran.err, IsEmpty()) << command;
    const std::string name = std::string("warren") + (*command == '\0' ? "" : " ") + command;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Usage: " + name), HasSubstr("Examples:\n  "))) << command;
  }
}

TEST(Help, HasTheFormOfACommandAndTheOptionsOfAll) {
  EXPECT_THAT(RunCommand("link move -h").out, HasSubstr("Usage: warren link move HOST/NS:IF NS[:IF] [OPTIONS]"));
  const std::string all = RunCommand("--help").out;
  for (const char* option : {"--server", "WARREN_SERVER", "--output", "--timeout", "--request-id", "--no-wait",
                             "--allow-unknown-host", "--config", "--version", "Exit codes: 0 done"}) {
    EXPECT_THAT(all, HasSubstr(option));
  }
}

TEST(Version, IsPrinted) {
  const Ran ran = RunCommand("--version");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, testing::MatchesRegex("warren [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

// Sets an environment variable for as long as it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Environment() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Options, ComeFromTheLineThenTheEnvironmentThenTheFile) {
  const std::string path = testing::TempDir() + "/warren-cmd.toml";
  std::ofstream(path) << "server = \"from-file\"\n";
  EXPECT_THAT(RunCommand("--config " + path + " netns list").err, HasSubstr("\"from-file\""));
  {
    Environment config("WARREN_CONFIG", path);
    EXPECT_THAT(RunCommand("netns list").err, HasSubstr("\"from-file\""));
    Environment server("WARREN_SERVER", "from-environment");
    EXPECT_THAT(RunCommand("netns list").err, HasSubstr("\"from-environment\""));
    EXPECT_THAT(RunCommand("netns list --server from-line").err, HasSubstr("\"from-line\""));
  }
  std::remove(path.c_str());
  Environment nowhere("WARREN_CONFIG", "/nonexistent/warren.toml");
  EXPECT_EQ(RunCommand("netns list").code, 2);
}

TEST(Options, OfAFileThatNobodyKnowsAreRefused) {
  const std::string path = testing::TempDir() + "/warren-cmd-bad.toml";
  std::ofstream(path) << "sevrer = \"h1:7600\"\n";
  const Ran ran = RunCommand("--config " + path + " netns list");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("sevrer"));
  std::remove(path.c_str());
}

class Words : public CommandTest {
 protected:
  // The only operation that a line becomes, in short.
  std::string Operation(const std::string& line) {
    AcceptAnd(api_, v1::Intent::SUCCEEDED);
    const Ran ran = Run(line);
    EXPECT_EQ(ran.code, 0) << line << ": " << ran.err;
    if (api_.create_intent.Asked().empty()) return "";
    return api_.create_intent.Asked().back().intent().ShortDebugString();
  }
};

TEST_F(Words, MayBeAbbreviatedAsIpsMay) {
  const std::string up = "operations { set_link { namespace: \"red\" name: \"eth0\" up: true } }";
  for (const char* line : {"link set h1/red:eth0 up", "l s h1/red:eth0 up", "li se dev h1/red:eth0 up"}) {
    EXPECT_EQ(Operation(line), up) << line;
  }
  const std::string add = "operations { add_address { namespace: \"red\" link: \"eth0\" address: \"10.0.0.1/24\" } }";
  for (const char* line : {"addr add 10.0.0.1/24 dev h1/red:eth0", "a a 10.0.0.1/24 dev h1/red:eth0",
                           "address add dev h1/red:eth0 local 10.0.0.1/24", "add a 10.0.0.1/24 dev h1/red:eth0"}) {
    EXPECT_EQ(Operation(line), add) << line;
  }
  for (const char* line : {"netns delete h1/red", "netns del h1/red", "net d h1/red"}) {
    EXPECT_EQ(Operation(line), "operations { delete_namespace { namespace: \"red\" } }") << line;
  }
  EXPECT_EQ(Operation("ro d h1/red default"),
            "operations { delete_route { namespace: \"red\" destination: \"default\" } }");
}

TEST_F(Words, ThatAreCommandsElsewhereAreJustWordsBehindACommand) {
  EXPECT_EQ(
      Operation("link set h1/red:link netns netns name route"),
      "operations { move_link { namespace: \"red\" name: \"link\" to_namespace: \"netns\" to_name: \"route\" } }");
  EXPECT_EQ(Operation("link move h1/show:add delete:set"),
            "operations { move_link { namespace: \"show\" name: \"add\" to_namespace: \"delete\" to_name: \"set\" } }");
}

TEST_F(Words, OptionsStandAnywhere) {
  const std::string created = "operations { create_namespace { namespace: \"red\" allow_existing: true } }";
  EXPECT_EQ(Operation("--timeout 5s netns add h1/red --allow-existing -o json"), created);
  EXPECT_EQ(Operation("netns --timeout=5s add --allow-existing h1/red -ojson"), created);
  EXPECT_EQ(
      Operation("link add veth --mtu 1400 h1/red:e --address 10.0.0.1/24 blue:e --address 10.0.0.2/24 --up"),
      "operations { create_veth { a { namespace: \"red\" name: \"e\" mtu: 1400 up: true addresses: \"10.0.0.1/24\" "
      "addresses: \"10.0.0.2/24\" } b { namespace: \"blue\" name: \"e\" mtu: 1400 up: true } } }");
}

TEST_F(Words, EveryCommandThatChangesSomethingHandsOnItsFlags) {
  EXPECT_EQ(Operation("netns add h1/red --loopback-down"),
            "operations { create_namespace { namespace: \"red\" loopback_down: true } }");
  EXPECT_EQ(Operation("netns delete h1/red --allow-missing --force"),
            "operations { delete_namespace { namespace: \"red\" allow_missing: true force: true } }");
  EXPECT_EQ(Operation("link delete h1/red:e --allow-missing --force"),
            "operations { delete_link { namespace: \"red\" name: \"e\" allow_missing: true force: true } }");
  EXPECT_EQ(Operation("link move h1/red:e blue --force"),
            "operations { move_link { namespace: \"red\" name: \"e\" to_namespace: \"blue\" force: true } }");
  EXPECT_EQ(Operation("addr del 10.0.0.1/24 dev h1/red:e --allow-missing --force"),
            "operations { delete_address { namespace: \"red\" link: \"e\" address: \"10.0.0.1/24\" allow_missing: true "
            "force: true } }");
  EXPECT_EQ(
      Operation("addr add 10.0.0.1/24 dev h1/red:e --allow-existing"),
      "operations { add_address { namespace: \"red\" link: \"e\" address: \"10.0.0.1/24\" allow_existing: true } }");
  EXPECT_EQ(Operation("route add h1/red default dev e --allow-existing"),
            "operations { add_route { namespace: \"red\" destination: \"default\" dev: \"e\" allow_existing: true } }");
  EXPECT_EQ(
      Operation("route del h1/red default --allow-missing --force"),
      "operations { delete_route { namespace: \"red\" destination: \"default\" allow_missing: true force: true } }");
  EXPECT_EQ(Operation("bridge add h1/@host:br0 --up --mac 02:00:00:00:00:01 --allow-existing"),
            "operations { create_bridge { namespace: \"@host\" name: \"br0\" mac: \"02:00:00:00:00:01\" up: true "
            "allow_existing: true } }");
  EXPECT_EQ(Operation("bridge delete h1/@host:br0 --allow-missing --force"),
            "operations { delete_bridge { namespace: \"@host\" name: \"br0\" allow_missing: true force: true } }");
  EXPECT_EQ(
      Operation("bridge attach h1/@host:e br0 --move-addresses --force --allow-existing"),
      "operations { attach_link { namespace: \"@host\" link: \"e\" bridge: \"br0\" move_addresses: true force: true "
      "allow_existing: true } }");
  EXPECT_EQ(
      Operation("bridge detach h1/@host:e --move-addresses --force --allow-missing"),
      "operations { detach_link { namespace: \"@host\" link: \"e\" move_addresses: true allow_missing: true force: "
      "true } }");
}

TEST_F(Words, AnOutputThatCannotBeWrittenIsAFailure) {
  api_.list_hosts.Returns(From<v1::ListHostsResponse>("hosts { name: 'hosts/h1' }"));
  const std::string address = server();
  const char* argv[] = {"warren", "--server", address.c_str(), "hosts", "list"};
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  EXPECT_EQ(RunWarren(5, argv, {in, out, err}), 1);
  EXPECT_THAT(err.str(), HasSubstr("the output cannot be written"));
}

}  // namespace
}  // namespace warren::cli
