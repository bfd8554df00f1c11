#ifndef WARREN_SERVER_HOSTS_HELLO_H_
#define WARREN_SERVER_HOSTS_HELLO_H_

// What an agent says of itself. Pure; thread-safe.

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/hosts.pb.h"

namespace warren::hosts {

// INVALID_ARGUMENT with google.rpc.BadRequest naming every bad field.
absl::Status CheckHello(const v1::Hello& hello);

// The host's record as of a session that begins at `now`.
v1::Host RecordOf(v1::Hello hello, absl::Time now);

// What the record before, of the same host, says of the boots before this one. True: this one is another boot.
bool CarryBoot(const v1::Host& before, v1::Host& record);

void SetTimestamp(absl::Time time, google::protobuf::Timestamp& timestamp);
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HELLO_H_
