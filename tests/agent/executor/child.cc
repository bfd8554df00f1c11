// An executor in a process of its own, to be killed: executor_child STATE_DIR RUN_DIR FIRST_SEQUENCE [CALL NTH] <
// intents, an empty line between two. Writes "open", then a line for each that is finished, and ends when all are.
// Before the NTH system call of the name CALL it is killed; one worker then makes them all. The environment may have
// EXECUTOR_CHILD_RELEASE_TIMEOUT.

#include <stdlib.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/executor_host.h"
#include "tests/support/kill_before.h"

int main(int argc, char** argv) {
  using namespace warren;
  if (argc != 4 && argc != 6) return 2;
  std::vector<v1::IntentDelivery> intents;
  int64_t sequence = atoll(argv[3]);
  std::string operations;
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty()) {
      operations += line + "\n";
      continue;
    }
    intents.push_back(ParseIntent(sequence++, operations));
    operations.clear();
  }
  executor::Options options;
  options.state_dir = argv[1];
  options.run_dir = argv[2];
  options.events = kernel::EventSocket::Open();
  if (const char* timeout = getenv("EXECUTOR_CHILD_RELEASE_TIMEOUT")) {
    if (!absl::ParseDuration(timeout, &options.release_timeout)) return 2;
  }
  if (argc == 6) {
    options.workers = 1;
    if (!KillBefore(argv[4], atoi(argv[5]))) return 2;
  }
  Recorder recorder;
  auto executor = executor::Executor::Open(options, recorder);
  if (!executor.ok()) {
    std::cerr << executor.status().ToString() << std::endl;
    return 1;
  }
  std::cout << "open" << std::endl;
  (*executor)->Submit(intents);
  for (const auto& intent : intents) {
    recorder.WaitFinished(intent.sequence());
    std::cout << intent.sequence() << std::endl;
  }
}
