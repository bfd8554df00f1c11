#ifndef WARREN_SERVER_GATEWAY_OBSERVER_H_
#define WARREN_SERVER_GATEWAY_OBSERVER_H_

// Plain calls for whoever counts: the gateway itself knows no metrics library. Any thread, several at once; must not
// block.

namespace warren::gateway {

// By itself it counts nothing.
class HttpObserver {
 public:
  virtual ~HttpObserver() = default;

  virtual void OnConnections(int /*change*/) {}
  // An answer, a refusal or the beginning of a stream, with its HTTP status.
  virtual void OnAnswer(int /*status*/) {}
  // RPCs under way, watches among them.
  virtual void OnInFlight(int /*change*/) {}
  // A connection is cut since its client took nothing of an answer for too long.
  virtual void OnSlowReader() {}
};

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_OBSERVER_H_
