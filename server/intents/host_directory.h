#ifndef WARREN_SERVER_INTENTS_HOST_DIRECTORY_H_
#define WARREN_SERVER_INTENTS_HOST_DIRECTORY_H_

// What the queue asks about a host before it accepts an intent for it, and tells when it was the first to hear of it.

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "warren/v1/operations.pb.h"

namespace warren::intents {

using Operations = google::protobuf::RepeatedPtrField<v1::Operation>;
using Labels = std::map<std::string, std::string, std::less<>>;

// Threading: called from any thread, never under a lock of the queue; must not block.
class HostDirectory {
 public:
  virtual ~HostDirectory() = default;

  // An agent of this host has connected at least once.
  virtual bool Known(const std::string& host) const = 0;

  // OK, or FAILED_PRECONDITION naming what the host's kernel lacks for these operations ("host h1: kernel has no
  // network namespace support (CONFIG_NET_NS)"). OK for a host that is not known: nobody can say yet.
  virtual absl::Status CheckCapabilities(const std::string& host, const Operations& operations) const = 0;

  // What filters see of the host. Null: none.
  virtual std::shared_ptr<const Labels> LabelsOf(const std::string& host) const = 0;

  // An intent was accepted for a host that had none; whoever keeps hosts shows it from now on, connected or not. Comes
  // again after a restart of the server.
  virtual void Introduce(const std::string& host) = 0;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_HOST_DIRECTORY_H_
