#include "agent/executor/operations.h"

namespace warren::executor {

std::string KindOf(const v1::Operation& operation) {
  const auto* oneof = v1::Operation::descriptor()->FindOneofByName("kind");
  const auto* field = operation.GetReflection()->GetOneofFieldDescriptor(operation, oneof);
  return field != nullptr ? field->name() : "";
}

absl::Status Apply(Transaction& tx, const v1::Operation& operation) {
  switch (operation.kind_case()) {
    case v1::Operation::kCreateNamespace:
      return Apply(tx, operation.create_namespace());
    case v1::Operation::kDeleteNamespace:
      return Apply(tx, operation.delete_namespace());
    case v1::Operation::kCreateVeth:
      return Apply(tx, operation.create_veth());
    case v1::Operation::kMoveLink:
      return Apply(tx, operation.move_link());
    case v1::Operation::kDeleteLink:
      return Apply(tx, operation.delete_link());
    case v1::Operation::kSetLink:
      return Apply(tx, operation.set_link());
    case v1::Operation::kAddAddress:
      return Apply(tx, operation.add_address());
    case v1::Operation::kDeleteAddress:
      return Apply(tx, operation.delete_address());
    case v1::Operation::kAddRoute:
      return Apply(tx, operation.add_route());
    case v1::Operation::kDeleteRoute:
      return Apply(tx, operation.delete_route());
    case v1::Operation::kCreateBridge:
      return Apply(tx, operation.create_bridge());
    case v1::Operation::kDeleteBridge:
      return Apply(tx, operation.delete_bridge());
    case v1::Operation::kAttachLink:
      return Apply(tx, operation.attach_link());
    case v1::Operation::kDetachLink:
      return Apply(tx, operation.detach_link());
    case v1::Operation::KIND_NOT_SET:
      break;
  }
  return absl::UnimplementedError("this agent does not know the operation; is it older than the server?");
}

}  // namespace warren::executor
