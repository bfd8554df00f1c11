#ifndef WARREN_SERVER_INVENTORY_VIEW_H_
#define WARREN_SERVER_INVENTORY_VIEW_H_

// Namespaces as they are shown, and whether they differ. Pure; thread-safe.

#include <cstdint>
#include <string>

#include "warren/v1/inventory.pb.h"
#include "warren/v1/namespaces.pb.h"

namespace warren::inventory {

// "red" of "hosts/h1/namespaces/red".
std::string LastSegment(const std::string& name);

// Without links and routes.
v1::Namespace BasicView(const v1::Namespace& netns);

// A serialized NamespaceEvent.
std::string EncodeEvent(v1::NamespaceEvent::Type type, const v1::Namespace& netns, int64_t revision);
// The same of a serialized namespace.
std::string EncodeEvent(v1::NamespaceEvent::Type type, const std::string& netns, int64_t revision);
// Appends a field whose number is below 16, with these bytes.
void AppendField(char tag, const std::string& bytes, std::string& out);

// Equal for two namespaces that differ in nothing but what changes by itself (when they were looked at, the counters of
// links, and what is left of the lifetimes of addresses and routes) or the order of links and routes. (And for two
// others once in 2^64 times.) It is the sum of those of the links, those of the routes, and that of the namespace
// without them. What is given is as it was when this returns.
uint64_t Fingerprint(v1::Namespace& netns);
uint64_t Fingerprint(v1::Link& link);
uint64_t Fingerprint(v1::Route& route);

}  // namespace warren::inventory

#endif  // WARREN_SERVER_INVENTORY_VIEW_H_
