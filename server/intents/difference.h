#ifndef WARREN_SERVER_INTENTS_DIFFERENCE_H_
#define WARREN_SERVER_INTENTS_DIFFERENCE_H_

// Says how what was asked of two intents (operations, expire_time) differs, for whoever used one request_id twice.
// Pure; thread-safe.

#include <string>

#include "warren/v1/intents.pb.h"

namespace warren::intents {

// "operations[1].create_veth.a.mtu: 1400 then, 1500 now; operations[2]: absent then, create_bridge {…} now". The first
// few differences, each value shortened. Empty: they are equal.
std::string DescribeDifference(const v1::Intent& then, const v1::Intent& now);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_DIFFERENCE_H_
