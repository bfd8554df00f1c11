// Commands in namespaces as a client has them, through a server and an agent.
//
//   exec_session SERVER start NAME COUNT       COUNT sessions one after the other, each a command that says one word:
//                                              time from the call to the first byte, and to the end
//   exec_session SERVER stdout NAME MBYTES     a command that writes so much, and a client that counts it
//   exec_session SERVER stdin NAME MBYTES      a client that writes so much to a command that counts it
//   exec_session SERVER hold NAME COUNT CMD... COUNT sessions at once of CMD; says "ready" when each has written
//                                              something, and ends them when standard input ends
//
// NAME is hosts/HOST/namespaces/NETNS. tests/bench/exec.py sets a fleet up and runs it.

#include <stdio.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/lib/client.h"

namespace {

using warren::client::Client;
using warren::client::ExecSession;

[[noreturn]] void Die(const absl::Status& status) {
  fprintf(stderr, "%s\n", status.ToString().c_str());
  exit(1);
}

std::unique_ptr<ExecSession> Begin(Client& client, const std::string& name, const std::vector<std::string>& argv,
                                   bool stdin_too = false) {
  warren::v1::SessionStart start;
  start.set_name(name);
  start.set_stdin(stdin_too);
  for (const std::string& word : argv) start.mutable_command()->add_argv(word);
  return client.Exec(start, absl::Now() + absl::Seconds(30));
}

warren::v1::SessionResponse Next(ExecSession& session) {
  auto said = session.Next();
  if (!said.ok()) Die(said.status());
  return *std::move(said);
}

void Print(const char* what, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    return values[std::min(values.size() - 1, static_cast<size_t>(q * static_cast<double>(values.size())))];
  };
  printf("%s p50 %.2f ms, p99 %.2f ms, longest %.2f ms\n", what, at(0.5), at(0.99), at(1));
}

void Start(Client& client, const std::string& name, int count) {
  std::vector<double> first, whole;
  for (int i = 0; i < count; ++i) {
    const absl::Time begin = absl::Now();
    const auto session = Begin(client, name, {"/bin/echo", "hello"});
    while (!Next(*session).has_stdout()) {
    }
    first.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
    while (!Next(*session).has_exit()) {
    }
    whole.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
  }
  printf("start %d\n", count);
  Print("first byte", first);
  Print("end", whole);
}

void Stdout(Client& client, const std::string& name, int64_t megabytes) {
  const auto session = Begin(client, name, {"/usr/bin/head", "-c", std::to_string(megabytes * 1'000'000), "/dev/zero"});
  while (!Next(*session).has_started()) {
  }
  const absl::Time begin = absl::Now();
  int64_t bytes = 0;
  int64_t messages = 0;
  while (true) {
    const auto said = Next(*session);
    if (said.has_exit()) break;
    bytes += static_cast<int64_t>(said.stdout().size());
    ++messages;
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  printf("stdout %ld bytes in %ld messages: %.0f MB/s\n", bytes, messages, static_cast<double>(bytes) / seconds / 1e6);
}

void Stdin(Client& client, const std::string& name, int64_t megabytes) {
  const auto session = Begin(client, name, {"/usr/bin/wc", "-c"}, true);
  while (!Next(*session).has_started()) {
  }
  const absl::Time begin = absl::Now();
  const std::string piece(250'000, 'x');
  for (int64_t sent = 0; sent < megabytes * 1'000'000; sent += static_cast<int64_t>(piece.size())) {
    if (absl::Status status = session->Send(piece); !status.ok()) Die(status);
  }
  if (absl::Status status = session->EndStdin(); !status.ok()) Die(status);
  std::string counted;
  while (true) {
    const auto said = Next(*session);
    if (said.has_exit()) break;
    counted += said.stdout();
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  printf("stdin, counted there: %s", counted.c_str());
  printf("stdin %.0f MB/s\n", static_cast<double>(megabytes) / seconds);
}

void Hold(Client& client, const std::string& name, int count, const std::vector<std::string>& argv) {
  std::vector<std::unique_ptr<ExecSession>> sessions;
  for (int i = 0; i < count; ++i) sessions.push_back(Begin(client, name, argv));
  std::atomic<int> speaking = 0;
  std::atomic<int64_t> bytes = 0;
  std::vector<std::jthread> readers;
  for (const auto& session : sessions) {
    readers.emplace_back([&, mine = session.get()] {
      bool spoke = false;
      while (true) {
        const auto said = mine->Next();
        if (absl::IsCancelled(said.status())) return;
        if (!said.ok()) Die(said.status());
        if (said->has_exit()) return;
        if (!said->has_stdout()) continue;
        bytes += static_cast<int64_t>(said->stdout().size());
        if (!std::exchange(spoke, true) && ++speaking == count) puts("ready"), fflush(stdout);
      }
    });
  }
  const absl::Time begin = absl::Now();
  while (getchar() != EOF) {
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  for (const auto& session : sessions) session->Cancel();
  readers.clear();
  printf("held %d for %.1f s: %.1f MB/s in all\n", count, seconds, static_cast<double>(bytes) / seconds / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  int count = 0;
  if (argc < 5 || !absl::SimpleAtoi(words[4], &count) || count < 1) {
    fprintf(stderr, "usage: exec_session SERVER start|stdout|stdin|hold NAME COUNT [CMD...]\n");
    return 2;
  }
  const auto client = Client::Connect(words[1]);
  if (!client.ok()) Die(client.status());
  if (words[2] == "start") Start(**client, words[3], count);
  if (words[2] == "stdout") Stdout(**client, words[3], count);
  if (words[2] == "stdin") Stdin(**client, words[3], count);
  if (words[2] == "hold") Hold(**client, words[3], count, {words.begin() + 5, words.end()});
  return 0;
}
