#include "tests/client/cmd/fake_exec.h"

#include <gtest/gtest.h>

#include "tests/client/cmd/fake_api.h"

namespace warren::cli {

std::string FakeSession::ReadAll() {
  std::string all;
  v1::SessionRequest request;
  while (Read(&request) && !request.has_stdin_end()) all += request.stdin();
  return all;
}

grpc::Status FakeExec::Session(grpc::ServerContext* context, FakeSession::Stream* stream) {
  v1::SessionRequest first;
  if (!stream->Read(&first)) return grpc::Status::CANCELLED;
  EXPECT_TRUE(first.has_start()) << first.ShortDebugString();
  Play play;
  {
    MutexLock lock(&mutex_);
    asked_.push_back(first.start());
    play = play_;
  }
  FakeSession session(context, stream, first.start());
  const absl::Status status = play ? play(session) : absl::UnimplementedError("the test expects no session");
  MutexLock lock(&mutex_);
  ++ended_;
  changed_.SignalAll();
  return ToGrpc(status);
}

}  // namespace warren::cli
