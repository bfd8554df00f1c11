#ifndef WARREN_TESTS_SERVER_API_EXEC_FIXTURE_H_
#define WARREN_TESTS_SERVER_API_EXEC_FIXTURE_H_

// Both ends of sessions of Exec, driven by hand over real streams.

#include <memory>
#include <string>
#include <utility>

#include "proto/common/status_payload.h"
#include "tests/server/api/api_fixture.h"
#include "warren/v1/exec.grpc.pb.h"

namespace warren::api {

// The agent's call AttachExec.
class Attachment {
 public:
  Attachment(const std::shared_ptr<grpc::Channel>& channel, const std::string& session_id)
      : stub_(v1::Agents::NewStub(channel)) {
    if (!session_id.empty()) context_.AddMetadata("warren-exec-session", session_id);
    stream_ = stub_->AttachExec(&context_);
  }
  ~Attachment() {
    if (!finished_) context_.TryCancel(), Finish();
  }

  v1::SessionRequest Hear() {
    v1::SessionRequest request;
    EXPECT_TRUE(stream_->Read(&request)) << "the stream ended";
    return request;
  }
  bool Say(const v1::SessionResponse& response) { return stream_->Write(response); }
  void Started(int pid = 77) {
    v1::SessionResponse response;
    response.mutable_started()->set_pid(pid);
    Say(response);
  }
  bool Out(std::string bytes) {
    v1::SessionResponse response;
    response.set_stdout(std::move(bytes));
    return Say(response);
  }
  // The command is over; the server ends the call.
  bool Exit(int code = 0) {
    v1::SessionResponse response;
    response.mutable_exit()->set_code(code);
    Say(response);
    return HangUp();
  }
  bool Fail(int code, const std::string& message, const std::string& reason) {
    v1::SessionResponse response;
    response.mutable_error()->set_code(code);
    response.mutable_error()->set_message(message);
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    response.mutable_error()->add_details()->PackFrom(info);
    Say(response);
    return HangUp();
  }
  // Half-closes. False: it was not ended well. (CANCELLED is: what was still being written to it is broken off.)
  bool HangUp() {
    stream_->WritesDone();
    const grpc::Status status = Finish();
    return status.ok() || status.error_code() == grpc::StatusCode::CANCELLED;
  }
  // Whatever is still said to it, until the end.
  grpc::Status Finish() {
    finished_ = true;
    v1::SessionRequest request;
    while (stream_->Read(&request)) {
    }
    return stream_->Finish();
  }
  void Break() { context_.TryCancel(); }

 private:
  Context context_;
  std::unique_ptr<v1::Agents::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SessionResponse, v1::SessionRequest>> stream_;
  bool finished_ = false;
};

// The caller's call Session.
class Caller {
 public:
  explicit Caller(const std::shared_ptr<grpc::Channel>& channel, const std::string& forwarded_for = "")
      : stub_(v1::Exec::NewStub(channel)) {
    if (!forwarded_for.empty()) context_.AddMetadata("x-forwarded-for", forwarded_for);
    stream_ = stub_->Session(&context_);
  }
  ~Caller() {
    if (!finished_) context_.TryCancel(), Finish();
  }

  bool Start(const std::string& name = "hosts/h1/namespaces/red", const std::string& command = "cat") {
    v1::SessionRequest request;
    request.mutable_start()->set_name(name);
    request.mutable_start()->mutable_command()->add_argv(command);
    request.mutable_start()->set_stdin(true);
    return Say(request);
  }
  bool Say(const v1::SessionRequest& request) { return stream_->Write(request); }
  bool In(std::string bytes) {
    v1::SessionRequest request;
    request.set_stdin(std::move(bytes));
    return Say(request);
  }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }
  v1::SessionResponse Hear() {
    v1::SessionResponse response;
    EXPECT_TRUE(stream_->Read(&response)) << "the stream ended";
    return response;
  }
  // Whatever is still said to it, until the end.
  grpc::Status Finish() {
    finished_ = true;
    v1::SessionResponse response;
    while (stream_->Read(&response)) {
    }
    return stream_->Finish();
  }

 private:
  Context context_;
  std::unique_ptr<v1::Exec::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SessionRequest, v1::SessionResponse>> stream_;
  bool finished_ = false;
};

class ExecTest : public ApiTest {
 protected:
  // An agent that runs commands, and has told nothing of its namespaces yet.
  std::unique_ptr<WireAgent> ConnectExec(const std::string& host = "h1", bool available = true) {
    auto agent = std::make_unique<WireAgent>(server_->channel());
    v1::Hello hello = WireAgent::MakeHello(host);
    v1::Capability& exec = *hello.add_capabilities();
    exec.set_name("exec");
    exec.set_available(available);
    if (!available) exec.set_reason("commands are off: its agent was started without --enable-exec");
    agent->Say(hello);
    EXPECT_TRUE(agent->Hear().has_welcome());
    return agent;
  }
  // What the agent is asked to attach, attached.
  std::unique_ptr<Attachment> Attach(WireAgent& agent) {
    return std::make_unique<Attachment>(server_->channel(), agent.Hear().open_exec().session_id());
  }
  // A caller's session on h1, attached.
  std::unique_ptr<Attachment> Begin(Caller& caller) {
    agent_ = ConnectExec();
    caller.Start();
    return Attach(*agent_);
  }
  static std::string Reason(const grpc::Status& status) {
    const google::rpc::Status details = Details(status);
    for (const auto& detail : details.details()) {
      google::rpc::ErrorInfo info;
      if (detail.UnpackTo(&info)) return info.reason();
    }
    return "";
  }
  // The value of a metric, by its name and its one label's value.
  double Metric(const std::string& name, const std::string& label = "") {
    for (const prometheus::MetricFamily& family : server_->registry().Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        if (metric.label.empty() ? label.empty() : metric.label[0].value == label) {
          return metric.counter.value + metric.gauge.value;
        }
      }
    }
    ADD_FAILURE() << name << " is not there";
    return -1;
  }

 private:
  std::unique_ptr<WireAgent> agent_;  // Begin's
};

}  // namespace warren::api

#endif  // WARREN_TESTS_SERVER_API_EXEC_FIXTURE_H_
