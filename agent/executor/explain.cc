#include "agent/executor/explain.h"

#include <errno.h>

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"

namespace warren::executor {
namespace {

// What to do about it; empty: the message says it, or nobody knows.
std::string Advice(const std::string& kind, int error) {
  const bool creates = absl::StartsWith(kind, "create_") || absl::StartsWith(kind, "add_");
  const bool deletes = absl::StartsWith(kind, "delete_");
  switch (error) {
    case EEXIST:
      return creates ? "choose another name or delete that one first; allow_existing adopts one that is as asked"
                     : "choose another name, or delete or rename that one first";
    case ENOENT:
      return deletes ? "check the name; allow_missing counts it as deleted"
                     : "check the name, or create the namespace first";
    case ENODEV:
    case ESRCH:
    case EADDRNOTAVAIL:
      return deletes ? "check what is there; allow_missing counts it as deleted" : "check the name, or create it first";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "the next hop is on no subnet of the link: add an address first, or say onlink";
    case ENETDOWN:
      return "bring the link up first";
    case EPERM:
    case EACCES:
      return "the agent lacks a capability: it needs CAP_NET_ADMIN and CAP_SYS_ADMIN";
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
  if (const std::string advice = Advice(kind, number); !advice.empty()) absl::StrAppend(&message, "; ", advice);
  error.set_message(message);
  return error;
}

}  // namespace warren::executor
