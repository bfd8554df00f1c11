#include "agent/executor/explain.h"

#include <errno.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/kernel/capabilities.h"
#include "agent/kernel/error.h"
#include "proto/common/utf8.h"

namespace warren::executor {
namespace {

constexpr char kStepUrl[] = "warren/step";

constexpr char kAdviceOnIpv6[] = "set disable_ipv6 of the link (net.ipv6.conf) to 0 first";
constexpr char kAdviceOnUnicast[] = "a link takes a unicast address, and ::1 on its loopback alone";

// What helps against a refusal that the kernel has explained. An explanation that is not among these speaks for itself:
// advice by the errno alone could contradict it.
struct Explained {
  const char* extended_ack;
  const char* advice;
};
constexpr Explained kExplained[] = {
    {"IPv6 is disabled on", kAdviceOnIpv6},
    {"Cannot assign multicast address", kAdviceOnUnicast},
    {"Nexthop device is not up", "bring the link up first"},
    {"Device for nexthop is not up", "bring the link up first"},
};

std::string AdviceOnNextHop(const Said& said) {
  return absl::StrCat("the next hop is on no subnet of the link: add an address first",
                      said.onlink ? "" : ", or say onlink");
}

std::string AdviceOnExisting(const Said& said) {
  return said.allow_existing ? "" : "allow_existing adopts one that is as asked";
}

std::string AdviceOnExplained(const std::string& kind, int error, const std::string& extended_ack, const Said& said) {
  // The same whatever the kernel calls it.
  if (error == EEXIST && absl::StartsWith(kind, "add_")) return AdviceOnExisting(said);
  if (absl::StrContains(extended_ack, "Nexthop has invalid gateway")) {
    // EINVAL: it was found, and is a multicast or a broadcast address or one of this namespace (fib_check_nh_v4_gw).
    return error == EINVAL ? "a next hop is a unicast address, and another's" : AdviceOnNextHop(said);
  }
  for (const Explained& explained : kExplained) {
    if (absl::StrContains(extended_ack, explained.extended_ack)) return explained.advice;
  }
  return "";
}

std::string AdviceOnPermission() {
  const std::vector<std::string> missing = kernel::MissingCapabilities();
  if (missing.empty()) return "";
  return absl::StrCat("the agent lacks ", absl::StrJoin(missing, " and "), ": run it as root, or with these");
}

std::string AdviceOnMissing(const Said& said) { return said.allow_missing ? "" : "allow_missing counts it as deleted"; }

std::string Joined(const std::string& first, const std::string& second) {
  return second.empty() ? first : absl::StrCat(first, "; ", second);
}

// Where the kernel has not explained itself; empty: the message says it, or nobody knows.
std::string Advice(const std::string& kind, int error, const Said& said) {
  const bool creates = absl::StartsWith(kind, "create_");
  const bool adds = absl::StartsWith(kind, "add_");
  const bool deletes = absl::StartsWith(kind, "delete_");
  switch (error) {
    case EEXIST:
      if (adds) return AdviceOnExisting(said);
      if (!creates) return "choose another name, or delete or rename that one first";
      return Joined("choose another name or delete that one first", AdviceOnExisting(said));
    case ENOENT:
      return deletes ? Joined("check the name", AdviceOnMissing(said))
                     : "check the name, or create the namespace first";
    case EADDRNOTAVAIL:
      if (creates || kind == "set_link") return "a link takes a unicast address that is not all zeros";
      if (kind == "add_address") return kAdviceOnUnicast;  // ipv6_add_addr
      if (adds) return "";
      [[fallthrough]];
    case ENODEV:
    case ESRCH:
      return deletes ? Joined("check what is there", AdviceOnMissing(said)) : "check the name, or create it first";
    case EINVAL:
      return kind == "move_link" ? "the kernel does not let this link leave its namespace"
             : creates           ? "check its MTU, its MAC and its queues"
                                 : "";
    case EBUSY:
      return kind == "attach_link"
                 ? "what takes its packets (a macvlan, an ipvlan...), here or in another namespace, is "
                   "to be deleted first"
                 : "";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return AdviceOnNextHop(said);
    case ENETDOWN:
      return "bring the link up first";
    case EACCES:
      // Who lacks a capability gets EPERM; this is addrconf_add_dev, which older kernels do not explain.
      if (adds) return absl::StrCat("IPv6 is off there: ", kAdviceOnIpv6);
      [[fallthrough]];
    case EPERM:
      return AdviceOnPermission();
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
      return "the host is short of memory or descriptors; try again when it is not";
    case ENOSPC:
      return "the host has reached a limit (disk space, fs.mount-max or user.max_net_namespaces); raise it, or delete "
             "something";
    case EOPNOTSUPP:
      return "this kind of link cannot do that";
    default:
      return "";
  }
}

// A message's strings have to be UTF-8; the kernel's reasons hold names as others chose them.
std::string ToUtf8(std::string_view text) {
  std::string valid;
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text, at);
    if (length == 0) {
      absl::StrAppend(
          &valid, "=",
          absl::AsciiStrToUpper(absl::StrCat(absl::Hex(static_cast<unsigned char>(text[at]), absl::kZeroPad2))));
    } else {
      valid += text.substr(at, length);
    }
    at += std::max<size_t>(length, 1);
  }
  return valid;
}

}  // namespace

Said SaidIn(const v1::Operation& operation) {
  const auto* reflection = operation.GetReflection();
  const auto* kind = reflection->GetOneofFieldDescriptor(operation, v1::Operation::descriptor()->oneof_decl(0));
  if (kind == nullptr) return {};
  const google::protobuf::Message& message = reflection->GetMessage(operation, kind);
  const auto says = [&](const char* name) {
    const auto* field = message.GetDescriptor()->FindFieldByName(name);
    return field != nullptr && message.GetReflection()->GetBool(message, field);
  };
  return {says("allow_existing"), says("allow_missing"), says("onlink")};
}

absl::Status FailedAs(const std::string& kind, absl::Status status) {
  status.SetPayload(kStepUrl, absl::Cord(kind));
  return status;
}

v1::OperationError Explain(int index, const std::string& kind, const std::string& object, const absl::Status& status,
                           const Said& said) {
  v1::OperationError error;
  error.set_operation_index(index);
  error.set_operation(kind);
  error.set_object(object);
  error.set_code(static_cast<int>(status.code()));
  const int number = kernel::ErrnoOf(status);
  if (number != 0) {
    error.set_errno_value(number);
    error.set_errno_name(kernel::ErrnoName(number));
    error.set_extended_ack(kernel::ExtendedAckOf(status));
  }
  std::string message(status.message());
  const std::string& explanation = error.extended_ack();
  const auto step = status.GetPayload(kStepUrl);
  const std::string failed = step ? std::string(*step) : kind;
  const std::string advice =
      explanation.empty() ? Advice(failed, number, said) : AdviceOnExplained(failed, number, explanation, said);
  if (!advice.empty()) absl::StrAppend(&message, "; ", advice);
  error.set_message(ToUtf8(message));
  return error;
}

}  // namespace warren::executor
