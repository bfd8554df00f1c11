#ifndef WARREN_AGENT_EXECUTOR_PARSE_H_
#define WARREN_AGENT_EXECUTOR_PARSE_H_

// Addresses and routes as operations write them. Links are looked up elsewhere: an ifindex is 0. INVALID_ARGUMENT for
// text that is none. Pure; thread-safe.

#include <string>

#include "absl/status/statusor.h"
#include "agent/kernel/address.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/route.h"
#include "warren/v1/operations.pb.h"

namespace warren::executor {

struct ParsedAddress {
  kernel::IpPrefix local;  // its length is that of the peer where there is one
  kernel::Ip peer;
};
absl::StatusOr<ParsedAddress> ParseAddress(const std::string& address, const std::string& peer);

// The whole of it, lifetimes included.
absl::StatusOr<kernel::NewAddress> ParseNewAddress(const v1::AddAddress& operation);

absl::StatusOr<kernel::NewRoute> ParseRoute(const v1::AddRoute& operation);
absl::StatusOr<kernel::NewRoute> ParseRoute(const v1::DeleteRoute& operation);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_PARSE_H_
