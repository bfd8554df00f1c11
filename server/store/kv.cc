#include "server/store/kv.h"

#include <set>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"

namespace warren::store {
namespace {

constexpr char kRefusedKeyUrl[] = "type.warren/store.refused-key";

absl::string_view View(std::string_view s) { return {s.data(), s.size()}; }
std::string Quote(std::string_view key) { return absl::StrCat("\"", absl::CHexEscape(View(key.substr(0, 300))), "\""); }

}  // namespace

RangeRequest RangeRequest::Prefix(std::string_view prefix) {
  RangeRequest request;
  request.start = std::string(prefix);
  request.end = PrefixEnd(prefix);
  return request;
}

RangeRequest RangeRequest::Single(std::string_view key) {
  RangeRequest request;
  request.start = std::string(key);
  request.end = request.start + '\0';
  request.limit = 1;
  return request;
}

absl::StatusOr<CommitResult> Kv::CommitAndWait(Transaction transaction) {
  absl::Notification finished;
  absl::StatusOr<CommitResult> result;
  const absl::Status queued = Commit(std::move(transaction), [&](absl::StatusOr<CommitResult> r) {
    result = std::move(r);
    finished.Notify();
  });
  if (!queued.ok()) return queued;
  finished.WaitForNotification();
  return result;
}

absl::StatusOr<KeyValue> Kv::Get(std::string_view key, int64_t at_revision) {
  RangeRequest request = RangeRequest::Single(key);
  request.at_revision = at_revision;
  auto result = Range(request);
  if (!result.ok()) return result.status();
  if (result->kvs.empty()) return absl::NotFoundError(absl::StrCat("no key ", Quote(key)));
  return std::move(result->kvs.front());
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    const auto last = static_cast<unsigned char>(end.back());
    if (last != 0xff) {
      end.back() = static_cast<char>(last + 1);
      return end;
    }
    end.pop_back();
  }
  return end;
}

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
  absl::Status status = absl::FailedPreconditionError(absl::StrCat(
      "key ", Quote(compare.key), " ",
      mod_revision_found == 0 ? "does not exist" : absl::StrCat("is at revision ", mod_revision_found), ", but ", expected));
  status.SetPayload(kRefusedKeyUrl, absl::Cord(compare.key));
  return status;
}

std::string RefusedKey(const absl::Status& status) {
  const auto payload = status.GetPayload(kRefusedKeyUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace warren::store
