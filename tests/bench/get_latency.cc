// What HTTP costs beside gRPC: the same call, GetNamespace, over one TCP connection each, in blocks that take turns.
// Prints count, p50 and p99 of both and the difference of their p50, in milliseconds.
//
//   get_latency SERVER HTTP_PORT NAME COUNT        SERVER: HOST:PORT; NAME: hosts/h1/namespaces/red   (http.py runs it)

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/lib/address.h"
#include "proto/common/deadlock_checks.h"
#include "proto/common/unique_fd.h"
#include "tests/bench/load.h"
#include "warren/v1/namespaces.grpc.pb.h"

namespace warren::bench {
namespace {

constexpr size_t kBlock = 200;

[[noreturn]] void Fail(const std::string& why) {
  fprintf(stderr, "get_latency: %s\n", why.c_str());
  exit(1);
}

class HttpClient {
 public:
  HttpClient(int port, const std::string& name)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        request_(absl::StrCat("GET /v1/", name, " HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Fail("cannot connect to HTTP");
    const int yes = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }

  // A whole answer; the first one's length is that of all.
  void Get() {
    if (send(fd_.get(), request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size())) {
      Fail("cannot send");
    }
    std::string answer(16384, '\0');
    size_t have = 0;
    for (size_t whole = 0; whole == 0 || have < whole;) {
      const ssize_t got = recv(fd_.get(), &answer[have], answer.size() - have, 0);
      if (got <= 0) Fail("the answer broke off");
      have += static_cast<size_t>(got);
      const size_t head = answer.find("\r\n\r\n"), length = answer.find("Content-Length: ");
      if (whole == 0 && head < have && length < head) whole = head + 4 + strtoul(&answer[length + 16], nullptr, 10);
    }
    if (answer.compare(0, 12, "HTTP/1.1 200") != 0) Fail(answer.substr(0, have));
  }

 private:
  UniqueFd fd_;
  const std::string request_;
};

class GrpcClient {
 public:
  GrpcClient(const std::string& server, const std::string& name)
      : stub_(v1::Namespaces::NewStub(Dial(server, 1).front())) {
    request_.set_name(name);
  }
  void Get() {
    grpc::ClientContext context;
    v1::Namespace answer;
    const grpc::Status status = stub_->GetNamespace(&context, request_, &answer);
    if (!status.ok()) Fail(status.error_message());
  }

 private:
  const std::unique_ptr<v1::Namespaces::Stub> stub_;
  v1::GetNamespaceRequest request_;
};

template <typename Client>
void Block(Client& client, std::vector<double>& milliseconds) {
  for (size_t i = 0; i < kBlock; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    client.Get();
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
}

int Main(int argc, char** argv) {
  int port = 0;
  size_t count = 0;
  if (argc != 5 || !absl::SimpleAtoi(argv[2], &port) || !absl::SimpleAtoi(argv[4], &count)) {
    Fail("usage: get_latency SERVER HTTP_PORT NAME COUNT");
  }
  GrpcClient grpc(argv[1], argv[3]);
  HttpClient http(port, argv[3]);
  std::vector<double> over_grpc, over_http, warm;
  Block(grpc, warm);
  Block(http, warm);
  while (over_grpc.size() < count) {
    Block(grpc, over_grpc);
    Block(http, over_http);
  }
  const Latency a = Quantiles(over_grpc), b = Quantiles(over_http);
  printf("%zu each: gRPC p50 %.3f p99 %.3f, HTTP p50 %.3f p99 %.3f, overhead p50 %.3f\n", over_grpc.size(), a.p50,
         a.p99, b.p50, b.p99, b.p50 - a.p50);
  return 0;
}

}  // namespace
}  // namespace warren::bench

int main(int argc, char** argv) {
  warren::SkipDeadlockChecks();
  return warren::bench::Main(argc, argv);
}
