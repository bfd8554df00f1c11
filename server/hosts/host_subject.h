#ifndef WARREN_SERVER_HOSTS_HOST_SUBJECT_H_
#define WARREN_SERVER_HOSTS_HOST_SUBJECT_H_

// A host as filters see it.

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "server/filter/filter.h"
#include "warren/v1/hosts.pb.h"

namespace warren::hosts {

// "name" (its last segment) and "host", which are the same; "connected", "labels", "boot_id", "agent_version",
// "kernel_release"; for lists also "queued_intents", "namespace_count", "connect_time", "last_seen_time", of which
// watches hear nothing.
const filter::Schema& HostListSchema();
const filter::Schema& HostWatchSchema();

// Never changes; thread-safe.
class HostSubject : public filter::Subject {
 public:
  explicit HostSubject(std::shared_ptr<const v1::Host> record) : record_(std::move(record)) {}

  // Fields of either schema; the counts are what the record has.
  filter::Value Get(size_t field, std::string_view key) const override;

 private:
  const std::shared_ptr<const v1::Host> record_;
};

// For lists: counts and the last-seen time are looked up when a filter asks for them. Lives no longer than what it
// refers to.
class PresentHost : public filter::Subject {
 public:
  struct Present {
    std::function<size_t()> queued_intents;
    std::function<size_t()> namespace_count;
    absl::Time last_seen = absl::InfinitePast();  // InfinitePast: never
  };
  PresentHost(const v1::Host& record, Present present) : record_(record), present_(std::move(present)) {}

  filter::Value Get(size_t field, std::string_view key) const override;

 private:
  const v1::Host& record_;
  const Present present_;
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HOST_SUBJECT_H_
