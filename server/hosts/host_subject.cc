#include "server/hosts/host_subject.h"

#include <cstdint>
#include <string>

#include "google/protobuf/timestamp.pb.h"
#include "server/hosts/hello.h"

namespace warren::hosts {
namespace {

enum FieldIndex : size_t {
  kName,
  kHost,
  kConnected,
  kLabels,
  kBootId,
  kAgentVersion,
  kKernelRelease,
  kQueuedIntents,
  kNamespaceCount,
  kConnectTime,
  kLastSeenTime,
};

filter::Value Time(bool there, const google::protobuf::Timestamp& time) {
  if (!there) return std::monostate();
  return FromTimestamp(time);
}

filter::Value Of(const v1::Host& record, size_t field, std::string_view key) {
  switch (field) {
    case kName:
    case kHost: {
      const std::string_view name = record.name();
      return name.substr(name.find('/') + 1);
    }
    case kConnected:
      return record.connected();
    case kLabels: {
      const auto found = record.labels().find(std::string(key));
      if (found == record.labels().end()) return std::monostate();
      return std::string_view(found->second);
    }
    case kBootId:
      return std::string_view(record.boot_id());
    case kAgentVersion:
      return std::string_view(record.agent_version());
    case kKernelRelease:
      return std::string_view(record.kernel_release());
    case kQueuedIntents:
      return int64_t{record.queued_intents()};
    case kNamespaceCount:
      return int64_t{record.namespace_count()};
    case kConnectTime:
      return Time(record.has_connect_time(), record.connect_time());
    case kLastSeenTime:
      return Time(record.has_last_seen_time(), record.last_seen_time());
    default:
      return std::monostate();
  }
}

}  // namespace

const filter::Schema& HostListSchema() {
  using filter::Type;
  static const filter::Schema* const schema = new filter::Schema{
      {"name", Type::kString, {}},           {"host", Type::kString, {}},        {"connected", Type::kBool, {}},
      {"labels", Type::kStringMap, {}},      {"boot_id", Type::kString, {}},     {"agent_version", Type::kString, {}},
      {"kernel_release", Type::kString, {}}, {"queued_intents", Type::kInt, {}}, {"namespace_count", Type::kInt, {}},
      {"connect_time", Type::kTime, {}},     {"last_seen_time", Type::kTime, {}}};
  return *schema;
}

const filter::Schema& HostWatchSchema() {
  static const filter::Schema* const schema =
      new filter::Schema(HostListSchema().begin(), HostListSchema().begin() + kQueuedIntents);
  return *schema;
}

filter::Value HostSubject::Get(size_t field, std::string_view key) const { return Of(*record_, field, key); }

filter::Value PresentHost::Get(size_t field, std::string_view key) const {
  switch (field) {
    case kQueuedIntents:
      return static_cast<int64_t>(present_.queued_intents());
    case kNamespaceCount:
      return static_cast<int64_t>(present_.namespace_count());
    case kLastSeenTime:
      if (present_.last_seen == absl::InfinitePast()) return std::monostate();
      return present_.last_seen;
    default:
      return Of(record_, field, key);
  }
}

}  // namespace warren::hosts
