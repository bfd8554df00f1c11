#ifndef WARREN_CLIENT_OUTPUT_IP_TEXT_H_
#define WARREN_CLIENT_OUTPUT_IP_TEXT_H_

// Links, addresses and routes of one namespace, laid out as `ip` does it; see format.h. As names they are what the
// commands take: "h1/red:eth0", "10.0.0.1/24 dev h1/red:eth0", "h1/red default via 10.0.0.254 dev eth0". Addresses as
// data are their links, as with `ip -j address`.
//
// Times that run out are shown as they are now: age is how long ago they were read. Data has them as they were read.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/format.h"
#include "proto/common/names.h"
#include "warren/v1/inventory.pb.h"

namespace warren::cli {

// place: the namespace they are in.
std::string LinksText(const Place& place, const std::vector<v1::Link>& links, Format format);
std::string AddressesText(const Place& place, const std::vector<v1::Link>& links, Format format,
                          absl::Duration age = absl::ZeroDuration());
std::string RoutesText(const Place& place, const std::vector<v1::Route>& routes, Format format,
                       absl::Duration age = absl::ZeroDuration());

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_IP_TEXT_H_
