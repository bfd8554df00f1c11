#ifndef WARREN_CLIENT_OUTPUT_OPERATION_TEXT_H_
#define WARREN_CLIENT_OUTPUT_OPERATION_TEXT_H_

// Operations as one line of text each. Pure; thread-safe.

#include <string>

#include "google/protobuf/repeated_ptr_field.h"
#include "warren/v1/operations.pb.h"

namespace warren::cli {

// "create_veth"; "none" when no kind is set.
std::string OperationKind(const v1::Operation& operation);
// "create_veth red:eth0 blue:eth0", "add_address 10.0.0.1/24 dev red:eth0".
std::string OperationText(const v1::Operation& operation);
// The first one, and how many more: "create_namespace red, and 4 more".
std::string OperationsText(const google::protobuf::RepeatedPtrField<v1::Operation>& operations);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_OPERATION_TEXT_H_
