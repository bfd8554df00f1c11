#ifndef WARREN_TESTS_BENCH_ROUTER_LOAD_H_
#define WARREN_TESTS_BENCH_ROUTER_LOAD_H_

// Routers made and deleted through a server, each an intent of its own, timed from the first submit until the result of
// the last one is seen. What a controller does: it submits, singly or in batches, with a bound on the calls in flight,
// and learns of results by one watch of the host.
//
// The router is that of netlink_floor.cc: a namespace, a veth pair with its inner end up and with an address, one
// queue.
//
// Threading: from one thread; calls and the watch run on gRPC's. An intent that does not succeed is an error.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/load.h"
#include "warren/v1/intents.grpc.pb.h"

namespace warren::bench {

v1::Intent CreateRouter(size_t index);
v1::Intent DeleteRouter(size_t index);
// Deletes what is not there, which it allows: all of the way but the kernel's part.
v1::Intent ChangeNothing(size_t index);

struct RouterOptions {
  size_t first = 0, count = 0;
  size_t batch = 0;        // intents a call; 0: CreateIntent
  size_t in_flight = 256;  // calls
  // The whole of it; over it: DEADLINE_EXCEEDED with how far it came.
  absl::Duration limit = absl::Minutes(5);
};

class RouterLoad {
 public:
  // Connects, and returns when the watch has told what there is.
  static absl::StatusOr<std::unique_ptr<RouterLoad>> Open(const std::string& server, const std::string& host);
  ~RouterLoad();

  // Runs an intent for each of the routers; seconds.
  using Make = v1::Intent (*)(size_t index);
  absl::StatusOr<double> Run(Make make, const RouterOptions& options);

  // One after the other, each so long after the one before has its result; milliseconds.
  struct Single {
    std::vector<double> total, on_host;
  };
  absl::StatusOr<Single> RunSingly(Make make, size_t count, absl::Duration pause);

 private:
  class Results;
  class Slot;
  RouterLoad(std::shared_ptr<grpc::Channel> channel, std::string parent);

  v1::CreateIntentRequest Request(Make make, size_t index) const;

  const std::string parent_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Intents::Stub> stub_;
  std::unique_ptr<Results> results_;
};

}  // namespace warren::bench

#endif  // WARREN_TESTS_BENCH_ROUTER_LOAD_H_
