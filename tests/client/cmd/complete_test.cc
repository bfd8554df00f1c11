// `warren __complete -- WORDS...`: what may follow.

#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>

#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

class Completion : public CommandTest {
 protected:
  Completion() {
    api_.list_hosts.Returns(From<v1::ListHostsResponse>("hosts { name: 'hosts/h1' } hosts { name: 'hosts/edge' }"));
    api_.list_namespaces.Returns(From<v1::ListNamespacesResponse>(
        "namespaces { name: 'hosts/h1/namespaces/@host' } namespaces { name: 'hosts/h1/namespaces/red' }"));
    api_.get_namespace.Returns(
        From<v1::Namespace>("name: 'hosts/h1/namespaces/red' links { name: 'lo' } links { name: 'eth0' }"));
    api_.list_intents.Returns(From<v1::ListIntentsResponse>("intents { name: 'hosts/h1/intents/0b5f' }"));
  }
  // The last word may be empty.
  std::vector<std::string> After(std::vector<std::string> words) {
    words.insert(words.begin(), {"__complete", "--", "--server", server()});
    const Ran ran = RunCommand(words);
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.err, IsEmpty());
    std::vector<std::string> lines;
    std::istringstream out(ran.out);
    for (std::string line; std::getline(out, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(Completion, OfCommands) {
  EXPECT_THAT(After({""}), ElementsAre("addr", "bridge", "completion", "exec", "hosts", "intents", "link", "netns",
                                       "route", "shell"));
  EXPECT_THAT(After({"n"}), ElementsAre("netns"));
  EXPECT_THAT(After({"netns", ""}), ElementsAre("add", "delete", "holders", "list", "show", "watch"));
  EXPECT_THAT(After({"li", "s"}), ElementsAre("set", "show"));
  EXPECT_THAT(After({"--timeout", "5s", "netns", "l"}), ElementsAre("list"));
  EXPECT_THAT(After({"frobnicate", ""}), IsEmpty());
}

TEST_F(Completion, OfOptionsOfTheVerbAndOfAll) {
  EXPECT_THAT(After({"netns", "add", "h1/red", "--"}),
              IsSupersetOf({"--allow-existing", "--loopback-down", "--timeout", "--dry-run", "--help"}));
  EXPECT_THAT(After({"netns", "add", "h1/red", "--"}), Not(Contains("--force")));
  EXPECT_THAT(After({"netns", "delete", "--f"}), ElementsAre("--force"));
  EXPECT_THAT(After({"--d"}), ElementsAre("--dry-run"));
}

TEST_F(Completion, OfValuesOfOptions) {
  EXPECT_THAT(After({"netns", "list", "-o", ""}), ElementsAre("json", "name", "table", "wide", "yaml"));
  EXPECT_THAT(After({"netns", "list", "--output=y"}), ElementsAre("--output=yaml"));
  EXPECT_THAT(After({"intents", "list", "--state", "R"}), ElementsAre("RUNNING"));
  EXPECT_THAT(After({"hosts", "list", "--color", "a"}), ElementsAre("always", "auto"));
  EXPECT_THAT(After({"intent", "submit", "h1", "-f", ""}), IsEmpty());
}

TEST_F(Completion, OfHosts) {
  EXPECT_THAT(After({"hosts", "show", ""}), ElementsAre("edge", "h1"));
  EXPECT_THAT(After({"hosts", "show", "h"}), ElementsAre("h1"));
  EXPECT_EQ(api_.list_hosts.Asked().back().filter(), "name = \"h*\"");
  EXPECT_THAT(After({"hosts", "show", "h1", ""}), IsEmpty());
  EXPECT_THAT(After({"intents", "list", ""}), ElementsAre("edge", "h1"));
  EXPECT_THAT(After({"intent", "submit", "h1,e"}), ElementsAre("h1,edge"));
}

TEST_F(Completion, OfACommandToRunIsNotWarrens) {
  EXPECT_THAT(After({"exec", "h1/r"}), ElementsAre("h1/red"));
  EXPECT_THAT(After({"exec", "-it", "-u", "nobody", "h1/r"}), ElementsAre("h1/red"));
  EXPECT_THAT(After({"exec", "h1/red", "--t"}), ElementsAre("--terminal", "--timeout", "--tty"));
  EXPECT_THAT(After({"exec", "h1/red", "ip", "--t"}), IsEmpty());
  EXPECT_THAT(After({"exec", "h1/red", "--", "--t"}), IsEmpty());
  EXPECT_THAT(After({"shell", "h1/"}), ElementsAre("h1/@host", "h1/red"));
}

TEST_F(Completion, OfNamespacesAndInterfaces) {
  EXPECT_THAT(After({"netns", "show", ""}), ElementsAre("edge/", "h1/"));
  EXPECT_THAT(After({"netns", "show", "h1/"}), ElementsAre("h1/@host", "h1/red"));
  EXPECT_EQ(api_.list_namespaces.Asked().back().parent(), "hosts/h1");
  EXPECT_THAT(After({"netns", "show", "h1/r"}), ElementsAre("h1/red"));
  EXPECT_THAT(After({"link", "set", "h1/r"}), ElementsAre("h1/red", "h1/red:"));
  EXPECT_THAT(After({"link", "set", "h1/red:"}), ElementsAre("h1/red:eth0", "h1/red:lo"));
  EXPECT_EQ(api_.get_namespace.Asked().back().name(), "hosts/h1/namespaces/red");
  EXPECT_THAT(After({"bridge", "attach", "h1/red:e"}), ElementsAre("h1/red:eth0"));
  EXPECT_THAT(After({"bridge", "attach", "h1/red:eth0", ""}), ElementsAre("eth0", "lo"));
  EXPECT_THAT(After({"link", "move", "h1/red:eth0", "@"}), ElementsAre("@host"));
}

TEST_F(Completion, OfIpsWords) {
  EXPECT_THAT(After({"link", "set", "h1/red:eth0", "m"}), ElementsAre("master", "mtu"));
  EXPECT_THAT(After({"link", "set", "h1/red:eth0", "netns", ""}), ElementsAre("@host", "red"));
  EXPECT_THAT(After({"link", "set", "h1/red:eth0", "mtu", ""}), IsEmpty());
  EXPECT_THAT(After({"link", "set", "h1/red:eth0", "master", ""}), ElementsAre("eth0", "lo"));
  EXPECT_THAT(After({"addr", "add", "10.0.0.1/24", "dev", "h1/red:"}), ElementsAre("h1/red:eth0", "h1/red:lo"));
  EXPECT_THAT(After({"addr", "add", "10.0.0.1/24", "d"}), ElementsAre("dev"));
  EXPECT_THAT(After({"route", "add", "h1/red", "default", "via", ""}), IsEmpty());
  EXPECT_THAT(After({"route", "add", "h1/red", "default", "dev", "e"}), ElementsAre("eth0"));
  EXPECT_THAT(After({"link", "add", "v"}), ElementsAre("veth"));
}

TEST_F(Completion, OfIntents) {
  EXPECT_THAT(After({"intents", "wait", "h"}), ElementsAre("h1/"));
  EXPECT_THAT(After({"intents", "wait", "h1/"}), ElementsAre("h1/0b5f"));
  EXPECT_EQ(api_.list_intents.Asked().back().order_by(), "create_time desc");
}

TEST_F(Completion, IsSilentWhereTheServerIsNot) {
  api_.list_hosts.Fails(absl::InternalError("no"));
  EXPECT_THAT(After({"hosts", "show", ""}), IsEmpty());
  const Ran nobody = RunCommand({"__complete", "--", "--server", "unix:/nonexistent/server.sock", "hosts", "show", ""});
  EXPECT_EQ(nobody.code, 0);
  EXPECT_EQ(nobody.out + nobody.err, "");
  const Ran nonsense = RunCommand({"__complete", "--", "--server", "nonsense", "netns", ""});
  EXPECT_EQ(nonsense.code, 0);
  EXPECT_EQ(nonsense.out, "add\ndelete\nholders\nlist\nshow\nwatch\n");
  EXPECT_EQ(nonsense.err, "");
}

TEST_F(Completion, AsksTheServerOfTheEnvironment) {
  setenv("WARREN_SERVER", server().c_str(), 1);
  EXPECT_EQ(RunCommand({"__complete", "--", "hosts", "show", ""}).out, "edge\nh1\n");
  unsetenv("WARREN_SERVER");
}

TEST(CompletionScripts, ArePrinted) {
  EXPECT_THAT(RunCommand("completion bash").out, testing::HasSubstr("complete -o default -F _warren warren"));
  EXPECT_THAT(RunCommand("completion zsh").out, testing::StartsWith("#compdef warren\n"));
}

}  // namespace
}  // namespace warren::cli
