#ifndef WARREN_TESTS_BENCH_LOAD_H_
#define WARREN_TESTS_BENCH_LOAD_H_

// What a measurement of the server is made of: connections, closed loops of calls, agents that succeed at once. Each
// call is made when the one before it in its slot was answered, on gRPC's threads.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.grpc.pb.h"
#include "warren/v1/intents.grpc.pb.h"

namespace warren::bench {

// As many connections, not shared.
std::vector<std::shared_ptr<grpc::Channel>> Dial(const std::string& server, size_t count);

std::string HostAt(size_t index);  // "bench-7"

// A router's intent as a controller makes it: a namespace and a veth pair with an address. Some 180 bytes.
v1::Intent RouterIntent(uint64_t serial);
// The smallest there is: a namespace. Some 20 bytes.
v1::Intent NamespaceIntent(uint64_t serial);

// Milliseconds.
struct Latency {
  double p50 = 0, p99 = 0, longest = 0;
};
Latency Quantiles(std::vector<double> milliseconds);

struct SubmitOptions {
  size_t hosts = 1;
  size_t in_flight = 64;
  size_t batch = 0;    // intents a call; 0: CreateIntent
  uint64_t limit = 0;  // intents in all; 0: as many as the time allows
  absl::Duration time = absl::Seconds(5);
  bool small = false;  // NamespaceIntent rather than RouterIntent
};
struct SubmitResult {
  uint64_t accepted = 0;
  uint64_t refused = 0;
  std::string refusal;  // the last one
  double seconds = 0;
  Latency call;
};
SubmitResult Submit(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const SubmitOptions& options);

// An agent that has done whatever it is given. Runs until it is destroyed.
class InstantAgent {
 public:
  InstantAgent(const std::shared_ptr<grpc::Channel>& channel, const std::string& host);
  ~InstantAgent();

 private:
  class Stream;
  std::unique_ptr<v1::Agents::Stub> stub_;
  std::unique_ptr<Stream> stream_;
};

// Watches of one host, counting what they are told.
class Watchers {
 public:
  Watchers(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const std::string& host, size_t count);
  ~Watchers();

  // Returns when each has been told SYNCED.
  void AwaitSynced();
  uint64_t events() const { return events_; }
  size_t ended() const { return ended_; }

 private:
  class Stream;
  std::vector<std::unique_ptr<v1::Intents::Stub>> stubs_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::atomic<uint64_t> events_ = 0;
  std::atomic<size_t> synced_ = 0;
  std::atomic<size_t> ended_ = 0;
};

}  // namespace warren::bench

#endif  // WARREN_TESTS_BENCH_LOAD_H_
