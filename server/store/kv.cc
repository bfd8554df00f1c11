#include "server/store/kv.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/store/kv_rules.h"

namespace warren::store {

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
  return AwaitCommit([&](CommitDone done) { return Commit(std::move(transaction), std::move(done)); });
}

absl::StatusOr<KeyValue> Kv::Get(std::string_view key, int64_t at_revision) {
  RangeRequest request = RangeRequest::Single(key);
  request.at_revision = at_revision;
  auto result = Range(request);
  if (!result.ok()) return result.status();
  if (result->kvs.empty())
    return absl::NotFoundError(
        absl::StrCat("no key \"", absl::CHexEscape(absl::string_view(key.data(), key.size())), "\""));
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

}  // namespace warren::store
