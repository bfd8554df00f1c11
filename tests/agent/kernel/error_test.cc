#include "agent/kernel/error.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace warren::kernel {
namespace {

using ::testing::HasSubstr;

TEST(Error, CarriesWhatWasDoneTheErrnoAndTheExtendedAck) {
  const absl::Status status = ErrnoError(EBUSY, "renaming link eth0", "Device is up");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "renaming link eth0: EBUSY (Device or resource busy): Device is up");
  EXPECT_EQ(ErrnoOf(status), EBUSY);
  EXPECT_EQ(ExtendedAckOf(status), "Device is up");
}

TEST(Error, HasNoExtendedAckWhereTheKernelGaveNone) {
  const absl::Status status = ErrnoError(ENOENT, "opening");
  EXPECT_EQ(status.message(), "opening: ENOENT (No such file or directory)");
  EXPECT_EQ(ExtendedAckOf(status), "");
}

TEST(Error, MapsEachErrnoToItsCode) {
  const std::pair<int, absl::StatusCode> table[] = {
      {EEXIST, absl::StatusCode::kAlreadyExists},
      {ENOENT, absl::StatusCode::kNotFound},
      {ENODEV, absl::StatusCode::kNotFound},
      {ENXIO, absl::StatusCode::kNotFound},
      {ESRCH, absl::StatusCode::kNotFound},
      {EADDRNOTAVAIL, absl::StatusCode::kNotFound},
      {EPERM, absl::StatusCode::kPermissionDenied},
      {EACCES, absl::StatusCode::kPermissionDenied},
      {EINVAL, absl::StatusCode::kInvalidArgument},
      {ERANGE, absl::StatusCode::kInvalidArgument},
      {EBUSY, absl::StatusCode::kFailedPrecondition},
      {EOPNOTSUPP, absl::StatusCode::kFailedPrecondition},
      {ENETUNREACH, absl::StatusCode::kFailedPrecondition},
      {ENETDOWN, absl::StatusCode::kFailedPrecondition},
      {ENOMEM, absl::StatusCode::kResourceExhausted},
      {ENOBUFS, absl::StatusCode::kResourceExhausted},
      {ENOSPC, absl::StatusCode::kResourceExhausted},
      {EMFILE, absl::StatusCode::kResourceExhausted},
      {ENOTCONN, absl::StatusCode::kInternal},
      {EIO, absl::StatusCode::kInternal},
  };
  for (const auto& [error, code] : table) {
    const absl::Status status = ErrnoError(error, "x");
    EXPECT_EQ(status.code(), code) << ErrnoName(error);
    EXPECT_EQ(ErrnoOf(status), error);
    EXPECT_THAT(std::string(status.message()), HasSubstr(ErrnoName(error)));
  }
}

TEST(Error, NamesEveryErrnoTheOnesWithoutANameToo) {
  EXPECT_EQ(ErrnoName(ENETUNREACH), "ENETUNREACH");
  EXPECT_EQ(ErrnoName(4711), "errno 4711");
  EXPECT_THAT(std::string(ErrnoError(4711, "trying").message()), HasSubstr("errno 4711"));
}

TEST(Error, FindsNoErrnoInStatusesOfOthers) {
  EXPECT_EQ(ErrnoOf(absl::OkStatus()), 0);
  EXPECT_EQ(ErrnoOf(absl::NotFoundError("elsewhere")), 0);
  EXPECT_EQ(ExtendedAckOf(absl::NotFoundError("elsewhere")), "");
}

}  // namespace
}  // namespace warren::kernel
