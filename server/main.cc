// warren-server: wires the rooms together. docs/architecture.md has the picture.

#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/common/deadlock_checks.h"
#include "proto/common/logging.h"
#include "proto/common/metrics.h"
#include "proto/common/pages.h"
#include "proto/common/private_dir.h"
#include "proto/common/process_metrics.h"
#include "proto/common/shutdown.h"
#include "proto/common/version.h"
#include "proto/descriptor_set.h"
#include "server/api/agents_service.h"
#include "server/api/exec_service.h"
#include "server/api/grpc_server.h"
#include "server/api/hosts_service.h"
#include "server/api/intents_service.h"
#include "server/api/namespaces_service.h"
#include "server/auth/exec_access.h"
#include "server/exec/sessions.h"
#include "server/flags.h"
#include "server/gateway/comments.h"
#include "server/gateway/gateway.h"
#include "server/hosts/host_feed.h"
#include "server/hosts/host_registry.h"
#include "server/hosts/queue_listener.h"
#include "server/intents/intents.h"
#include "server/inventory/inventory.h"
#include "server/maintenance/commands.h"
#include "server/metrics/exec_metrics.h"
#include "server/metrics/http_metrics.h"
#include "server/metrics/queue_stats.h"
#include "server/metrics/room_metrics.h"
#include "server/metrics/rpc_metrics.h"
#include "server/metrics/store_stats.h"
#include "server/serving.h"
#include "server/store/compactor.h"
#include "server/store/sqlite_kv.h"

namespace warren::server {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(2);

absl::Status MakeDirectory(const char* flag, const std::string& path, mode_t mode) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return absl::OkStatus();
  std::filesystem::create_directories(path, error);
  if (!error && chmod(path.c_str(), mode) != 0) error.assign(errno, std::generic_category());
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cannot make ", flag, " ", path, ": ", error.message()));
}

