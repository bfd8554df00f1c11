#include "server/flags.h"

#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace warren::server {
namespace {

constexpr char kExamples[] = R"(Examples:
  warren-server
      Listens for gRPC on unix:/run/warren/server.sock and 127.0.0.1:7600, keeps its state in /var/lib/warren/server.
  warren-server --http-listen 127.0.0.1:7601
      Serves the API to curl and browsers too: curl http://127.0.0.1:7601/v1/hosts
  warren-server --grpc-listen 127.0.0.1:0 --state-dir ./state --run-dir ./run --log-format json
      Takes a free port and logs it: {"msg":"listening","grpc":"127.0.0.1:40123",...}
  WARREN_MAX_QUEUED_PER_HOST=50000 warren-server --config /etc/warren/server.conf
      Every flag may also come from the environment, or from a file with lines such as  window = 128

Commands, each with a --help of its own:
  warren-server backup FILE    copies the store to a file, while the server runs
  warren-server restore FILE   makes such a file the store again
  warren-server check          looks the store over)";

// What an agent, and a client with gRPC's defaults, takes in one message, less the rest of the message.
constexpr uint64_t kMaxIntentBytes = uint64_t{3} << 20;
constexpr uint64_t kRestOfMessage = uint64_t{64} << 10;
constexpr uint64_t kMaxMessageBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxMetadataBytes = uint64_t{1} << 24;
constexpr uint32_t kMaxBatch = 9999;  // fits between two sequences of the store

absl::StatusOr<ListenAddress> Local(const char* flag, const std::string& text) {
  auto address = ParseListenAddress(text);
  if (!address.ok())
    return absl::InvalidArgumentError(absl::StrCat(flag, ": ", std::string(address.status().message())));
  if (!address->IsLocal()) {
    return absl::InvalidArgumentError(absl::StrCat(
        flag, " ", text,
        ": loopback unless TLS is on, and this version has no TLS: anybody who reaches this "
        "address could drive every host as root; listen on unix:PATH, 127.0.0.1 or [::1] and tunnel to it"));
  }
  return address;
}

// As a browser sends it, which is compared by the letter: "https://console.example.org:8443".
bool IsOrigin(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "https://") && !absl::ConsumePrefix(&text, "http://")) return false;
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == text.npos;
}

}  // namespace

