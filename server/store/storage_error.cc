#include "server/store/storage_error.h"

#include <sys/statvfs.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/common/status_payload.h"

namespace warren::store {
namespace {

// A page of the write-ahead log's index, which grows by as much.
constexpr uint64_t kLeastSpace = 32768;

struct Advice {
  const char* full;
  const char* read_only;
  const char* damaged;
  const char* failed;
};

constexpr Advice kRunning = {
    "nothing was accepted; free some space and it goes on by itself",
    "nothing was accepted; make it writable (is the file system mounted read-only?) and it goes on by itself",
    "nothing is accepted any more; stop the server, see what is lost with `warren-server check` and put a backup back "
    "with `warren-server restore FILE`",
    "nothing was accepted; the kernel's log may say why",
};
constexpr Advice kOpening = {
    "free some space and start the server again",
    "make the file and its directory writable for the server's user (is the file system mounted read-only?) and start "
    "the server again",
    "see what is lost with `warren-server check` and put a backup back with `warren-server restore FILE`",
    "the kernel's log may say why",
};

// What SQLite saw as a failing disk may be a file system that is full or has been made read-only.
absl::Status Diagnose(const absl::Status& status, const std::string& path) {
  struct statvfs info {};
  if (!absl::IsUnavailable(status) || statvfs(path.c_str(), &info) != 0) return status;
  if ((info.f_flag & ST_RDONLY) != 0) return absl::FailedPreconditionError(status.message());
  if (uint64_t{info.f_bavail} * info.f_frsize < kLeastSpace) return absl::ResourceExhaustedError(status.message());
  return status;
}

absl::Status Explain(const absl::Status& status, const std::string& path, const Advice& advice) {
  if (status.ok() || !ReasonOf(status).empty()) return status;
  const std::string said(status.message());
  const auto say = [&](const char* problem, const char* what_to_do) {
    return absl::Status(status.code(), absl::StrCat("the store ", path, " ", problem, " (", said, "); ", what_to_do));
  };
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return status;  // the caller's
    case absl::StatusCode::kResourceExhausted:
      return WithRetry(WithReason(say("is on a full disk", advice.full), "STORE_FULL"), kRetryAfter);
    case absl::StatusCode::kFailedPrecondition:
      return WithReason(say("cannot be written", advice.read_only), "STORE_READ_ONLY");
    case absl::StatusCode::kDataLoss:
      return WithReason(say("is damaged", advice.damaged), "STORE_DAMAGED");
    default:
      return WithRetry(WithReason(say("failed", advice.failed), "STORE_FAILED"), kRetryAfter);
  }
}

}  // namespace

absl::Status StorageError(const absl::Status& status, const std::string& path) {
  return Explain(Diagnose(status, path), path, kRunning);
}

absl::Status OpenError(const absl::Status& status, const std::string& path) {
  return Explain(Diagnose(status, path), path, kOpening);
}

}  // namespace warren::store
