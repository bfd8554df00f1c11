#ifndef WARREN_CLIENT_OUTPUT_HOST_TEXT_H_
#define WARREN_CLIENT_OUTPUT_HOST_TEXT_H_

// Hosts; see format.h.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/format.h"
#include "client/output/list_writer.h"
#include "warren/v1/hosts.pb.h"

namespace warren::cli {

Columns<v1::Host> HostColumns(const Style& style, Clock clock);
std::string HostsText(const std::vector<v1::Host>& hosts, const Style& style, absl::Time now);
std::string HostText(const v1::Host& host, const Style& style, absl::Time now);
// "rack=a1,zone=eu"; empty without labels.
std::string LabelsText(const v1::Host& host);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_HOST_TEXT_H_
