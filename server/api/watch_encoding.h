#ifndef WARREN_SERVER_API_WATCH_ENCODING_H_
#define WARREN_SERVER_API_WATCH_ENCODING_H_

// Puts the response messages of watches together from events that are encoded already, so that one encoding serves all
// who watch. WatchHostsResponse, WatchIntentsResponse and WatchNamespacesResponse look the same on the wire: events are
// field 1, the revision is field 2; and so do their events: type is field 1, the revision field 3. A test holds them to
// it. Pure; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace warren::api {

class WatchResponse {
 public:
  // Bytes that follow those of the piece before: its own, or of something that `owner` keeps.
  struct Piece {
    std::string own;
    std::string_view shared;
    std::shared_ptr<const void> owner;

    std::string_view bytes() const { return owner ? shared : std::string_view(own); }
  };

  // A serialized event. Small ones are copied, which costs less than to send them from where they are.
  void Add(std::string_view event, const std::shared_ptr<const void>& owner);
  void Add(std::string event);

  size_t events() const { return events_; }

  // The message: events and, unless it is 0, the revision. Leaves an empty response.
  std::vector<Piece> Finish(int64_t revision);

 private:
  void Flush();

  size_t events_ = 0;
  std::string own_;  // of the piece that is being written
  std::vector<Piece> pieces_;
};

// A serialized event of type SYNCED, which all kinds number alike.
std::string EncodeSynced(int64_t revision);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_WATCH_ENCODING_H_
