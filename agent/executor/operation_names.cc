#include "agent/executor/operation_names.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "agent/executor/explain.h"
#include "agent/executor/operations.h"
#include "proto/common/link_reference.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

bool HasEscape(const std::string& name) { return name.find('=') != std::string::npos; }

// Of a link that is there. What else is wrong with a name the kernel says.
absl::Status There(std::string* name) {
  if (!HasEscape(*name)) return absl::OkStatus();
  auto raw = RawLinkName(*name);
  if (!raw.ok()) return raw.status();
  *name = *std::move(raw);
  return absl::OkStatus();
}

// That a link is to have.
absl::Status New(const std::string& name) {
  if (!HasEscape(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the name \"", name, "\" ", WhyBadInterface(name).value_or("")));
}

absl::Status Both(absl::Status first, absl::Status second) { return first.ok() ? second : first; }

}  // namespace

absl::Status UnescapeLinks(v1::Operation& operation) {
  switch (operation.kind_case()) {
    case v1::Operation::kCreateVeth:
      return Both(New(operation.create_veth().a().name()), New(operation.create_veth().b().name()));
    case v1::Operation::kCreateBridge:
      return New(operation.create_bridge().name());
    case v1::Operation::kMoveLink:
      return Both(New(operation.move_link().to_name()), There(operation.mutable_move_link()->mutable_name()));
    case v1::Operation::kSetLink:
      return Both(New(operation.set_link().new_name()), There(operation.mutable_set_link()->mutable_name()));
    case v1::Operation::kDeleteLink:
      return There(operation.mutable_delete_link()->mutable_name());
    case v1::Operation::kDeleteBridge:
      return There(operation.mutable_delete_bridge()->mutable_name());
    case v1::Operation::kAddAddress:
      return There(operation.mutable_add_address()->mutable_link());
    case v1::Operation::kDeleteAddress:
      return There(operation.mutable_delete_address()->mutable_link());
    case v1::Operation::kAddRoute:
      return There(operation.mutable_add_route()->mutable_dev());
    case v1::Operation::kDeleteRoute:
      return There(operation.mutable_delete_route()->mutable_dev());
    case v1::Operation::kAttachLink:
      return Both(There(operation.mutable_attach_link()->mutable_link()),
                  There(operation.mutable_attach_link()->mutable_bridge()));
    case v1::Operation::kDetachLink:
      return Both(There(operation.mutable_detach_link()->mutable_link()),
                  There(operation.mutable_detach_link()->mutable_bridge()));
    case v1::Operation::kCreateNamespace:
    case v1::Operation::kDeleteNamespace:
    case v1::Operation::KIND_NOT_SET:
      break;
  }
  return absl::OkStatus();
}

std::optional<v1::OperationError> UnescapeLinks(v1::IntentDelivery& intent) {
  for (int i = 0; i < intent.operations_size(); ++i) {
    const absl::Status status = UnescapeLinks(*intent.mutable_operations(i));
    if (!status.ok()) return Explain(i, KindOf(intent.operations(i)), "", status);
  }
  return std::nullopt;
}

}  // namespace warren::executor
