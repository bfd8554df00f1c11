// `warren exec` and `warren shell` in one namespace, against a server that plays the session.

#include <gmock/gmock.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Exec : public CommandTest {
 protected:
  Exec() { PlayExit(0); }

  void PlayExit(int code) {
    api_.exec.Plays([code](FakeSession& session) {
      session.Started();
      session.Exit(code);
      return absl::OkStatus();
    });
  }
  v1::SessionStart Asked() { return api_.exec.Asked().at(0); }
};

TEST_F(Exec, PassesOnWhatTheCommandWritesAndItsExitCode) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    session.Out(std::string("out\0put", 7));
    session.Err("error");
    session.Exit(7);
    return absl::OkStatus();
  });
  const Ran ran = Run("exec h1/red -- true");
  EXPECT_EQ(ran.code, 7);
  EXPECT_EQ(ran.out, std::string("out\0put", 7));
  EXPECT_EQ(ran.err, "error");
  EXPECT_EQ(Asked().ShortDebugString(), "name: \"hosts/h1/namespaces/red\" command { argv: \"true\" }");
}

TEST_F(Exec, TheCommandsOptionsAreItsOwn) {
  for (const char* line :
       {"exec h1/red -- ip -j --timeout 5s -- x", "exec h1/red ip -j --timeout 5s -- x",
        "e h1/red --cwd=/tmp ip -j --timeout 5s -- x", "exec --cwd /tmp h1/red -- ip -j --timeout 5s -- x"}) {
    EXPECT_EQ(Run(line).code, 0) << line;
    EXPECT_THAT(api_.exec.Asked().back().command().argv(), ElementsAre("ip", "-j", "--timeout", "5s", "--", "x"))
        << line;
    EXPECT_FALSE(api_.exec.Asked().back().command().has_timeout());
  }
}

TEST_F(Exec, AsksForWhatTheFlagsSay) {
  EXPECT_EQ(Run("--timeout 30s exec h1/@host -iu nobody -e A=1 --env B=2 --cwd /tmp --timeout 1500ms -- id -u").code,
            0);
  const v1::SessionStart asked = Asked();
  EXPECT_EQ(asked.name(), "hosts/h1/namespaces/@host");
  EXPECT_TRUE(asked.stdin());
  EXPECT_FALSE(asked.has_terminal());
  EXPECT_EQ(asked.command().user(), "nobody");
  EXPECT_EQ(asked.command().cwd(), "/tmp");
  EXPECT_EQ(asked.command().env().at("A") + asked.command().env().at("B"), "12");
  EXPECT_EQ(asked.command().timeout().seconds(), 1);
  EXPECT_EQ(asked.command().timeout().nanos(), 500'000'000);
}

TEST_F(Exec, APlaceMayBeGivenByItsResourceName) {
  EXPECT_EQ(Run("exec hosts/h1/namespaces/red -- true").code, 0);
  EXPECT_EQ(Asked().name(), "hosts/h1/namespaces/red");
}

TEST_F(Exec, WhoQuotesAShellsLineIsToldThatNoneReadsIt) {
  api_.exec.Plays(
      [](FakeSession&) { return WithReason(absl::NotFoundError("there is no such command"), "COMMAND_NOT_FOUND"); });
  const Ran ran = RunCommand(std::vector<std::string>{"--server", server(), "exec", "h1/red", "--", "ip link | wc -l"});
  EXPECT_EQ(ran.code, 127);
  EXPECT_THAT(ran.err, HasSubstr("no shell reads a command"));
  EXPECT_THAT(Run("exec h1/red -- iip").err, testing::Not(HasSubstr("no shell")));
}

TEST_F(Exec, WhatLosesTheServerIsSaidAsThat) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    return absl::UnavailableError("Socket closed");
  });
  const Ran ran = Run("exec h1/red -- true");
  EXPECT_EQ(ran.code, 125);
  EXPECT_EQ(ran.err, absl::StrCat("warren exec: the connection to server ", server(),
                                  " was lost (Socket closed); the command is hung up\n"));
}

TEST_F(Exec, SendsStandardInputAndItsEndOnlyWhenAsked) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    if (session.start.stdin()) session.Out("got " + session.ReadAll());
    session.Exit(0);
    return absl::OkStatus();
  });
  EXPECT_EQ(Run("exec h1/red -i -- cat", "some text").out, "got some text");
  EXPECT_EQ(Run("exec h1/red -- cat", "some text").out, "");
}

TEST_F(Exec, ACommandThatWasKilledHasTheShellsExitCode) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    session.Killed(9, "SIGKILL");
    return absl::OkStatus();
  });
  const Ran ran = Run("exec h1/red -- sleep 100");
  EXPECT_EQ(ran.code, 137);
  EXPECT_THAT(ran.err, HasSubstr("warren exec: h1/red: the command was killed by SIGKILL"));
}

