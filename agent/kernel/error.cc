#include "agent/kernel/error.h"

#include <errno.h>
#include <string.h>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/common/string_view.h"

namespace warren::kernel {
namespace {

constexpr char kErrnoUrl[] = "warren/errno";
constexpr char kExtendedAckUrl[] = "warren/extended_ack";

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH:
    case EADDRNOTAVAIL:
      return absl::StatusCode::kNotFound;
    case EPERM:
    case EACCES:
      return absl::StatusCode::kPermissionDenied;
    case EINVAL:
    case ERANGE:
    case ENAMETOOLONG:
      return absl::StatusCode::kInvalidArgument;
    case EBUSY:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTUNREACH:
    case ELOOP:
      return absl::StatusCode::kFailedPrecondition;
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

std::string ErrnoName(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : absl::StrCat("errno ", error);
}

absl::Status ErrnoError(int error, std::string_view doing, std::string_view extended_ack) {
  std::string message = absl::StrCat(AbslView(doing), ": ", ErrnoName(error), " (", strerrordesc_np(error), ")");
  if (!extended_ack.empty()) absl::StrAppend(&message, ": ", AbslView(extended_ack));
  absl::Status status(CodeOf(error), message);
  status.SetPayload(kErrnoUrl, absl::Cord(absl::StrCat(error)));
  if (!extended_ack.empty()) status.SetPayload(kExtendedAckUrl, absl::Cord(AbslView(extended_ack)));
  return status;
}

int ErrnoOf(const absl::Status& status) {
  int error = 0;
  if (const auto payload = status.GetPayload(kErrnoUrl)) {
    if (!absl::SimpleAtoi(std::string(*payload), &error)) return 0;
  }
  return error;
}

std::string ExtendedAckOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kExtendedAckUrl);
  return payload ? std::string(*payload) : std::string();
}

}  // namespace warren::kernel
