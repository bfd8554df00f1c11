#include "server/gateway/metadata.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/common/string_view.h"

namespace warren::gateway {
namespace {

constexpr const char* kHandedOn[] = {"authorization", "traceparent", "tracestate", "x-request-id"};
constexpr char kMetadata[] = "grpc-metadata-";
// Ours alone to say: services tell by it who asks from the server's own host.
constexpr char kPeer[] = "x-forwarded-for";

// gRPC ends the process at a key or a value that it takes for a mistake of ours; its own keys are not for others.
bool IsMetadata(std::string_view key, std::string_view value) {
  return !key.empty() && !absl::EndsWith(AbslView(key), "-bin") && !absl::StartsWith(AbslView(key), "grpc-") &&
         key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") == std::string_view::npos &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

void HandBack(const char* prefix, const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, Headers& headers) {
  for (const auto& [key, value] : metadata) {
    const std::string_view name(key.data(), key.size()), text(value.data(), value.size());
    if (IsMetadata(name, text) && name != "content-type" && name != "user-agent") {
      headers.emplace_back(absl::StrCat(prefix, AbslView(name)), std::string(text));
    }
  }
}

}  // namespace

void HandOn(const HttpRequest& request, grpc::ClientContext& context) {
  for (const auto& [name, value] : request.headers) {
    std::string_view key = name;
    if (std::find(std::begin(kHandedOn), std::end(kHandedOn), key) == std::end(kHandedOn)) {
      if (!absl::StartsWith(name, kMetadata)) continue;
      key.remove_prefix(sizeof kMetadata - 1);
    }
    if (key != kPeer && IsMetadata(key, value)) context.AddMetadata(std::string(key), value);
  }
  context.AddMetadata(kPeer, request.peer);
}

void HandBackInitial(const grpc::ClientContext& context, Headers& headers) {
  HandBack("Grpc-Metadata-", context.GetServerInitialMetadata(), headers);
}

void HandBackTrailing(const grpc::ClientContext& context, Headers& headers) {
  HandBack("Grpc-Trailer-", context.GetServerTrailingMetadata(), headers);
}

}  // namespace warren::gateway
