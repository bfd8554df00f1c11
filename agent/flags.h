#ifndef WARREN_AGENT_FLAGS_H_
#define WARREN_AGENT_FLAGS_H_

// warren-agent's command line (proto/common/flags.h) as a plain struct. Used by one thread, at start.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/flags.h"

namespace warren::agent {

struct AgentFlags {
  std::string server = "unix:/run/warren/server.sock";
  std::string host;                 // empty: the hostname
  std::vector<std::string> labels;  // each KEY=VALUE, or several with a comma between them
  std::string state_dir = "/var/lib/warren/agent";
  std::string run_dir = "/run/warren";
  std::string netns_dir = "/run/netns";
  std::string metrics_listen = "127.0.0.1:7603";  // "off": not served
  std::string release_timeout = "5s";
  uint32_t max_queued = 20000;
  uint32_t warm_namespaces = 64;
  std::string inventory_check = "10m";  // "0": none
  bool enable_exec = false;
  std::vector<std::string> exec_allow;       // empty: every command
  std::vector<std::string> exec_allow_user;  // empty: every user
  uint32_t exec_max_sessions = 256;
  std::string exec_max_duration = "24h";  // "0": no limit
  std::string exec_idle_timeout = "4h";   // "0": no limit
  std::string exec_grace = "2s";
  int64_t exec_output_rate = 0;  // bytes a second; 0: no limit
  std::string exec_audit_log;    // empty: STATE_DIR/exec-audit.jsonl
  std::string exec_helper;       // empty: warren-nsexec beside this program
  bool netns_etc = false;
  LogFlags log;
};

// Fills `flags`; returns -1 to go on, or the exit code to end with.
int ParseAgentFlags(int argc, const char* const* argv, AgentFlags& flags);

// What the flags come to. INVALID_ARGUMENT names the flag and what to do.
struct Settings {
  std::string host;
  std::map<std::string, std::string> labels;
  std::string metrics_listen;  // empty: not served
  absl::Duration release_timeout;
  absl::Duration inventory_check;
  absl::Duration exec_max_duration, exec_idle_timeout, exec_grace;
  std::string exec_audit_log, exec_helper;
};
absl::StatusOr<Settings> Resolve(const AgentFlags& flags);

}  // namespace warren::agent

#endif  // WARREN_AGENT_FLAGS_H_