struct Refusal {
  absl::StatusCode code;
  const char* reason;
  int exit;
};
class Refused : public Exec, public testing::WithParamInterface<Refusal> {};
TEST_P(Refused, SaysWhyAndHasAnExitCodeOfItsOwn) {
  api_.exec.Plays(
      [](FakeSession&) { return WithReason(absl::Status(GetParam().code, "for this reason"), GetParam().reason); });
  const Ran ran = Run("exec h1/red -- x");
  EXPECT_EQ(ran.code, GetParam().exit);
  EXPECT_THAT(ran.err,
              HasSubstr(absl::StrCat("warren exec: ", absl::StatusCodeToString(GetParam().code), ": for this reason")));
  EXPECT_THAT(ran.out, IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(All, Refused,
                         testing::Values(Refusal{absl::StatusCode::kNotFound, "COMMAND_NOT_FOUND", 127},
                                         Refusal{absl::StatusCode::kFailedPrecondition, "COMMAND_NOT_EXECUTABLE", 126},
                                         Refusal{absl::StatusCode::kNotFound, "NAMESPACE_NOT_FOUND", 125},
                                         Refusal{absl::StatusCode::kUnavailable, "HOST_AWAY", 125},
                                         Refusal{absl::StatusCode::kPermissionDenied, "EXEC_NOT_OFFERED", 125},
                                         Refusal{absl::StatusCode::kDeadlineExceeded, "", 124}));

TEST_F(Exec, WhatEndsACommandOnItsWayIsNoExitCodeOfIts) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    session.Out("half");
    return WithReason(absl::AbortedError("namespace h1/red was deleted"), "NAMESPACE_DELETED");
  });
  const Ran ran = Run("exec h1/red -- x");
  EXPECT_EQ(ran.code, 125);
  EXPECT_EQ(ran.out, "half");
  EXPECT_EQ(ran.err, "warren exec: ABORTED: namespace h1/red was deleted\n");
}

TEST(ExecAlone, NoServerIsNotTheCommandsFailure) {
  const Ran ran = RunCommand("--server unix:/nonexistent/socket --timeout 1s exec h1/red -- true");
  EXPECT_EQ(ran.code, 125);
  EXPECT_THAT(ran.err, HasSubstr("no answer from server unix:/nonexistent/socket within 1s"));
}

struct Misuse {
  const char* line;
  const char* says;
};
class MisusedExec : public testing::TestWithParam<Misuse> {};
TEST_P(MisusedExec, EndsWith125AndSaysWhatIsWrong) {
  const Ran ran = RunCommand(GetParam().line);
  EXPECT_EQ(ran.code, 125);
  EXPECT_THAT(ran.err, HasSubstr(GetParam().says));
  EXPECT_THAT(ran.err, HasSubstr(" --help`"));
}
INSTANTIATE_TEST_SUITE_P(
    Lines, MisusedExec,
    testing::Values(Misuse{"exec", "HOST/NS is required"}, Misuse{"exec h1/red", "CMD is required"},
                    Misuse{"exec h1/red --", "CMD is required"}, Misuse{"exec h1 -- true", "names no namespace"},
                    Misuse{"exec h1/red:eth0 -- true", "expected HOST/NS"},
                    Misuse{"exec h1/red --bogus -- true", "unexpected \"--bogus\""},
                    Misuse{"exec h1/red --timeout soon -- true", "\"soon\" is not a positive duration"},
                    Misuse{"exec h1/red --env =1 -- true", "has no name"},
                    Misuse{"exec h1/red --cwd tmp -- true", "--cwd \"tmp\" is not an absolute path"},
                    Misuse{"--dry-run exec h1/red -- true", "--dry-run is for changes"},
                    Misuse{"shell --no-wait h1/red", "--no-wait is for changes"},
                    Misuse{"exec h1/red -t -- true", "-t: standard input is no terminal"},
                    Misuse{"exec h1/* -i -- cat", "-i and -t are for one namespace"},
                    Misuse{"exec h1/* --parallel 0 -- true", "not in range 1 to 256"},
                    Misuse{"exec h1/red --filter x -- true", "--filter is for a pattern"},
                    Misuse{"shell h1/*", "has a \"*\""}, Misuse{"shell", "HOST/NS is required"},
                    Misuse{"shell h1", "names no namespace"}));

TEST(ExecAlone, AUserThatIsEmptyIsNotRoot) {
  const Ran ran = RunCommand(std::vector<std::string>{"exec", "h1/red", "--user", "", "--", "true"});
  EXPECT_EQ(ran.code, 125);
  EXPECT_THAT(ran.err, HasSubstr("--user: is empty"));
}

// A terminal of the test's: what is typed there, and the descriptor that `warren` has for standard input.
class OnTerminal : public Exec {
 protected:
  OnTerminal() {
    const winsize size = {30, 100, 0, 0};
    EXPECT_EQ(openpty(&keys_, &terminal_, nullptr, nullptr, &size), 0);
    setenv("TERM", "xterm-test", 1);
    tcgetattr(terminal_, &before_);
  }
  ~OnTerminal() override {
    close(keys_);
    close(terminal_);
  }

