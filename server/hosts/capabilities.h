#ifndef WARREN_SERVER_HOSTS_CAPABILITIES_H_
#define WARREN_SERVER_HOSTS_CAPABILITIES_H_

// What a kernel must be able to do for an operation, in the names that agents report. Pure; thread-safe.

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "warren/v1/hosts.pb.h"
#include "warren/v1/operations.pb.h"

namespace warren::hosts {

// OK, or FAILED_PRECONDITION with the first capability that is wanted and that the host says it has not: "host h1:
// kernel has no network namespace support (CONFIG_NET_NS)" (CAPABILITY_MISSING). What a host says nothing of is taken
// to be there.
//
// "netns": any namespace but "@host". "veth": create_veth. "bridge": create_bridge, delete_bridge, attach_link,
// detach_link. "ipv6": an IPv6 address or route.
absl::Status CheckCapabilities(const std::string& host,
                               const google::protobuf::RepeatedPtrField<v1::Capability>& capabilities,
                               const google::protobuf::RepeatedPtrField<v1::Operation>& operations);

// OK, or FAILED_PRECONDITION (CAPABILITY_MISSING): the host runs no commands, in its agent's words ("host h1: commands
// are off: its agent was started without --enable-exec"), or says nothing of "exec", as agents did that could not.
absl::Status CheckExec(const std::string& host, const google::protobuf::RepeatedPtrField<v1::Capability>& capabilities);

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_CAPABILITIES_H_
