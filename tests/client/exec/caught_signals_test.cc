#include "client/exec/caught_signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace warren::cli {
namespace {

bool Readable(int fd) {
  pollfd polled = {fd, POLLIN, 0};
  return poll(&polled, 1, 0) == 1;
}

TEST(CaughtSignals, AreReadInsteadOfEndingTheProcess) {
  const CaughtSignals signals;
  EXPECT_EQ(signals.Take(), 0);
  EXPECT_FALSE(Readable(signals.fd()));
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
    ASSERT_EQ(raise(number), 0);
    EXPECT_TRUE(Readable(signals.fd()));
    EXPECT_EQ(signals.Take(), number);
  }
}

TEST(CaughtSignals, WhatNobodyTookIsForgottenAndTheRestIsAsBefore) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const CaughtSignals signals;
    ASSERT_EQ(raise(SIGTERM), 0);
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

TEST(CaughtSignals, APipeThatNobodyReadsIsAnError) {
  const CaughtSignals signals;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

TEST(CaughtSignals, WhatWasIgnoredStaysIgnored) {
  const auto before = signal(SIGHUP, SIG_IGN);
  {
    const CaughtSignals signals;
    ASSERT_EQ(raise(SIGHUP), 0);
    EXPECT_EQ(signals.Take(), 0);
  }
  signal(SIGHUP, before);
}

}  // namespace
}  // namespace warren::cli
