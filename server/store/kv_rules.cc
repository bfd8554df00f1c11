#include "server/store/kv_rules.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/common/mutex.h"

namespace warren::store {
namespace {

constexpr char kRefusedKeyUrl[] = "type.warren/store.refused-key";

std::string Quote(std::string_view key) {
  key = key.substr(0, 300);
  return absl::StrCat("\"", absl::CHexEscape(absl::string_view(key.data(), key.size())), "\"");
}

}  // namespace

absl::Status ValidateTransaction(const Transaction& transaction) {
  std::vector<std::string> faults;
  auto check_key = [&](std::string_view key) {
    if (key.empty()) {
      faults.push_back("an empty key");
    } else if (key.size() > Kv::kMaxKeyBytes) {
      faults.push_back(absl::StrCat("a key of ", key.size(), " bytes (at most ", Kv::kMaxKeyBytes, "): ", Quote(key)));
    }
  };
  for (const Compare& compare : transaction.compares) check_key(compare.key);
  for (const Mutation& mutation : transaction.mutations) {
    check_key(mutation.key);
    if (mutation.value.size() > Kv::kMaxValueBytes) {
      faults.push_back(absl::StrCat("a value of ", mutation.value.size(), " bytes (at most ", Kv::kMaxValueBytes,
                                    ") for key ", Quote(mutation.key)));
    }
  }
  if (transaction.mutations.size() > 1) {
    std::set<std::string_view> keys;
    for (const Mutation& mutation : transaction.mutations) {
      if (!keys.insert(mutation.key).second) {
        faults.push_back(absl::StrCat("a key touched twice: ", Quote(mutation.key)));
      }
    }
    for (const Mutation& mutation : transaction.mutations) {
      if (mutation.kind != Mutation::Kind::kDeletePrefix) continue;
      const auto after = keys.upper_bound(mutation.key);
      if (after != keys.end() && after->starts_with(mutation.key)) {
        faults.push_back(absl::StrCat("a key touched twice: ", Quote(*after), ", which prefix ", Quote(mutation.key),
                                      " deletes too"));
      }
    }
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("transaction with ", absl::StrJoin(faults, "; ")));
}

bool Holds(const Compare& compare, int64_t mod_revision) {
  switch (compare.kind) {
    case Compare::Kind::kMissing:
      return mod_revision == 0;
    case Compare::Kind::kExists:
      return mod_revision != 0;
    case Compare::Kind::kModRevisionEquals:
      // Of a key that does not exist nothing equals, not even 0.
      return mod_revision != 0 && mod_revision == compare.revision;
  }
  return false;
}

absl::Status RefusedStatus(const Compare& compare, int64_t mod_revision_found) {
  std::string expected;
  switch (compare.kind) {
    case Compare::Kind::kMissing:
      expected = "it was not to exist";
      break;
    case Compare::Kind::kExists:
      expected = "it was to exist";
      break;
    case Compare::Kind::kModRevisionEquals:
      expected = absl::StrCat("it was to be at revision ", compare.revision);
      break;
  }
  absl::Status status = absl::FailedPreconditionError(
      absl::StrCat("key ", Quote(compare.key), " ",
                   mod_revision_found == 0 ? "does not exist" : absl::StrCat("is at revision ", mod_revision_found),
                   ", but ", expected));
  status.SetPayload(kRefusedKeyUrl, absl::Cord(compare.key));
  return status;
}

std::string RefusedKey(const absl::Status& status) {
  const auto payload = status.GetPayload(kRefusedKeyUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

absl::Status CheckReadable(int64_t at_revision, int64_t revision, int64_t compacted) {
  if (at_revision < 0 || at_revision > revision) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no revision ", at_revision, " yet: the last one is ", revision));
  }
  if (at_revision < compacted) {
    return absl::OutOfRangeError(
        absl::StrCat("revision ", at_revision, " was compacted away: history begins at ", compacted));
  }
  return absl::OkStatus();
}

absl::Status CheckWatchable(int64_t from_revision, int64_t compacted) {
  if (from_revision < 0) return absl::InvalidArgumentError(absl::StrCat("there is no revision ", from_revision));
  if (from_revision <= compacted) {
    return absl::OutOfRangeError(absl::StrCat("the changes of revision ", from_revision,
                                              " were compacted away: history begins after ", compacted,
                                              "; read the range again and watch from there"));
  }
  return absl::OkStatus();
}

absl::Status CheckCompactable(int64_t to_revision, int64_t revision) {
  if (to_revision >= 0 && to_revision <= revision) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("there is no revision ", to_revision, " to compact to: the last one is ", revision));
}

absl::StatusOr<CommitResult> AwaitCommit(const std::function<absl::Status(CommitDone)>& start) {
  Mutex mutex;
  CondVar finished;
  std::optional<absl::StatusOr<CommitResult>> result;
  const absl::Status queued = start([&](absl::StatusOr<CommitResult> r) {
    MutexLock lock(&mutex);
    result = std::move(r);
    finished.Signal();
  });
  if (!queued.ok()) return queued;
  MutexLock lock(&mutex);
  while (!result.has_value()) finished.Wait(&mutex);
  return *std::move(result);
}

}  // namespace warren::store
