// Makes and deletes routers through a server, and prints what it took.
//
//   router_load SERVER HOST create|delete FIRST COUNT BATCH IN_FLIGHT     BATCH 0: one intent a call
//   router_load SERVER HOST single COUNT PAUSE_MS                         one after the other, created, then deleted
//
// Before each deletion there is a pause: the kernel is not done with the one before when nothing is left of it to see.
//
// Prints `create COUNT RATE/s` or `delete COUNT RATE/s`; of single ones `create COUNT p50 MS p99 MS host MS MS`, and
// the same for delete, and for nothing, which is as many intents that change nothing; and `client SECONDS`, the
// processor time this process took for it. tests/bench/compare.sh runs it.

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <string>
#include <tuple>

#include "absl/strings/numbers.h"
#include "proto/common/deadlock_checks.h"
#include "tests/bench/router_load.h"

namespace warren::bench {
namespace {

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int Failed(const absl::Status& status) {
  fprintf(stderr, "router_load: %s\n", status.ToString().c_str());
  return 1;
}

int Main(int argc, char** argv) {
  const auto number = [&](int i) {
    size_t value = 0;
    if (i >= argc || !absl::SimpleAtoi(argv[i], &value)) {
      fprintf(stderr, "router_load: argument %d is to be a number; see the head of its source\n", i);
      exit(2);
    }
    return value;
  };
  const std::string mode = argc > 4 ? argv[3] : "";
  if (mode != "create" && mode != "delete" && mode != "single") {
    fprintf(stderr, "usage: router_load SERVER HOST create|delete|single ...; see the head of its source\n");
    return 2;
  }
  auto load = RouterLoad::Open(argv[1], argv[2]);
  if (!load.ok()) return Failed(load.status());
  const double before = ProcessorSeconds();
  if (mode == "single") {
    const size_t count = number(4);
    const absl::Duration pause = absl::Milliseconds(number(5));
    for (const auto& [what, make, before_each] :
         {std::tuple{"create", &CreateRouter, absl::ZeroDuration()}, std::tuple{"delete", &DeleteRouter, pause},
          std::tuple{"nothing", &ChangeNothing, absl::ZeroDuration()}}) {
      const auto single = (*load)->RunSingly(make, count, before_each);
      if (!single.ok()) return Failed(single.status());
      const Latency total = Quantiles(single->total), host = Quantiles(single->on_host);
      printf("%s %zu p50 %.3f p99 %.3f host %.3f %.3f\n", what, count, total.p50, total.p99, host.p50, host.p99);
    }
  } else {
    RouterOptions options;
    options.first = number(4);
    options.count = number(5);
    options.batch = number(6);
    options.in_flight = number(7);
    const auto seconds = (*load)->Run(mode == "create" ? CreateRouter : DeleteRouter, options);
    if (!seconds.ok()) return Failed(seconds.status());
    printf("%s %zu %.0f/s\n", mode.c_str(), options.count, static_cast<double>(options.count) / *seconds);
  }
  printf("client %.3f\n", ProcessorSeconds() - before);
  return 0;
}

}  // namespace
}  // namespace warren::bench

int main(int argc, char** argv) {
  warren::SkipDeadlockChecks();
  return warren::bench::Main(argc, argv);
}
