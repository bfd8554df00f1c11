#ifndef WARREN_PROTO_COMMON_PAGES_H_
#define WARREN_PROTO_COMMON_PAGES_H_

// The pages an operator's tools look at over HTTP, the same on every port of every daemon: /healthz (200 while the
// process answers), /readyz (200 when it takes work, otherwise 503 with the reason) and /metrics. civetweb, two threads
// of its own. Thread-safe.

#include <prometheus/collectable.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/listen_address.h"

class CivetHandler;
class CivetServer;

namespace warren {

struct Page {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};
// The pages by path, for whoever serves them himself. What is given outlives them.
std::map<std::string, std::function<Page()>> MakePages(const prometheus::Collectable& metrics,
                                                       std::function<absl::Status()> ready);

class Pages {
 public:
  // Serves until it dies. `metrics` outlives it and is asked, as `ready` is, on its threads. INVALID_ARGUMENT for a
  // unix socket, which civetweb cannot do; UNAVAILABLE when the address cannot be had.
  static absl::StatusOr<std::unique_ptr<Pages>> Serve(ListenAddress address, const prometheus::Collectable& metrics,
                                                      std::function<absl::Status()> ready);
  // Some 10 ms; up to 2 s while somebody is connected and asks for nothing.
  ~Pages();

  // "HOST:PORT" in use.
  const std::string& address() const { return bound_; }

 private:
  explicit Pages(ListenAddress address);

  ListenAddress address_;
  std::string bound_;
  std::vector<std::unique_ptr<CivetHandler>> handlers_;
  std::unique_ptr<CivetServer> server_;  // after what it calls
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_PAGES_H_
