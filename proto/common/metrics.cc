#include "proto/common/metrics.h"

#include <prometheus/exposer.h>
#include <prometheus/gauge.h>

#include <exception>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/common/listen_address.h"
#include "proto/common/version.h"

namespace warren {

Metrics::Metrics() : registry_(std::make_shared<prometheus::Registry>()) {
  prometheus::BuildGauge()
      .Name("warren_build_info")
      .Help("Always 1; its label tells the version running")
      .Register(*registry_)
      .Add({{"version", kVersion}})
      .Set(1);
}

Metrics::~Metrics() = default;

absl::StatusOr<std::string> Metrics::Serve(const std::string& address) {
  auto parsed = ParseListenAddress(address);
  if (!parsed.ok()) return parsed.status();
  if (parsed->is_unix) {
    return absl::InvalidArgumentError(absl::StrCat("metrics are served over TCP only, not on ", address));
  }
  if (parsed->host == "localhost") parsed->host = "127.0.0.1";
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(parsed->ToString(), 2);
    exposer_->RegisterCollectable(registry_);
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics on ", address, ": ", error.what(), "; is the port taken?"));
  }
  parsed->port = exposer_->GetListeningPorts().front();
  return parsed->ToString();
}

void Metrics::StopServing() { exposer_.reset(); }

}  // namespace warren
