#include "server/gateway/query.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/gateway/fields.h"
#include "server/gateway/path.h"

namespace warren::gateway {
namespace {

absl::Status About(const std::string& name, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("query parameter \"", absl::Utf8SafeCHexEscape(name), "\": ", std::string(what)));
}

std::string ProtoName(const FieldPath& path) {
  std::string name;
  for (const auto* field : path) absl::StrAppend(&name, name.empty() ? "" : ".", field->name());
  return name;
}

bool IsWithin(const std::string& name, const std::string& outer) {
  return name == outer || absl::StartsWith(name, outer + ".");
}

}  // namespace

absl::StatusOr<Parameters> ParseQuery(std::string_view query) {
  Parameters parameters;
  for (size_t begin = 0; begin < query.size();) {
    const size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view one = query.substr(begin, end - begin);
    begin = end + 1;
    if (one.empty()) continue;
    if (parameters.size() == kMaxParameters) {
      return absl::InvalidArgumentError(absl::StrCat("the query has more than ", kMaxParameters, " parameters"));
    }
    const size_t equals = one.find('=');
    auto name = DecodeQuery(one.substr(0, equals));
    if (!name.ok()) return About(std::string(one.substr(0, equals)), std::string(name.status().message()));
    auto value = DecodeQuery(equals == std::string_view::npos ? "" : one.substr(equals + 1));
    if (!value.ok()) return About(*name, std::string(value.status().message()));
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

absl::Status FillFromQuery(const Parameters& parameters, const std::vector<std::string>& bound,
                           google::protobuf::Message& message) {
  for (const auto& [name, value] : parameters) {
    const auto path = FindField(*message.GetDescriptor(), name);
    if (!path.ok()) return About(name, std::string(path.status().message()));
    const std::string proto_name = ProtoName(*path);
    for (const std::string& other : bound) {
      if (IsWithin(proto_name, other) || IsWithin(other, proto_name)) {
        return About(name, absl::StrCat("the path or the body gives ", other));
      }
    }
    if (auto status = SetField(message, *path, value); !status.ok()) {
      return About(name, std::string(status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace warren::gateway
