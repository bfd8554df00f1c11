// How much output passes through the server: an agent that writes messages of one size as fast as it can, and a caller
// that reads them, each a process, over the server's own address.
//
//   exec_load SERVER MESSAGE_BYTES MEGABYTES    with a warren-server that runs there

#include <grpcpp/create_channel.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "warren/v1/agents.grpc.pb.h"
#include "warren/v1/exec.grpc.pb.h"

namespace warren {
namespace {

constexpr char kHost[] = "exec-load";

// Until it is asked for one session, which it fills.
int Agent(const std::string& server, size_t size, size_t total, int ready) {
  const auto stub = v1::Agents::NewStub(grpc::CreateChannel(server, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto stream = stub->Connect(&context);
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_host(kHost);
  hello.set_instance_id("11111111-1111-4111-8111-111111111111");
  hello.set_boot_id("33333333-3333-4333-8333-333333333333");
  hello.set_version("bench");
  hello.set_kernel_release("bench");
  v1::Capability& exec = *hello.add_capabilities();
  exec.set_name("exec");
  exec.set_available(true);
  stream->Write(message);
  v1::ServerMessage heard;
  while (stream->Read(&heard) && !heard.has_open_exec()) {
    if (heard.has_welcome() && write(ready, "x", 1) != 1) return 1;
  }
  // Over a connection of its own, as agents do.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto attach =
      v1::Agents::NewStub(grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext attached;
  attached.AddMetadata("warren-exec-session", heard.open_exec().session_id());
  const auto session = attach->AttachExec(&attached);
  v1::SessionRequest start;
  session->Read(&start);
  v1::SessionResponse response;
  response.set_stdout(std::string(size, 'x'));
  for (size_t sent = 0; sent < total; sent += size) {
    if (!session->Write(response)) return 1;
  }
  response.mutable_exit();
  session->Write(response);
  session->WritesDone();
  while (session->Read(&start)) {
  }
  return session->Finish().ok() ? 0 : 1;
}

int Call(const std::string& server, size_t total) {
  const auto stub = v1::Exec::NewStub(grpc::CreateChannel(server, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto stream = stub->Session(&context);
  v1::SessionRequest start;
  start.mutable_start()->set_name(std::string("hosts/") + kHost + "/namespaces/@host");
  stream->Write(start);
  v1::SessionResponse response;
  size_t read = 0, messages = 0;
  std::chrono::steady_clock::time_point begun;
  while (stream->Read(&response)) {
    if (messages++ == 0) begun = std::chrono::steady_clock::now();
    read += response.stdout().size();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const grpc::Status status = stream->Finish();
  if (!status.ok() || read < total) {
    fprintf(stderr, "exec_load: %zu of %zu bytes came: %s\n", read, total, status.error_message().c_str());
    return 1;
  }
  printf("%.0f MB/s, %.0f messages/s\n", static_cast<double>(read) / 1e6 / took.count(),
         static_cast<double>(messages) / took.count());
  return 0;
}

int Main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: exec_load SERVER MESSAGE_BYTES MEGABYTES\n");
    return 2;
  }
  const size_t size = strtoul(argv[2], nullptr, 10), total = strtoul(argv[3], nullptr, 10) * 1'000'000;
  int ready[2];
  if (pipe(ready) != 0) return 1;
  // Before gRPC has threads.
  const pid_t agent = fork();
  if (agent == 0) _exit(Agent(argv[1], size, total, ready[1]));
  close(ready[1]);
  char welcomed = 0;
  int code = 1, status = 0;
  if (read(ready[0], &welcomed, 1) == 1) code = Call(argv[1], total);
  waitpid(agent, &status, 0);
  return code;
}

}  // namespace
}  // namespace warren

int main(int argc, char** argv) { return warren::Main(argc, argv); }