int ParseServerFlags(int argc, const char* const* argv, ServerFlags& f) {
  CLI::App app(
      "The controller of Warren: takes intents for network namespaces and hands them to the agents of its hosts",
      "warren-server");
  SetUpFlags(app, kExamples);
  const std::string addresses = "Addresses";
  app.add_option("--grpc-listen", f.grpc_listen,
                 "Listen for gRPC on HOST:PORT or unix:PATH; may be given more than once; port 0: any free one "
                 "[unix:RUN_DIR/server.sock and 127.0.0.1:7600]")
      ->type_name("ADDRESS")
      ->delimiter(',')
      ->group(addresses);
  app.add_option("--http-listen", f.http_listen,
                 "Serve the API as HTTP and JSON, and the pages of --metrics-listen, on HOST:PORT, such as "
                 "127.0.0.1:7601 [not served]")
      ->type_name("ADDRESS")
      ->group(addresses);
  app.add_option("--metrics-listen", f.metrics_listen,
                 "Serve /metrics for Prometheus, /healthz and /readyz on HOST:PORT; \"off\": do not")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->group(addresses);
  app.add_option("--cors-origin", f.cors_origins,
                 "Let pages of this origin use the HTTP API from a browser, but for commands and shells, such as "
                 "https://console.example.org; may be given more than once; \"*\": any [none]")
      ->type_name("ORIGIN")
      ->delimiter(',')
      ->group(addresses);
  app.add_option(
         "--exec-origin", f.exec_origins,
         "Let pages of this origin run commands and shells over the HTTP API, which --cors-origin does not; may "
         "be given more than once; each has to be named [none]")
      ->type_name("ORIGIN")
      ->delimiter(',')
      ->group(addresses);
  app.add_option("--http-host", f.http_hosts,
                 "A name by which clients call the HTTP API, beside localhost and addresses; may be given more than "
                 "once; \"*\": any [none]")
      ->type_name("NAME")
      ->delimiter(',')
      ->group(addresses);
  const std::string places = "Places";
  app.add_option("--state-dir", f.state_dir, "What must survive a restart")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(places);
  app.add_option("--run-dir", f.run_dir, "What dies with the boot: the default socket")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(places);
  app.add_option("--store", f.store, "Where intents are kept: sqlite:PATH [sqlite:STATE_DIR/warren.db]")
      ->type_name("STORE")
      ->group(places);

  const std::string commands = "Commands";
  app.add_option("--exec-uid", f.exec_uids,
                 "Let this user run commands on hosts, over a unix socket; may be given more than once [0 and the "
                 "server's own]")
      ->type_name("UID")
      ->delimiter(',')
      ->group(commands);
  app.add_option(
         "--exec-loopback", f.exec_loopback,
         "Let whoever reaches a loopback address, any user of this machine, run commands on hosts, HTTP included")
      ->type_name("on|off")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str()
      ->group(commands);

  const std::string limits = "Limits";
  const auto limit = [&](const char* flag, auto& value, const char* help, uint64_t max) {
    app.add_option(flag, value, help)
        ->type_name("N")
        ->check(CLI::Range(uint64_t{1}, max))
        ->capture_default_str()
        ->group(limits);
  };
  limit("--max-operations", f.max_operations, "Operations in an intent", 100000);
  limit("--max-intent-bytes", f.max_intent_bytes, "Size of an intent's operations", kMaxIntentBytes);
  limit("--max-batch", f.max_batch, "Intents in one BatchCreateIntents", kMaxBatch);
  limit("--max-queued-per-host", f.max_queued_per_host, "Intents of a host accepted and not finished", 100'000'000);
  limit("--max-queued-bytes", f.max_queued_bytes, "Memory for the unfinished intents of all hosts", uint64_t{1} << 42);
  limit("--max-waiters", f.max_waiters, "Wait and cancel calls open at once", 100'000'000);
  limit("--max-finished", f.max_finished,
        "Finished intents kept, some 110 bytes of memory each; with so many that may not be retired yet nothing is "
        "accepted",
        uint64_t{1} << 40);
  app.add_option(
         "--retention", f.retention,
         "Finished intents are retired when they are this old; at least 24h, for which a request_id is remembered")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group(limits);
  limit("--retention-count", f.retention_count,
        "... or earlier, the oldest first, when there are more than this many that are older than 24h",
        uint64_t{1} << 40);
  limit("--max-watches", f.max_watches, "Watches open at once, of hosts, of intents and of namespaces each",
        10'000'000);
  limit("--watch-buffer-bytes", f.watch_buffer_bytes,
        "Recent events kept in memory for watches, of hosts, of intents and of namespaces each; a watch that falls "
        "behind "
        "it is cut",
        uint64_t{1} << 40);
  limit("--window", f.window, "Intents handed to a host and not finished", 10000);
  limit("--max-agents", f.max_agents, "Agent streams open at once", 10'000'000);
  limit("--max-pending-to-agent", f.max_pending_to_agent,
        "Intents, cancellations and acknowledgements waiting to be sent to one agent; at least four windows",
        100'000'000);
  limit("--max-message-bytes", f.max_message_bytes, "Size of a gRPC message received", kMaxMessageBytes);
  limit("--max-metadata-bytes", f.max_metadata_bytes, "Size of a gRPC call's metadata received", kMaxMetadataBytes);
  limit("--max-calls-per-connection", f.max_calls_per_connection, "gRPC calls open at once on one connection",
        1'000'000);
  limit("--http-max-connections", f.http_max_connections, "HTTP connections open at once", 1'000'000);
  limit("--http-max-header-bytes", f.http_max_header_bytes, "Size of an HTTP request's headers", 1 << 20);
  limit("--http-max-in-flight", f.http_max_in_flight, "HTTP requests being answered at once, watches among them",
        1'000'000);
  const auto seconds = [&](const char* flag, double& value, const char* help) {
    app.add_option(flag, value, help)
        ->type_name("SECONDS")
        ->check(CLI::Range(0.01, 86400.0))
        ->capture_default_str()
        ->group(limits);
  };
  seconds("--http-idle-timeout", f.http_idle_timeout, "How long an HTTP connection may be without a request");
  seconds("--http-header-timeout", f.http_header_timeout, "How long the headers of an HTTP request may take");
  seconds("--http-body-timeout", f.http_body_timeout, "How long the body of an HTTP request may take");
  seconds("--http-write-timeout", f.http_write_timeout,
          "How long a client may take for an answer, or for one message of a stream");
  limit("--workers", f.workers, "Threads for calls that read the store", 1024);
  limit("--max-pending-calls", f.max_pending_calls, "Calls waiting for such a thread", 100'000'000);

  limit("--exec-max-sessions-per-host", f.exec_max_sessions_per_host, "Commands running on one host at once",
        1'000'000);
  limit("--exec-max-sessions-per-caller", f.exec_max_sessions_per_caller,
        "Commands running for one user at once; all who come from loopback are one", 1'000'000);
  limit("--exec-max-sessions", f.exec_max_sessions, "Commands running at once", 1'000'000);
  limit("--watch-history-revisions", f.watch_history_revisions,
        "Changes that a watch can have missed and still resume; older history is forgotten", 1'000'000'000);
  app.add_option("--watch-history-duration", f.watch_history_duration,
                 "How long a watch can have been away and still resume; older history is forgotten")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group(limits);

  app.add_option("--heartbeat-interval", f.heartbeat_interval,
                 "Seconds between an agent's signs of life; three missed end its session")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  AddLogFlags(app, f.log);
  AddEnvironment(app);
  return ParseFlags(app, argc, argv);
}

absl::StatusOr<Settings> Resolve(const ServerFlags& flags) {
  Settings settings;
  std::vector<std::string> grpc = flags.grpc_listen;
  if (grpc.empty()) grpc = {absl::StrCat("unix:", flags.run_dir, "/server.sock"), "127.0.0.1:7600"};
  for (const std::string& text : grpc) {
    auto address = Local("--grpc-listen", text);
    if (!address.ok()) return address.status();
    settings.grpc_listen.push_back(*std::move(address));
  }
  if (!flags.http_listen.empty()) {
    auto address = Local("--http-listen", flags.http_listen);
    if (!address.ok()) return address.status();
    settings.http_listen = *std::move(address);
  }
  for (const std::string& origin : flags.exec_origins) {
    if (!IsOrigin(origin)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--exec-origin ", origin,
                       ": name each origin whose pages may run commands, in lower case and without a path, such as "
                       "https://console.example.org; \"*\" would let in every page that a browser here shows"));
    }
  }
  if (flags.metrics_listen != "off") {
    auto address = Local("--metrics-listen", flags.metrics_listen);
    if (!address.ok()) return address.status();
    settings.metrics_listen = *std::move(address);
  }
  const std::string store = flags.store.empty() ? absl::StrCat("sqlite:", flags.state_dir, "/warren.db") : flags.store;
  absl::string_view path = store;
  if (!absl::ConsumePrefix(&path, "sqlite:") || path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--store ", store, ": the stores there are: sqlite:PATH"));
  }
  settings.store_path = std::string(path);
  if (!absl::ParseDuration(flags.watch_history_duration, &settings.watch_history_duration) ||
      settings.watch_history_duration < absl::Seconds(1)) {
    return absl::InvalidArgumentError(absl::StrCat("--watch-history-duration \"", flags.watch_history_duration,
                                                   "\" is not a duration of at least 1s, such as 10m"));
  }
  if (!absl::ParseDuration(flags.retention, &settings.retention) || settings.retention < absl::Hours(24)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--retention \"", flags.retention, "\" is not a duration of at least 24h, such as 168h"));
  }
  if (flags.max_message_bytes < flags.max_intent_bytes + kRestOfMessage) {
    return absl::InvalidArgumentError(absl::StrCat("--max-message-bytes ", flags.max_message_bytes,
                                                   " does not hold an intent of --max-intent-bytes ",
                                                   flags.max_intent_bytes, "; it must be ", kRestOfMessage, " more"));
  }
  if (flags.max_pending_to_agent < uint64_t{4} * flags.window) {
    return absl::InvalidArgumentError(absl::StrCat("--max-pending-to-agent ", flags.max_pending_to_agent,
                                                   " is less than four times --window ", flags.window));
  }
  settings.exec_uids = flags.exec_uids.empty() ? std::vector<uid_t>{0, geteuid()} : flags.exec_uids;
  return settings;
}

}  // namespace warren::server
