#ifndef WARREN_SERVER_FLAGS_H_
#define WARREN_SERVER_FLAGS_H_

// warren-server's command line (proto/common/flags.h) as a plain struct. Used by one thread, at start.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/flags.h"
#include "proto/common/listen_address.h"

namespace warren::server {

struct ServerFlags {
  std::vector<std::string> grpc_listen;           // empty: unix:RUN_DIR/server.sock and 127.0.0.1:7600
  std::string http_listen;                        // empty: not served
  std::string metrics_listen = "127.0.0.1:7602";  // "off": not served
  std::string state_dir = "/var/lib/warren/server";
  std::string run_dir = "/run/warren";
  std::string store;  // empty: sqlite:STATE_DIR/warren.db
  LogFlags log;

  uint32_t max_operations = 1000;
  uint64_t max_intent_bytes = 1 << 20;
  uint32_t max_batch = 1000;
  uint64_t max_queued_per_host = 10000;
  uint64_t max_queued_bytes = uint64_t{1} << 30;
  uint64_t max_waiters = 100000;
  uint64_t max_finished = 10'000'000;
  std::string retention = "168h";
  uint64_t retention_count = 1'000'000;
  uint64_t max_watches = 10000;  // of a kind
  uint64_t watch_buffer_bytes = uint64_t{64} << 20;
  uint32_t window = 1024;
  double heartbeat_interval = 5;  // seconds
  uint32_t max_agents = 20000;
  uint64_t max_message_bytes = 4 << 20;
  uint32_t max_metadata_bytes = 16 << 10;
  uint32_t max_calls_per_connection = 10000;
  uint64_t max_pending_to_agent = 65536;
  uint64_t http_max_connections = 10000;
  uint64_t http_max_header_bytes = 16 << 10;
  uint64_t http_max_in_flight = 10000;
  double http_idle_timeout = 60;    // seconds
  double http_header_timeout = 10;  // seconds
  double http_body_timeout = 30;    // seconds
  double http_write_timeout = 30;   // seconds
  std::vector<std::string> cors_origins;
  std::vector<std::string> exec_origins;
  std::vector<std::string> http_hosts;
  uint32_t workers = 4;
  uint64_t max_pending_calls = 10000;
  std::vector<uid_t> exec_uids;      // empty: 0 and the server's own
  std::string exec_loopback = "on";  // "off": commands are not offered there
  uint64_t exec_max_sessions_per_host = 256;
  uint64_t exec_max_sessions_per_caller = 256;
  uint64_t exec_max_sessions = 10000;
  std::string watch_history_duration = "10m";
  uint64_t watch_history_revisions = 200000;
};

// Fills `flags`; returns -1 to go on, or the exit code to end with.
int ParseServerFlags(int argc, const char* const* argv, ServerFlags& flags);

// What the flags come to. INVALID_ARGUMENT names the flag and what to do.
struct Settings {
  std::vector<ListenAddress> grpc_listen;
  std::optional<ListenAddress> http_listen;     // none: not served
  std::optional<ListenAddress> metrics_listen;  // none: not served
  std::string store_path;
  absl::Duration retention;
  absl::Duration watch_history_duration;
  std::vector<uid_t> exec_uids;  // that may run commands, on a unix socket
};
absl::StatusOr<Settings> Resolve(const ServerFlags& flags);

}  // namespace warren::server

#endif  // WARREN_SERVER_FLAGS_H_
