#include "proto/common/shutdown.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace warren {
namespace {

// Runs in a child, so that the signal mask of this process stays as it is; returns the exit code, or 128 + the signal.
int InChild(const std::function<int()>& work) {
  const pid_t pid = fork();
  if (pid == 0) _exit(work());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Shutdown, ATermOrAnInterruptIsWaitedForAndToldApart) {
  for (const int number : {SIGTERM, SIGINT}) {
    EXPECT_EQ(InChild([&] {
                auto signal = ShutdownSignal::Create();
                if (!signal.ok()) return 1;
                kill(getpid(), number);
                return signal->Wait() == number ? 0 : 2;
              }),
              0);
  }
}

TEST(Shutdown, WritingToAPeerThatHungUpIsAnErrorNotTheEnd) {
  EXPECT_EQ(InChild([] {
              if (!ShutdownSignal::Create().ok()) return 1;
              int ends[2];
              if (pipe(ends) != 0) return 2;
              close(ends[0]);
              return write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace warren
