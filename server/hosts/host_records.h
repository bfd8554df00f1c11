#ifndef WARREN_SERVER_HOSTS_HOST_RECORDS_H_
#define WARREN_SERVER_HOSTS_HOST_RECORDS_H_

// What the server knows of its hosts, kept in the store so that a restarted one still knows them: one row "h/HOST", a
// serialized warren.v1.Host.
//
// Threading: any thread. Saving does not wait: the newest value of a host is written as soon as the one before is
// durable, so that a host that comes and goes costs one write at a time; one that failed is tried again by Retry.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/common/logging.h"
#include "server/store/kv.h"
#include "warren/v1/hosts.pb.h"

namespace warren::hosts {

inline constexpr char kHostPrefix[] = "h/";

class HostRecords {
 public:
  HostRecords(store::Kv& kv, Logger logger);
  // What is on its way to disk goes on without it.
  ~HostRecords();

  // Every host saved before. DATA_LOSS naming the key of a row that cannot be understood; otherwise as Kv::Range.
  static absl::StatusOr<std::vector<v1::Host>> Load(store::Kv& kv);

  void Save(const std::string& host, const v1::Host& record);
  // Writes again what could not be written.
  void Retry();

 private:
  struct State;
  static void Write(const std::shared_ptr<State>& state, const std::string& host);

  std::shared_ptr<State> state_;  // shared with the store's callbacks
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_HOST_RECORDS_H_
