// How long one intent takes on an idle system: creates namespaces one after the other on one host, each submitted,
// applied and answered before the next, then deletes them the same way. Prints, for each of the two, count, p50, p99
// and longest in milliseconds, and beside it the time the kernel work took on the host as the agent measured it.
//
//   intent_latency SERVER HOST COUNT        (tests/bench/latency.py sets a server and a host up and runs it)

#include <grpcpp/grpcpp.h>
#include <stdio.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/lib/address.h"
#include "warren/v1/namespaces.grpc.pb.h"

namespace {

using warren::v1::Intent;

struct Sample {
  double total_ms = 0;
  double applied_ms = 0;
};

double At(std::vector<double> values, double quantile) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(quantile * static_cast<double>(values.size())))];
}

void Print(const char* what, const std::vector<Sample>& samples) {
  std::vector<double> total, applied;
  for (const Sample& sample : samples) {
    total.push_back(sample.total_ms);
    applied.push_back(sample.applied_ms);
  }
  printf("%s %zu: submit to result p50 %.2f ms, p99 %.2f ms, longest %.2f ms; on the host p50 %.2f ms, p99 %.2f ms\n",
         what, samples.size(), At(total, 0.5), At(total, 0.99), At(total, 1), At(applied, 0.5), At(applied, 0.99));
}

// Runs one call that waits, and exits the program unless the intent succeeded.
template <typename Call>
Sample Timed(const Call& call) {
  Intent intent;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(1)));
  const absl::Time begin = absl::Now();
  const grpc::Status status = call(&context, &intent);
  Sample sample{absl::ToDoubleMilliseconds(absl::Now() - begin), 0};
  if (!status.ok() || intent.state() != Intent::SUCCEEDED) {
    fprintf(stderr, "%s %s\n", status.error_message().c_str(), intent.ShortDebugString().c_str());
    exit(1);
  }
  sample.applied_ms = static_cast<double>(intent.apply_duration().seconds()) * 1e3 +
                      static_cast<double>(intent.apply_duration().nanos()) / 1e6;
  return sample;
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[3], &count) || count < 1) {
    fprintf(stderr, "usage: intent_latency SERVER HOST COUNT\n");
    return 2;
  }
  const auto target = warren::client::DialTarget(argv[1]);
  if (!target.ok()) {
    fprintf(stderr, "%s\n", std::string(target.status().message()).c_str());
    return 2;
  }
  const auto stub = warren::v1::Namespaces::NewStub(grpc::CreateChannel(*target, grpc::InsecureChannelCredentials()));
  const std::string parent = absl::StrCat("hosts/", argv[2]);
  std::vector<Sample> created, deleted;
  for (int i = 0; i < count; ++i) {
    warren::v1::CreateNamespaceRequest request;
    request.set_parent(parent);
    request.set_namespace_id(absl::StrCat("latency-", i));
    request.set_wait(true);
    created.push_back(
        Timed([&](auto* context, auto* intent) { return stub->CreateNamespace(context, request, intent); }));
  }
  Print("create-namespace", created);
  for (int i = 0; i < count; ++i) {
    warren::v1::DeleteNamespaceRequest request;
    request.set_name(absl::StrCat(parent, "/namespaces/latency-", i));
    request.set_wait(true);
    deleted.push_back(
        Timed([&](auto* context, auto* intent) { return stub->DeleteNamespace(context, request, intent); }));
  }
  Print("delete-namespace", deleted);
  return 0;
}
