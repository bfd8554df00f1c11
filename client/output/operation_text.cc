#include "client/output/operation_text.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace warren::cli {
namespace {

std::string At(const std::string& netns, const std::string& name) { return absl::StrCat(netns, ":", name); }

// " word value", or nothing without a value.
std::string With(const char* word, const std::string& value) {
  return value.empty() ? "" : absl::StrCat(" ", word, " ", value);
}

template <typename Route>
std::string RouteWords(const Route& route) {
  std::string text = absl::StrCat(route.namespace_(), " ", route.destination(), With("via", route.via()),
                                  With("dev", route.dev()), With("src", route.src()));
  if (route.metric() != 0) absl::StrAppend(&text, " metric ", route.metric());
  if (route.table() != 0) absl::StrAppend(&text, " table ", route.table());
  return text;
}

std::string SetWords(const v1::SetLink& set) {
  std::string text = At(set.namespace_(), set.name());
  if (set.has_up()) absl::StrAppend(&text, set.up() ? " up" : " down");
  if (set.has_mtu()) absl::StrAppend(&text, " mtu ", set.mtu());
  return absl::StrCat(text, With("address", set.mac()), With("name", set.new_name()));
}

std::string Words(const v1::Operation& operation) {
  switch (operation.kind_case()) {
    case v1::Operation::kCreateNamespace:
      return operation.create_namespace().namespace_();
    case v1::Operation::kDeleteNamespace:
      return operation.delete_namespace().namespace_();
    case v1::Operation::kCreateVeth: {
      const auto& veth = operation.create_veth();
      return absl::StrCat(At(veth.a().namespace_(), veth.a().name()), " ", At(veth.b().namespace_(), veth.b().name()));
    }
    case v1::Operation::kMoveLink: {
      const auto& move = operation.move_link();
      const std::string to = move.to_name().empty() ? move.to_namespace() : At(move.to_namespace(), move.to_name());
      return absl::StrCat(At(move.namespace_(), move.name()), " ", to);
    }
    case v1::Operation::kDeleteLink:
      return At(operation.delete_link().namespace_(), operation.delete_link().name());
    case v1::Operation::kSetLink:
      return SetWords(operation.set_link());
    case v1::Operation::kAddAddress: {
      const auto& add = operation.add_address();
      return absl::StrCat(add.address(), With("peer", add.peer()), " dev ", At(add.namespace_(), add.link()));
    }
    case v1::Operation::kDeleteAddress: {
      const auto& remove = operation.delete_address();
      return absl::StrCat(remove.address(), With("peer", remove.peer()), " dev ",
                          At(remove.namespace_(), remove.link()));
    }
    case v1::Operation::kAddRoute:
      return absl::StrCat(RouteWords(operation.add_route()), operation.add_route().onlink() ? " onlink" : "");
    case v1::Operation::kDeleteRoute:
      return RouteWords(operation.delete_route());
    case v1::Operation::kCreateBridge:
      return At(operation.create_bridge().namespace_(), operation.create_bridge().name());
    case v1::Operation::kDeleteBridge:
      return At(operation.delete_bridge().namespace_(), operation.delete_bridge().name());
    case v1::Operation::kAttachLink: {
      const auto& attach = operation.attach_link();
      return absl::StrCat(At(attach.namespace_(), attach.link()), " ", attach.bridge());
    }
    case v1::Operation::kDetachLink: {
      const auto& detach = operation.detach_link();
      return absl::StrCat(At(detach.namespace_(), detach.link()), detach.bridge().empty() ? "" : " ", detach.bridge());
    }
    case v1::Operation::KIND_NOT_SET:
      break;
  }
  return "";
}

}  // namespace

std::string OperationKind(const v1::Operation& operation) {
  const auto* field = v1::Operation::descriptor()->FindFieldByNumber(operation.kind_case());
  return field == nullptr ? "none" : field->name();
}

std::string OperationText(const v1::Operation& operation) {
  const std::string words = Words(operation);
  return absl::StrCat(OperationKind(operation), words.empty() ? "" : " ", words);
}

std::string OperationsText(const google::protobuf::RepeatedPtrField<v1::Operation>& operations) {
  if (operations.empty()) return "";
  const std::string first = OperationText(operations[0]);
  return operations.size() == 1 ? first : absl::StrCat(first, ", and ", operations.size() - 1, " more");
}

}  // namespace warren::cli