  void Type(const std::string& text) {
    EXPECT_EQ(write(keys_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  Ran RunOnTerminal(std::vector<std::string> words) {
    words.insert(words.begin(), {"--server", server()});
    Terminal out;
    out.interactive = true;
    Ran ran = RunCommandOn(words, "", terminal_, out);
    termios after = {};
    EXPECT_EQ(tcgetattr(terminal_, &after), 0);
    EXPECT_EQ(after.c_lflag, before_.c_lflag);
    EXPECT_EQ(after.c_oflag, before_.c_oflag);
    return ran;
  }
  // What the command is sent, until it has read so much of standard input.
  static std::string ReadKeys(FakeSession& session, const std::string& until) {
    std::string keys;
    v1::SessionRequest request;
    while (!absl::StrContains(keys, until) && session.Read(&request)) keys += request.stdin();
    return keys;
  }

  int keys_ = -1;
  int terminal_ = -1;
  termios before_ = {};
};

TEST_F(OnTerminal, AShellHasItsSizeAndItsKindAndEveryKey) {
  std::string keys;
  bool raw = false;
  api_.exec.Plays([&](FakeSession& session) {
    session.Started();
    v1::SessionRequest request;
    EXPECT_TRUE(session.Read(&request) && request.has_resize()) << request.ShortDebugString();
    termios now = {};
    tcgetattr(terminal_, &now);
    raw = (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
    Type("\x03\x04~x\r");
    keys = ReadKeys(session, "\r");
    session.Out("seen\r\n");
    session.Exit(0);
    return absl::OkStatus();
  });
  const Ran ran = RunOnTerminal({"shell", "h1/red"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "seen\r\n");
  EXPECT_TRUE(raw);
  EXPECT_EQ(keys, "\x03\x04~x\r");
  EXPECT_EQ(Asked().terminal().rows(), 30u);
  EXPECT_EQ(Asked().terminal().columns(), 100u);
  EXPECT_EQ(Asked().command().env().at("TERM"), "xterm-test");
  EXPECT_TRUE(Asked().stdin());
  EXPECT_EQ(Asked().command().argv_size(), 0);
}

TEST_F(OnTerminal, TildeAndDotEndTheSessionAndTheTerminalIsAsBefore) {
  std::string keys;
  api_.exec.Plays([&](FakeSession& session) {
    session.Started();
    v1::SessionRequest request;
    EXPECT_TRUE(session.Read(&request) && request.has_resize()) << "it is raw from then on";
    Type("\r");
    keys = ReadKeys(session, "\r");
    Type("~?~.");
    while (session.Read(&request)) keys += request.stdin();
    EXPECT_TRUE(session.Gone());
    return absl::OkStatus();
  });
  const Ran ran = RunOnTerminal({"exec", "h1/red", "-t", "--", "bash"});
  EXPECT_EQ(ran.code, 125);
  EXPECT_EQ(keys, "\r");
  EXPECT_THAT(ran.err, HasSubstr("~.   end the session"));
  EXPECT_THAT(ran.err, HasSubstr("session ended; the command is hung up"));
}

TEST_F(OnTerminal, ATerminalIsAskedForOnlyWithTAndTheCommandsTermIsKept) {
  EXPECT_EQ(RunOnTerminal({"exec", "h1/red", "--", "true"}).code, 0);
  EXPECT_FALSE(Asked().has_terminal());
  EXPECT_EQ(RunOnTerminal({"exec", "h1/red", "-t", "-e", "TERM=dumb", "--", "true"}).code, 0);
  EXPECT_EQ(api_.exec.Asked().back().command().env().at("TERM"), "dumb");
  EXPECT_TRUE(api_.exec.Asked().back().stdin());
}

TEST_F(OnTerminal, IsLeftAsItWasWhenTheServerGoesAway) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    session.Out("prompt$ ");
    return WithReason(absl::UnavailableError("host h1 went away"), "HOST_WENT_AWAY");
  });
  const Ran ran = RunOnTerminal({"shell", "h1/red"});
  EXPECT_EQ(ran.code, 125);
  EXPECT_EQ(ran.err, "\nwarren shell: UNAVAILABLE: host h1 went away\n");
}

TEST_F(Exec, AShellWithoutATerminalReadsItsCommands) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    session.Out(session.ReadAll());
    session.Exit(0);
    return absl::OkStatus();
  });
  EXPECT_EQ(Run("shell h1/red", "ip route\n").out, "ip route\n");
  EXPECT_FALSE(Asked().has_terminal());
  EXPECT_EQ(Run("shell h1/red zsh -f", "x").code, 0);
  EXPECT_THAT(api_.exec.Asked().back().command().argv(), ElementsAre("zsh", "-f"));
}

}  // namespace
}  // namespace warren::cli
