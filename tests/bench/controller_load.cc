// Loads a server and prints what it took, one line a measurement.
//
//   controller_load SERVER submit HOSTS IN_FLIGHT BATCH SECONDS     durable intents accepted a second; BATCH 0: one a
//   call controller_load SERVER fill HOSTS COUNT                         COUNT finished intents over HOSTS hosts
//   controller_load SERVER queue HOSTS COUNT                        COUNT queued intents over HOSTS hosts
//   controller_load SERVER read COUNT                               get and list, one after the other
//   controller_load SERVER watch WATCHERS IN_FLIGHT SECONDS         events told to all watches of one host
//
// tests/bench/controller.py starts a server and runs them.

#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "proto/common/names.h"
#include "tests/bench/load.h"

namespace warren::bench {
namespace {

constexpr size_t kChannels = 4;

void Print(const char* what, const SubmitResult& result) {
  printf("%s: %llu accepted in %.2f s, %.0f a second; a call p50 %.2f ms, p99 %.2f ms, longest %.2f ms\n", what,
         static_cast<unsigned long long>(result.accepted), result.seconds,
         static_cast<double>(result.accepted) / result.seconds, result.call.p50, result.call.p99, result.call.longest);
  if (result.refused > 0) {
    printf("  %llu refused: %s\n", static_cast<unsigned long long>(result.refused), result.refusal.c_str());
  }
}

void Fill(const std::string& server, size_t hosts, size_t count) {
  const auto channels = Dial(server, kChannels);
  std::vector<std::unique_ptr<InstantAgent>> agents;
  for (size_t i = 0; i < hosts; ++i) {
    agents.push_back(std::make_unique<InstantAgent>(channels[i % channels.size()], HostAt(i)));
  }
  SubmitOptions options;
  options.hosts = hosts;
  options.in_flight = 2;
  options.batch = 500;
  options.limit = count;
  options.time = absl::Hours(1);
  Print("fill", Submit(channels, options));
  auto stub = v1::Intents::NewStub(channels[0]);
  for (bool queued = true; queued;) {
    grpc::ClientContext context;
    v1::ListIntentsRequest request;
    request.set_parent("hosts/-");
    request.set_page_size(1);
    request.set_order_by("create_time desc");
    request.set_filter("state = QUEUED");
    v1::ListIntentsResponse response;
    const grpc::Status status = stub->ListIntents(&context, request, &response);
    queued = !status.ok() || response.intents_size() > 0;
    if (queued) absl::SleepFor(absl::Milliseconds(200));
  }
}

void Read(const std::string& server, size_t count) {
  const auto channels = Dial(server, 1);
  auto stub = v1::Intents::NewStub(channels[0]);
  const auto timed = [&](const auto& call) {
    std::vector<double> took;
    for (size_t i = 0; i < count; ++i) {
      const absl::Time begun = absl::Now();
      const grpc::Status status = call(i);
      if (!status.ok()) {
        printf("  refused: %s\n", status.error_message().c_str());
        return Latency();
      }
      took.push_back(absl::ToDoubleMilliseconds(absl::Now() - begun));
    }
    return Quantiles(std::move(took));
  };
  v1::ListIntentsResponse page;
  const auto list = [&](const std::string& parent, const std::string& order, const std::string& filter,
                        const std::string& token) {
    grpc::ClientContext context;
    v1::ListIntentsRequest request;
    request.set_parent(parent);
    request.set_order_by(order);
    request.set_filter(filter);
    request.set_page_token(token);
    return stub->ListIntents(&context, request, &page);
  };
  const auto print = [](const char* what, const Latency& latency) {
    printf("%s: p50 %.2f ms, p99 %.2f ms, longest %.2f ms\n", what, latency.p50, latency.p99, latency.longest);
  };
  print("list, first 100 of a host", timed([&](size_t) { return list("hosts/bench-0", "", "", ""); }));
  print("list, newest 100 of a host", timed([&](size_t) { return list("hosts/bench-0", "create_time desc", "", ""); }));
  print("list, newest 100 of all hosts", timed([&](size_t) { return list("hosts/-", "create_time desc", "", ""); }));
  std::string token;
  print("list, page after page", timed([&](size_t) {
          const grpc::Status status = list("hosts/bench-0", "", "", token);
          token = page.next_page_token();
          return status;
        }));
  print("list, newest 100 SUCCEEDED of a host",
        timed([&](size_t) { return list("hosts/bench-0", "create_time desc", "state = SUCCEEDED", ""); }));
  (void)list("hosts/bench-0", "", "", "");
  std::vector<std::string> names;
  for (const v1::Intent& intent : page.intents()) names.push_back(intent.name());
  (void)list("hosts/-", "create_time desc", "", "");
  for (const v1::Intent& intent : page.intents()) names.push_back(intent.name());
  if (names.empty()) return;
  print("get", timed([&](size_t i) {
          grpc::ClientContext context;
          v1::GetIntentRequest request;
          request.set_name(names[i % names.size()]);
          v1::Intent intent;
          return stub->GetIntent(&context, request, &intent);
        }));
}

void Watch(const std::string& server, size_t count, size_t in_flight, absl::Duration time) {
  const auto channels = Dial(server, kChannels);
  InstantAgent agent(channels[0], HostAt(0));
  SubmitOptions one;
  one.in_flight = one.limit = 1;
  one.small = true;
  (void)Submit(channels, one);
  Watchers watchers(channels, HostAt(0), count);
  watchers.AwaitSynced();
  const uint64_t before = watchers.events();
  const absl::Time begun = absl::Now();
  SubmitOptions options;
  options.in_flight = in_flight;
  options.time = time;
  options.small = true;
  const SubmitResult result = Submit(channels, options);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  const uint64_t told = watchers.events() - before;
  printf("%zu watches of one host: %llu events told in %.2f s, %.0f a second; %.0f intents a second, %zu watches cut\n",
         count, static_cast<unsigned long long>(told), seconds, static_cast<double>(told) / seconds,
         static_cast<double>(result.accepted) / seconds, watchers.ended());
}

int Main(int argc, char** argv) {
  const auto number = [&](int i) {
    size_t value = 0;
    if (i >= argc || !absl::SimpleAtoi(argv[i], &value)) {
      fprintf(stderr, "controller_load: argument %d is to be a number\n", i);
      exit(2);
    }
    return value;
  };
  const std::string server = argc > 2 ? argv[1] : "";
  const std::string what = argc > 2 ? argv[2] : "";
  if (what == "submit") {
    SubmitOptions options;
    options.hosts = number(3);
    options.in_flight = number(4);
    options.batch = number(5);
    options.time = absl::Seconds(number(6));
    Print(options.batch == 0 ? "submit" : "submit batches", Submit(Dial(server, kChannels), options));
  } else if (what == "fill") {
    Fill(server, number(3), number(4));
  } else if (what == "queue") {
    SubmitOptions options;
    options.hosts = number(3);
    options.in_flight = 2;
    options.batch = 500;
    options.limit = number(4);
    options.time = absl::Hours(1);
    Print("queue", Submit(Dial(server, kChannels), options));
  } else if (what == "read") {
    Read(server, number(3));
  } else if (what == "watch") {
    Watch(server, number(3), number(4), absl::Seconds(number(5)));
  } else {
    fprintf(stderr, "usage: controller_load SERVER submit|fill|queue|read|watch ...; see the head of its source\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace warren::bench

int main(int argc, char** argv) { return warren::bench::Main(argc, argv); }
