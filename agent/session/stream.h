#ifndef WARREN_AGENT_SESSION_STREAM_H_
#define WARREN_AGENT_SESSION_STREAM_H_

// One Connect call: moves messages between the outbox and the wire, one write in flight, and hands over what comes.
// Knows what gRPC wants and nothing of what is said.
//
// Threading: the callbacks run on gRPC's threads, one on_message at a time; Cancel from any thread. Make it shared: it
// keeps itself alive until gRPC is done with it.

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "agent/session/outbox.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.grpc.pb.h"

namespace warren::session {

class Stream : public grpc::ClientBidiReactor<v1::AgentMessage, v1::ServerMessage>,
               public std::enable_shared_from_this<Stream> {
 public:
  // An error from on_message ends the call. `peer` is gRPC's word for the server's address.
  using OnMessage = std::function<absl::Status(v1::ServerMessage message, const std::string& peer)>;
  // The last call of all: why it ended.
  using OnEnd = std::function<void(absl::Status status)>;

  Stream(const std::shared_ptr<grpc::Channel>& channel, std::shared_ptr<Outbox> outbox, OnMessage on_message,
         OnEnd on_end);

  void Start();
  // Says that nothing more will come once the outbox is empty; the server then ends the call.
  void HalfClose();
  // Ends the call; on_end gets this reason.
  void Cancel(absl::Status reason);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  // Writes the next message, if there is one and none is being written.
  void Write();
  // From here on nothing is begun.
  void Close();

  const std::unique_ptr<v1::Agents::Stub> stub_;
  const std::shared_ptr<Outbox> outbox_;
  const OnMessage on_message_;
  const OnEnd on_end_;
  grpc::ClientContext context_;
  v1::ServerMessage incoming_;
  std::shared_ptr<Stream> self_;  // from Start to OnDone

  Mutex mutex_;
  v1::AgentMessage outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool half_close_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more is written
  absl::Status reason_ ABSL_GUARDED_BY(mutex_);  // why we ended it; OK: we did not
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_STREAM_H_
