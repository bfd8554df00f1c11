#ifndef WARREN_SERVER_HOSTS_HOST_RECORDS_H_
#define WARREN_SERVER_HOSTS_HOST_RECORDS_H_

// What the server knows of its hosts, kept in the store so that a restarted one still knows them: one row "h/HOST", a
// serialized warren.v1.Host. (The row "h/", of no host, is HostFeed's.)
//
// Threading: any thread. Saving does not wait: the newest value of a host is written as soon as the one before is
// durable, so that a host that comes and goes costs one write at a time; one that failed is tried again by Retry.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/logging.h"
#include "server/store/kv.h"
#include "warren/v1/hosts.pb.h"

namespace warren::hosts {

inline constexpr char kHostPrefix[] = "h/";
std::string RecordKey(std::string_view host);
// DATA_LOSS naming the row's key.
absl::StatusOr<v1::Host> ParseRecord(const store::KeyValue& row);

class HostRecords {
 public:
  HostRecords(store::Kv& kv, Logger logger);
  // What is on its way to disk goes on without it.
  ~HostRecords();

  // Every host saved before, by name. Errors as ParseRecord and Kv::Range.
  static absl::StatusOr<std::vector<v1::Host>> Load(store::Kv& kv);

  void Save(const std::string& host, const v1::Host& record);
  // Saves many at a time, for the start: returns when they are durable, or have failed and wait for Retry.
  void SaveNow(const std::vector<v1::Host>& records);
  // Writes again what could not be written.
  void Retry();
  // What was saved and is not on its way to disk yet never will be: whoever deletes the row next deletes it for good.
  void Drop(const std::string& host);

 private:
  struct State;
  static void Write(const std::shared_ptr<State>& state, const std::string& host);
  static void Written(const std::shared_ptr<State>& state, const std::string& host, uint64_t id,
                      const absl::Status& status);

  std::shared_ptr<State> state_;  // shared with the store's callbacks
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HOST_RECORDS_H_
