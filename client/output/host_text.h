#ifndef WARREN_CLIENT_OUTPUT_HOST_TEXT_H_
#define WARREN_CLIENT_OUTPUT_HOST_TEXT_H_

// Hosts; see format.h.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/format.h"
#include "warren/v1/hosts.pb.h"

namespace warren::cli {

std::string HostsText(const std::vector<v1::Host>& hosts, Format format, absl::Time now);
std::string HostText(const v1::Host& host, Format format, absl::Time now);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_HOST_TEXT_H_
