#ifndef WARREN_CLIENT_ARGS_PLACE_ARGS_H_
#define WARREN_CLIENT_ARGS_PLACE_ARGS_H_

// Places as commands want them: with or without namespace and interface. Pure; thread-safe. Errors are INVALID_ARGUMENT
// and show the form that was expected.

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/common/names.h"
#include "warren/v1/intents.pb.h"
#include "warren/v1/operations.pb.h"

namespace warren::cli {

// What a command asks of one host: the parsed form of every command line that changes something.
struct Change {
  std::string host;
  v1::Intent intent;  // only operations are set

  v1::Operation* Add() { return intent.add_operations(); }
};

// "h1/red" of the resource's name, "hosts/h1/namespaces/red", which every place may be given as; anything else as it
// is.
std::string ShortPlace(std::string_view text);
// "HOST", or "hosts/HOST".
absl::StatusOr<std::string> ParseHostArgument(std::string_view text);
// "HOST/NS".
absl::StatusOr<Place> ParseNetnsArgument(std::string_view text);
// "HOST/NS:IF".
absl::StatusOr<Place> ParseLinkArgument(std::string_view text);
// "HOST/NS" or "HOST/NS:IF".
absl::StatusOr<Place> ParseNetnsOrLinkArgument(std::string_view text);
// The same of a link that is to be made, whose name is shorter than an alternative one may be.
absl::StatusOr<Place> ParseNewLinkArgument(std::string_view text);
// A place on a host that is known already: "NS", "NS:IF", or with that same host in front; where a link is made.
absl::StatusOr<Place> ParsePlaceOn(std::string_view host, std::string_view text);
// "HOST/ID" or "hosts/HOST/intents/ID"; returns the latter.
absl::StatusOr<std::string> ParseIntentArgument(std::string_view text);

// "h1/red:eth0", "h1/red" or "h1".
std::string PlaceText(const Place& place);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_PLACE_ARGS_H_
