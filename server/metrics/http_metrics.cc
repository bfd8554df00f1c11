#include "server/metrics/http_metrics.h"

#include <algorithm>
#include <string>

#include "server/metrics/families.h"

namespace warren::metrics {

HttpMetrics::HttpMetrics(prometheus::Registry& registry)
    : requests_(Counter(registry, "warren_http_requests_total", "HTTP requests answered, refused ones included")),
      connections_(Gauge(registry, "warren_http_connections", "HTTP connections open").Add({})),
      in_flight_(Gauge(registry, "warren_http_in_flight", "HTTP requests being answered by a call").Add({})),
      slow_readers_(Counter(registry, "warren_http_slow_readers_total",
                            "HTTP connections cut because their client took nothing of an answer for too long")
                        .Add({})) {}

void HttpMetrics::OnAnswer(int status) {
  status = std::clamp(status, kFirst, kLast);
  auto& counter = by_status_[static_cast<size_t>(status - kFirst)];
  // Two that come here at once get the same one.
  if (counter.load(std::memory_order_acquire) == nullptr) {
    counter.store(&requests_.Add({{"code", std::to_string(status)}}), std::memory_order_release);
  }
  counter.load(std::memory_order_acquire)->Increment();
}

}  // namespace warren::metrics
