#include "server/hosts/capabilities.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"

namespace warren::hosts {
namespace {

struct Needs {
  bool netns = false, veth = false, bridge = false, ipv6 = false;

  void Namespace(const std::string& name) { netns |= name != kHostNamespace; }
  void Ip(const std::string& text) { ipv6 |= text.find(':') != std::string::npos; }
  template <typename Addresses>
  void Ips(const Addresses& addresses) {
    for (const std::string& address : addresses) Ip(address);
  }
};

void End(Needs& needs, const v1::VethEnd& end) {
  needs.Namespace(end.namespace_());
  needs.Ips(end.addresses());
}

void Route(Needs& needs, const std::string& netns, const std::string& destination, const std::string& via,
           const std::string& src) {
  needs.Namespace(netns);
  needs.Ip(destination);
  needs.Ip(via);
  needs.Ip(src);
}

void Add(Needs& needs, const v1::Operation& operation) {
  switch (operation.kind_case()) {
    case v1::Operation::kCreateNamespace:
      needs.netns = true;
      break;
    case v1::Operation::kDeleteNamespace:
      needs.netns = true;
      break;
    case v1::Operation::kCreateVeth:
      needs.veth = true;
      End(needs, operation.create_veth().a());
      End(needs, operation.create_veth().b());
      break;
    case v1::Operation::kMoveLink:
      needs.Namespace(operation.move_link().namespace_());
      needs.Namespace(operation.move_link().to_namespace());
      break;
    case v1::Operation::kDeleteLink:
      needs.Namespace(operation.delete_link().namespace_());
      break;
    case v1::Operation::kSetLink:
      needs.Namespace(operation.set_link().namespace_());
      break;
    case v1::Operation::kAddAddress:
      needs.Namespace(operation.add_address().namespace_());
      needs.Ip(operation.add_address().address());
      break;
    case v1::Operation::kDeleteAddress:
      needs.Namespace(operation.delete_address().namespace_());
      needs.Ip(operation.delete_address().address());
      break;
    case v1::Operation::kAddRoute: {
      const v1::AddRoute& route = operation.add_route();
      Route(needs, route.namespace_(), route.destination(), route.via(), route.src());
      break;
    }
    case v1::Operation::kDeleteRoute: {
      const v1::DeleteRoute& route = operation.delete_route();
      Route(needs, route.namespace_(), route.destination(), route.via(), route.src());
      break;
    }
    case v1::Operation::kCreateBridge:
      needs.bridge = true;
      needs.Namespace(operation.create_bridge().namespace_());
      needs.Ips(operation.create_bridge().addresses());
      break;
    case v1::Operation::kDeleteBridge:
      needs.bridge = true;
      needs.Namespace(operation.delete_bridge().namespace_());
      break;
    case v1::Operation::kAttachLink:
      needs.bridge = true;
      needs.Namespace(operation.attach_link().namespace_());
      break;
    case v1::Operation::kDetachLink:
      needs.bridge = true;
      needs.Namespace(operation.detach_link().namespace_());
      break;
    case v1::Operation::KIND_NOT_SET:
      break;
  }
}

absl::Status Missing(const std::string& host, const std::string& capability, const std::string& reason) {
  return WithReason(absl::FailedPreconditionError(absl::StrCat("host ", host, ": ", reason)), "CAPABILITY_MISSING",
                    {{"host", host}, {"capability", capability}});
}

// OK, or that the host says it has it not.
absl::Status CheckOne(const std::string& host, const google::protobuf::RepeatedPtrField<v1::Capability>& capabilities,
                      std::string_view name) {
  for (const v1::Capability& capability : capabilities) {
    if (capability.name() != name || capability.available()) continue;
    return Missing(host, capability.name(),
                   capability.reason().empty() ? absl::StrCat("kernel has no \"", capability.name(), "\" support")
                                               : capability.reason());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCapabilities(const std::string& host,
                               const google::protobuf::RepeatedPtrField<v1::Capability>& capabilities,
                               const google::protobuf::RepeatedPtrField<v1::Operation>& operations) {
  Needs needs;
  for (const v1::Operation& operation : operations) Add(needs, operation);
  std::vector<std::string_view> needed;
  if (needs.netns) needed.push_back("netns");
  if (needs.veth) needed.push_back("veth");
  if (needs.bridge) needed.push_back("bridge");
  if (needs.ipv6) needed.push_back("ipv6");
  for (const std::string_view name : needed) {
    if (absl::Status missing = CheckOne(host, capabilities, name); !missing.ok()) return missing;
  }
  return absl::OkStatus();
}

absl::Status CheckExec(const std::string& host,
                       const google::protobuf::RepeatedPtrField<v1::Capability>& capabilities) {
  constexpr char kExec[] = "exec";
  const bool told = std::any_of(capabilities.begin(), capabilities.end(),
                                [&](const v1::Capability& capability) { return capability.name() == kExec; });
  if (told) return CheckOne(host, capabilities, kExec);
  return Missing(host, kExec, "its agent is of a version that runs no commands; install the server's version there");
}

}  // namespace warren::hosts
