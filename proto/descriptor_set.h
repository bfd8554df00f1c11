#ifndef WARREN_PROTO_DESCRIPTOR_SET_H_
#define WARREN_PROTO_DESCRIPTOR_SET_H_

// The API's protos with their comments, which the descriptors that are linked in do not have.

#include <string_view>

namespace warren {

// A serialized google.protobuf.FileDescriptorSet: warren.protoset of the build, imports and source info included.
std::string_view DescriptorSet();

}  // namespace warren

#endif  // WARREN_PROTO_DESCRIPTOR_SET_H_