std::vector<const google::protobuf::ServiceDescriptor*> Services() {
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const auto* file : {v1::Host::descriptor()->file(), v1::Intent::descriptor()->file(),
                           v1::CreateNamespaceRequest::descriptor()->file(), v1::Hello::descriptor()->file(),
                           v1::RunRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

std::function<gateway::HttpResponse()> AsHttp(std::function<Page()> make) {
  return [make = std::move(make)] {
    Page page = make();
    return gateway::HttpResponse{page.status, {{"Content-Type", std::move(page.type)}}, std::move(page.body)};
  };
}

absl::Status Run(const ServerFlags& flags, const Settings& settings, const Logger& logger, ShutdownSignal& signal) {
  auto made_private = KeepPrivate(flags.state_dir, {"warren.db"});
  if (!made_private.ok()) return made_private.status();
  for (const std::string& what : *made_private) logger.Warn("made private", {{"what", what}});
  if (auto status = MakeDirectory("--run-dir", flags.run_dir, 0755); !status.ok()) return status;

  Metrics metrics;
  metrics.Add(std::make_shared<ProcessMetrics>());
  metrics::QueueMetrics queue_metrics(metrics.registry());
  metrics::HostMetrics host_metrics(metrics.registry());
  metrics::StoreMetrics store_metrics(metrics.registry());
  metrics::ExecMetrics exec_metrics(metrics.registry());

  Serving serving(logger);

  // The store's lock comes before anything that another server could notice.
  store::SqliteKv::Options store_options;
  store_options.path = settings.store_path;
  store_options.observers = {&store_metrics, &serving};
  auto kv = store::SqliteKv::Open(store_options);
  if (!kv.ok()) return kv.status();
  metrics.Add(std::make_shared<metrics::StoreStats>(**kv));

  feed::Options feed_options;
  feed_options.max_bytes = flags.watch_buffer_bytes;
  feed_options.max_watches = flags.max_watches;
  inventory::Inventory inventory(feed_options);

  hosts::HostRegistry::Options host_options;
  host_options.version = kVersion;
  host_options.heartbeat_interval = absl::Seconds(flags.heartbeat_interval);
  host_options.max_agents = flags.max_agents;
  host_options.outbox.items = flags.max_pending_to_agent;
  host_options.logger = logger;
  host_options.observer = &host_metrics;
  auto hosts = hosts::HostRegistry::Open(**kv, inventory, host_options);
  if (!hosts.ok()) return hosts.status();

  intents::Options intent_options;
  intent_options.max_operations = flags.max_operations;
  intent_options.max_intent_bytes = flags.max_intent_bytes;
  intent_options.max_batch = flags.max_batch;
  intent_options.max_finished = flags.max_finished;
  intent_options.retention = settings.retention;
  intent_options.retention_count = flags.retention_count;
  intent_options.feed = feed_options;
  intent_options.max_queued_per_host = flags.max_queued_per_host;
  intent_options.max_queued_bytes = flags.max_queued_bytes;
  intent_options.max_waiters = flags.max_waiters;
  intent_options.window = flags.window;
  intent_options.logger = logger;
  intent_options.observer = &queue_metrics;
  auto intents = intents::Intents::Open(**kv, **hosts, **hosts, intent_options);
  if (!intents.ok()) return intents.status();
  exec::Sessions::Options exec_options;
  exec_options.max_per_host = flags.exec_max_sessions_per_host;
  exec_options.max_per_caller = flags.exec_max_sessions_per_caller;
  exec_options.max_total = flags.exec_max_sessions;
  exec_options.logger = logger;
  exec_options.observer = &exec_metrics;
  exec::Sessions sessions(**hosts, exec_options);
  hosts::QueueListener listener(**intents, sessions);
  (*hosts)->Start(listener);

  hosts::HostFeed::Options host_feed_options;
  host_feed_options.feed = feed_options;
  host_feed_options.logger = logger;
  host_feed_options.describe = [&](v1::Host& host) {
    const std::string name = host.name().substr(host.name().find('/') + 1);
    host.set_queued_intents(static_cast<int32_t>((*intents)->QueuedCount(name)));
    host.set_namespace_count(static_cast<int32_t>(inventory.Count(name)));
  };
  auto host_feed = hosts::HostFeed::Open(**kv, host_feed_options);
  if (!host_feed.ok()) return host_feed.status();

  metrics.Add(std::make_shared<metrics::QueueStats>(
      **intents,
      metrics::QueueStats::Feeds{
          {"hosts", &(*host_feed)->feed()}, {"intents", &(*intents)->feed()}, {"namespaces", &inventory.feed()}}));

  api::WorkerPool workers(flags.workers, flags.max_pending_calls);
  const api::Rooms rooms{**intents, **hosts, inventory, workers, flags.max_operations, flags.max_intent_bytes};
  auth::ExecAccess exec_access({.uids = settings.exec_uids, .loopback = flags.exec_loopback == "on"});
  api::AgentsService agents_service(**hosts, sessions);
  api::ExecService exec_service(rooms, sessions, std::move(exec_access), &exec_metrics);
  api::HostsService hosts_service(rooms, **hosts, **host_feed);
  api::IntentsService intents_service(rooms);
  api::NamespacesService namespaces_service(rooms);
  api::GrpcServer::Options grpc_options;
  grpc_options.addresses = settings.grpc_listen;
  grpc_options.services = {&agents_service, &exec_service, &hosts_service, &intents_service, &namespaces_service};
  grpc_options.interceptors.push_back(std::make_unique<metrics::RpcMetrics>(metrics.registry(), Services()));
  grpc_options.max_message_bytes = flags.max_message_bytes;
  grpc_options.max_metadata_bytes = static_cast<int>(flags.max_metadata_bytes);
  grpc_options.max_calls_per_connection = static_cast<int>(flags.max_calls_per_connection);
  auto grpc = api::GrpcServer::Start(std::move(grpc_options));
  if (!grpc.ok()) return grpc.status();

  const auto ready = [&] { return serving.Ready(); };
  std::unique_ptr<Pages> metrics_pages;
  if (settings.metrics_listen) {
    auto pages = Pages::Serve(*settings.metrics_listen, metrics, ready);
    if (!pages.ok()) return pages.status();
    metrics_pages = *std::move(pages);
  }
  std::unique_ptr<gateway::Gateway> http;
  if (settings.http_listen) {
    gateway::Gateway::Options http_options;
    http_options.listener.host = settings.http_listen->host;
    http_options.listener.port = settings.http_listen->port;
    http_options.listener.observer = std::make_shared<metrics::HttpMetrics>(metrics.registry());
    http_options.listener.max_connections = flags.http_max_connections;
    http_options.listener.max_header_bytes = flags.http_max_header_bytes;
    http_options.listener.max_body_bytes = flags.max_message_bytes;
    http_options.listener.idle_timeout = Milliseconds(flags.http_idle_timeout);
    http_options.listener.header_timeout = Milliseconds(flags.http_header_timeout);
    http_options.listener.body_timeout = Milliseconds(flags.http_body_timeout);
    http_options.listener.write_timeout = Milliseconds(flags.http_write_timeout);
    http_options.max_in_flight = flags.http_max_in_flight;
    http_options.cors_origins = flags.cors_origins;
    http_options.guard = {{"warren.v1.Exec.Run", "warren.v1.Exec.Session"}, flags.exec_origins, "--exec-origin"};
    http_options.hosts = flags.http_hosts;
    http_options.elsewhere = [&](std::function<void()> task) { return workers.Post(std::move(task)); };
    http_options.services = Services();
    http_options.about = {
        "Warren", kVersion,
        "Controls Linux network namespaces, and what is in them, on a fleet of hosts. The comments are "
        "those of the protos."};
    const auto comments = gateway::ProtoComments::Of(DescriptorSet());
    if (!comments.ok()) return comments.status();
    http_options.comments = [&](const std::string& name) { return comments->Above(name); };
    http_options.channel = (*grpc)->InProcessChannel();
    for (auto& [path, page] : MakePages(metrics, ready)) http_options.pages[path] = AsHttp(std::move(page));
    auto started = gateway::Gateway::Start(std::move(http_options));
    if (!started.ok()) return started.status();
    http = *std::move(started);
  }
  store::Compactor::Options compactor_options;
  compactor_options.retain_duration = settings.watch_history_duration;
  compactor_options.retain_revisions = static_cast<int64_t>(flags.watch_history_revisions);
  compactor_options.done = [&](absl::Duration took, const absl::Status& status) {
    store_metrics.OnCompaction(took, status);
    if (!status.ok()) logger.Warn("cannot compact the store", {{"reason", std::string(status.message())}});
  };
  store::Compactor compactor(**kv, std::move(compactor_options));
  compactor.Start();
  serving.Announce([&](bool yes) { (*grpc)->SetServing(yes); });
  logger.Info("listening", {{"grpc", absl::StrJoin((*grpc)->addresses(), ",")},
                            {"http", http ? http->address() : ""},
                            {"metrics", metrics_pages ? metrics_pages->address() : ""},
                            {"version", kVersion}});

  const int number = signal.Wait();
  logger.Info("shutting down", {{"signal", std::to_string(number)}});
  serving.End();
  sessions.Shutdown();
  (*hosts)->Shutdown();
  (*intents)->Stop();
  (*host_feed)->Close();
  inventory.Close();
  if (http) http->Stop();
  (*grpc)->Shutdown(kGrace);
  serving.Announce(nullptr);
  workers.Stop();
  logger.Info("stopped");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  if (const auto code = maintenance::RunCommand(argc, argv)) return *code;
  ServerFlags flags;
  if (const int code = ParseServerFlags(argc, argv, flags); code >= 0) return code;
  const auto settings = Resolve(flags);
  if (!settings.ok()) {
    fprintf(stderr, "warren-server: %s\n", std::string(settings.status().message()).c_str());
    return kExitUsage;
  }
  const auto logger = Logger::Create(flags.log.format, flags.log.level);
  if (!logger.ok()) return kExitUsage;
  auto signal = ShutdownSignal::Create();
  const absl::Status status = signal.ok() ? Run(flags, *settings, *logger, *signal) : signal.status();
  if (status.ok()) return kExitOk;
  logger->Error("cannot run", {{"reason", std::string(status.message())}});
  return kExitFailed;
}

}  // namespace
}  // namespace warren::server

int main(int argc, char** argv) {
  warren::SkipDeadlockChecks();
  return warren::server::Main(argc, argv);
}
