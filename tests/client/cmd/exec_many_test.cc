// `warren exec` over many namespaces.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "proto/common/status_payload.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class ExecMany : public CommandTest {
 protected:
  ExecMany() {
    api_.list_namespaces.Returns(
        From<v1::ListNamespacesResponse>("namespaces { name: 'hosts/h1/namespaces/@host' identity { cookie: 1 } }"
                                         "namespaces { name: 'hosts/h1/namespaces/red' identity { cookie: 11 } }"
                                         "namespaces { name: 'hosts/h1/namespaces/blue' identity { cookie: 12 } }"
                                         "namespaces { name: 'hosts/h2/namespaces/red' identity { cookie: 21 } }"));
    api_.exec.Plays([](FakeSession& session) {
      session.Started();
      session.Out("one\ntw");
      session.Out("o\nend");
      session.Err("oops\n");
      session.Exit(0);
      return absl::OkStatus();
    });
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const v1::SessionStart& start : api_.exec.Asked()) names.push_back(start.name());
    return names;
  }
};

TEST_F(ExecMany, RunsInEachThatMatchesAndPrefixesEachLine) {
  const Ran ran = Run("exec */* -- true");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(Names(),
              UnorderedElementsAre("hosts/h1/namespaces/red", "hosts/h1/namespaces/blue", "hosts/h2/namespaces/red"));
  const std::vector<std::string> lines = absl::StrSplit(ran.out, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, UnorderedElementsAre("h1/red: one", "h1/red: two", "h1/red: end", "h1/blue: one", "h1/blue: two",
                                          "h1/blue: end", "h2/red: one", "h2/red: two", "h2/red: end"));
  EXPECT_THAT(ran.err,
              AllOf(HasSubstr("h2/red: oops\n"), HasSubstr("warren exec: 3 namespaces on 2 hosts: 3 succeeded\n")));
}

TEST_F(ExecMany, AsksTheServerForNoMoreThanItNeeds) {
  EXPECT_EQ(Run("exec h2/r* --filter foreign=false -- true").code, 0);
  EXPECT_EQ(api_.list_namespaces.Asked().at(0).parent(), "hosts/h2");
  EXPECT_EQ(api_.list_namespaces.Asked().at(0).filter(), "foreign=false");
  ASSERT_THAT(Names(), UnorderedElementsAre("hosts/h2/namespaces/red"));
  EXPECT_EQ(api_.exec.Asked().at(0).namespace_cookie(), 21u) << "it must be the one that was listed";
  EXPECT_EQ(Run("exec */@host -- true").code, 0);
  EXPECT_EQ(api_.list_namespaces.Asked().at(1).parent(), "hosts/-");
  EXPECT_EQ(Names().back(), "hosts/h1/namespaces/@host");
}

TEST_F(ExecMany, SaysWhichFailedAndWhichWereNotRun) {
  api_.exec.Plays([](FakeSession& session) {
    if (session.start.name() == "hosts/h2/namespaces/red") return absl::UnavailableError("host h2 is away");
    session.Started();
    if (session.start.name() == "hosts/h1/namespaces/red") session.Killed(15, "SIGTERM");
    if (session.start.name() == "hosts/h1/namespaces/blue") session.Exit(3);
    return absl::OkStatus();
  });
  const Ran ran = Run("exec */* -- true");
  EXPECT_EQ(ran.code, 125);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("3 namespaces on 2 hosts: 0 succeeded, 2 failed, 1 not run to the end\n"),
                             HasSubstr("  h1/red: killed by SIGTERM\n"), HasSubstr("  h1/blue: exit code 3\n"),
                             HasSubstr("  h2/red: UNAVAILABLE: host h2 is away\n")));
  EXPECT_EQ(Run("exec h1/* -- false").code, 1);
}

TEST_F(ExecMany, WaitsForAPlaceOnAHostThatHasNoneNow) {
  std::atomic<int> asked = 0;
  api_.exec.Plays([&](FakeSession& session) -> absl::Status {
    if (++asked <= 2) return ExhaustedError("host h2 has 1 commands running", absl::Milliseconds(10));
    session.Started();
    session.Exit(0);
    return absl::OkStatus();
  });
  EXPECT_EQ(Run("exec h2/* -- true").code, 0);
  EXPECT_EQ(asked, 3);
}

TEST_F(ExecMany, SaysWhenNoneMatches) {
  const Ran ran = Run("exec h1/qrouter-* -- true");
  EXPECT_EQ(ran.code, 125);
  EXPECT_THAT(ran.err, HasSubstr("no namespace matches"));
}

TEST_F(ExecMany, RunsNoMoreAtOnceThanAskedFor) {
  v1::ListNamespacesResponse many;
  for (int i = 0; i < 12; ++i) many.add_namespaces()->set_name(absl::StrCat("hosts/h1/namespaces/n", i));
  api_.list_namespaces.Returns(many);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  absl::Notification three;
  std::once_flag once;
  api_.exec.Plays([&](FakeSession& session) {
    const int now = ++running;
    most = std::max<int>(most, now);
    if (now == 3) std::call_once(once, [&] { three.Notify(); });
    // All three places are taken at once before the first of them is left.
    three.WaitForNotification();
    session.Started();
    --running;
    session.Exit(0);
    return absl::OkStatus();
  });
  const Ran ran = Run("exec h1/* --parallel 3 -- true");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_LE(most, 3);
  EXPECT_EQ(Names().size(), 12u);
}

}  // namespace
}  // namespace warren::cli
