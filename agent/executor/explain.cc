#include "agent/executor/explain.h"

#include <errno.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/kernel/capabilities.h"
#include "agent/kernel/error.h"
#include "proto/common/utf8.h"

namespace warren::executor {
namespace {

// What helps against a refusal that the kernel has explained. An explanation that is not among these speaks for itself:
// advice by the errno alone could contradict it.
struct Explained {
  const char* extended_ack;
  const char* advice;
};
constexpr Explained kExplained[] = {
    {"IPv6 is disabled on", "set disable_ipv6 of the link (net.ipv6.conf) to 0 first"},
    {"Nexthop has invalid gateway", "the next hop is on no subnet of the link: add an address first, or say onlink"},
    {"Nexthop device is not up", "bring the link up first"},
    {"Device for nexthop is not up", "bring the link up first"},
};

std::string AdviceOnExplained(const std::string& kind, int error, const std::string& extended_ack) {
  // The same whatever the kernel calls it.
  if (error == EEXIST && absl::StartsWith(kind, "add_")) return "allow_existing adopts one that is as asked";
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

// Where the kernel has not explained itself; empty: the message says it, or nobody knows.
std::string Advice(const std::string& kind, int error) {
  const bool creates = absl::StartsWith(kind, "create_");
  const bool adds = absl::StartsWith(kind, "add_");
  const bool deletes = absl::StartsWith(kind, "delete_");
  switch (error) {
    case EEXIST:
      return creates ? "choose another name or delete that one first; allow_existing adopts one that is as asked"
             : adds  ? "allow_existing adopts one that is as asked"
                     : "choose another name, or delete or rename that one first";
    case ENOENT:
      return deletes ? "check the name; allow_missing counts it as deleted"
                     : "check the name, or create the namespace first";
    case EADDRNOTAVAIL:
      if (creates || kind == "set_link") return "a link takes a unicast address that is not all zeros";
      [[fallthrough]];
    case ENODEV:
    case ESRCH:
      return deletes ? "check what is there; allow_missing counts it as deleted" : "check the name, or create it first";
    case EINVAL:
      return kind == "move_link" ? "the kernel does not let this link leave its namespace"
             : creates           ? "check its MTU, its MAC and its queues"
                                 : "";
    case EBUSY:
      return kind == "attach_link" ? "detach it from that bridge first" : "";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "the next hop is on no subnet of the link: add an address first, or say onlink";
    case ENETDOWN:
      return "bring the link up first";
    case EPERM:
    case EACCES:
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

v1::OperationError Explain(int index, const std::string& kind, const std::string& object, const absl::Status& status) {
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
  const std::string advice = explanation.empty() ? Advice(kind, number) : AdviceOnExplained(kind, number, explanation);
  if (!advice.empty()) absl::StrAppend(&message, "; ", advice);
  error.set_message(ToUtf8(message));
  return error;
}

}  // namespace warren::executor
