// What was acknowledged is there after kill -9, and nothing is there in part: a child commits in a loop and says what
// was acknowledged; it is killed in the middle of that; the store is opened again and compared.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/unique_fd.h"
#include "server/store/sqlite_kv.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::store {
namespace {

constexpr int kUnderWay = 64;
constexpr char kCommitInto[] = "--commit-into=";

std::string Value(int64_t number) { return absl::StrCat(number, std::string(number * 37 % 3000, 'v')); }

// The child: two keys a transaction, many transactions under way, and one line on stdout for each that is acknowledged.
// Never returns by itself.
int CommitForEver(const std::string& path) {
  std::counting_semaphore<> under_way(kUnderWay);
  SqliteKv::Options options;
  options.path = path;
  auto kv = SqliteKv::Open(options);
  if (!kv.ok()) return 1;
  auto next = (*kv)->Get("next");
  for (int64_t number = next.ok() ? std::stoll(next->value) : 0;; ++number) {
    Transaction transaction{
        {Compare::Missing(absl::StrCat("a/", number))},
        {Mutation::Put(absl::StrCat("a/", number), Value(number)),
         Mutation::Put(absl::StrCat("b/", number), Value(number)), Mutation::Put("next", absl::StrCat(number + 1))}};
    under_way.acquire();
    const absl::Status queued = (*kv)->Commit(std::move(transaction), [&, number](absl::StatusOr<CommitResult> result) {
      if (!result.ok()) _exit(2);
      const std::string line = absl::StrCat(number, "\n");
      if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
      under_way.release();
    });
    if (!queued.ok()) return 4;
  }
}

struct Child {
  pid_t pid = -1;
  UniqueFd acknowledged;
};

Child Start(const std::string& path) {
  std::array<int, 2> pipe_fds;
  EXPECT_EQ(pipe2(pipe_fds.data(), O_CLOEXEC), 0);
  UniqueFd read_end(pipe_fds[0]), write_end(pipe_fds[1]);
  const std::string argument = kCommitInto + path;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(write_end.get(), STDOUT_FILENO);
    execl("/proc/self/exe", "sqlite_kv_crash_test", argument.c_str(), nullptr);
    _exit(127);
  }
  return {pid, std::move(read_end)};
}

// The last number that was acknowledged, once at least `least` have been and the child is dead: what it had written to
// the pipe by then counts too.
int64_t KillAfter(const Child& child, int64_t least) {
  std::string text;
  std::array<char, 4096> buffer;
  int64_t lines = 0;
  bool killed = false;
  for (;;) {
    const ssize_t got = read(child.acknowledged.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) lines += buffer[i] == '\n' ? 1 : 0;
    text.append(buffer.data(), got);
    if (!killed && lines >= least) {
      EXPECT_EQ(kill(child.pid, SIGKILL), 0);
      killed = true;
    }
  }
  int status = 0;
  EXPECT_EQ(waitpid(child.pid, &status, 0), child.pid);
  EXPECT_TRUE(killed && WIFSIGNALED(status)) << "the child ended by itself, status " << status;
  const size_t end = text.rfind('\n');
  if (end == std::string::npos) return -1;
  const size_t begin = text.rfind('\n', end - 1);
  return std::stoll(text.substr(begin == std::string::npos ? 0 : begin + 1));
}

TEST(SqliteKvCrashTest, WhatWasAcknowledgedSurvivesKillNineAndNothingIsThereInPart) {
  constexpr int kRounds = 10;
  ScratchDir dir;
  const std::string path = dir.File("kv.db");
  int64_t acknowledged = -1;
  int64_t revision = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    // Another instant each time: in the first commits after opening, in the middle of a checkpoint, …
    const int64_t last = KillAfter(Start(path), 1 + round * 61);
    ASSERT_GT(last, acknowledged);
    acknowledged = last;

    SqliteKv::Options options;
    options.path = path;
    auto kv = SqliteKv::Open(options);
    ASSERT_TRUE(kv.ok()) << kv.status();
    ASSERT_TRUE((*kv)->Health().ok());
    const int64_t next = std::stoll((*kv)->Get("next")->value);
    EXPECT_GT(next, acknowledged);
    for (int64_t number = 0; number < next; ++number) {
      for (const char* half : {"a/", "b/"}) {
        const auto found = (*kv)->Get(absl::StrCat(half, number));
        ASSERT_TRUE(found.ok()) << found.status() << " of " << acknowledged << " acknowledged";
        ASSERT_EQ(found->value, Value(number));
        ASSERT_EQ(found->mod_revision, number + 1) << "one revision a transaction, in order";
      }
    }
    EXPECT_EQ((*kv)->Get(absl::StrCat("a/", next)).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ((*kv)->Get(absl::StrCat("b/", next)).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ((*kv)->Revision(), next);
    EXPECT_GT((*kv)->Revision(), revision) << "the counter went back";
    revision = (*kv)->Revision();
  }
}

}  // namespace
}  // namespace warren::store

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]).starts_with(warren::store::kCommitInto)) {
    return warren::store::CommitForEver(argv[1] + sizeof(warren::store::kCommitInto) - 1);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
