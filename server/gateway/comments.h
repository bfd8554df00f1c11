#ifndef WARREN_SERVER_GATEWAY_COMMENTS_H_
#define WARREN_SERVER_GATEWAY_COMMENTS_H_

// The comments of protos at run time. Immutable; thread-safe.

#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"

namespace warren::gateway {

class ProtoComments {
 public:
  // Of a serialized google.protobuf.FileDescriptorSet made with --include_source_info. INVALID_ARGUMENT: it is none.
  static absl::StatusOr<ProtoComments> Of(std::string_view descriptor_set);

  // Above the thing of that full name ("warren.v1.Host.connected"), lines as they are; "": nothing.
  std::string Above(const std::string& full_name) const;

 private:
  std::unordered_map<std::string, std::string> by_name_;
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_COMMENTS_H_
