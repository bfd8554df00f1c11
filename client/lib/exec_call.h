#ifndef WARREN_CLIENT_LIB_EXEC_CALL_H_
#define WARREN_CLIENT_LIB_EXEC_CALL_H_

// ExecSession over one bidirectional call; see exec.h. Not installed: it knows gRPC.
//
// Threading: Mailbox's mutex guards what is shared; gRPC's operations are begun without it, as they may call back at
// once. As in watch_stream.h gRPC's threads only put things down, and gRPC's objects end on the thread that destroys
// this. At most one read and one write are in flight.

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "client/lib/exec.h"
#include "client/lib/retry.h"
#include "client/lib/watch_stream.h"
#include "proto/common/mutex.h"
#include "warren/v1/exec.grpc.pb.h"

namespace warren::client {

class ExecCall : public ExecSession, private grpc::ClientBidiReactor<v1::SessionRequest, v1::SessionResponse> {
 public:
  // reach: OK once the server is connected; what WithRetries tries again otherwise.
  using Reach = std::function<absl::Status()>;
  ExecCall(std::shared_ptr<v1::Exec::Stub> stub, Reach reach, v1::SessionStart start, RetryOptions retry,
           absl::Time deadline);
  ~ExecCall() override;

  absl::StatusOr<v1::SessionResponse> Next() override;
  bool reached() const override;
  absl::Status Send(std::string_view data) override;
  absl::Status EndStdin() override;
  absl::Status Resize(const v1::TerminalSize& size) override;
  absl::Status Signal(std::string_view name) override;
  void Cancel() override;

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  absl::Status Begin();
  // In line behind what is under way of standard input.
  absl::Status Put(v1::SessionRequest request);
  // In line before it.
  absl::Status PutFirst(v1::SessionRequest request);
  bool Over() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mailbox_->mutex) { return closed_ || done_ || mailbox_->stopped; }
  // Whether outgoing_ is to be written now.
  bool TakeOutgoing() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mailbox_->mutex);
  absl::Status Final() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mailbox_->mutex);

  const std::shared_ptr<v1::Exec::Stub> stub_;
  const Reach reach_;
  const RetryOptions retry_;
  const absl::Time deadline_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  grpc::ClientContext context_;
  absl::Status not_reached_;      // what Begin failed with; of Next's thread
  bool exit_told_ = false;        // of Next's thread
  v1::SessionRequest outgoing_;   // gRPC's while writing_
  v1::SessionResponse incoming_;  // gRPC's while reading_
  bool begun_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool held_ ABSL_GUARDED_BY(mailbox_->mutex) = false;  // as WatchStream's
  bool dropped_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool reading_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool writing_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool writing_stdin_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  bool closed_ ABSL_GUARDED_BY(mailbox_->mutex) = false;  // nothing can be written any more
  bool done_ ABSL_GUARDED_BY(mailbox_->mutex) = false;
  std::deque<v1::SessionResponse> read_ ABSL_GUARDED_BY(mailbox_->mutex);
  std::deque<v1::SessionRequest> first_ ABSL_GUARDED_BY(mailbox_->mutex);
  std::optional<v1::SessionRequest> stdin_ ABSL_GUARDED_BY(mailbox_->mutex);
  grpc::Status status_ ABSL_GUARDED_BY(mailbox_->mutex);
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_EXEC_CALL_H_
