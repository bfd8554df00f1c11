#ifndef WARREN_SERVER_METRICS_PAGES_H_
#define WARREN_SERVER_METRICS_PAGES_H_

// The pages an operator's tools look at over HTTP: /healthz (200 while the process answers), /readyz (200 when it takes
// work, otherwise 503 with the reason) and /metrics. civetweb, two threads of its own. Thread-safe.

#include <prometheus/registry.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/listen_address.h"

class CivetHandler;
class CivetServer;

namespace warren::metrics {

class Pages {
 public:
  // Serves until it dies. `ready` is called on its threads. UNAVAILABLE when the address cannot be had.
  static absl::StatusOr<std::unique_ptr<Pages>> Serve(ListenAddress address, prometheus::Registry& registry,
                                                      std::function<absl::Status()> ready);
  ~Pages();

  // "HOST:PORT" in use.
  const std::string& address() const { return address_; }

 private:
  Pages();

  std::vector<std::unique_ptr<CivetHandler>> handlers_;
  std::unique_ptr<CivetServer> server_;  // after what it calls
  std::string address_;
};

}  // namespace warren::metrics

#endif  // WARREN_SERVER_METRICS_PAGES_H_
