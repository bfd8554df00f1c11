// warren-agent: wires the rooms together. docs/architecture.md has the picture.

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "agent/exec/commands.h"
#include "agent/executor/executor.h"
#include "agent/flags.h"
#include "agent/inventory/kernel_inventory.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/event_socket.h"
#include "agent/metrics/agent_metrics.h"
#include "agent/metrics/exec_metrics.h"
#include "agent/metrics/executor_metrics.h"
#include "agent/probe/probe.h"
#include "agent/session/channel.h"
#include "agent/session/exec_calls.h"
#include "agent/session/holder_finder.h"
#include "agent/session/instance_id.h"
#include "agent/session/refusing_executor.h"
#include "agent/session/reporter.h"
#include "agent/session/session.h"
#include "proto/common/deadlock_checks.h"
#include "proto/common/descriptors.h"
#include "proto/common/listen_address.h"
#include "proto/common/logging.h"
#include "proto/common/metrics.h"
#include "proto/common/pages.h"
#include "proto/common/private_dir.h"
#include "proto/common/process_metrics.h"
#include "proto/common/shutdown.h"
#include "proto/common/version.h"

namespace warren::agent {
namespace {

// Of the 5 s that SIGTERM leaves: for telling what has just been finished.
constexpr absl::Duration kDrain = absl::Seconds(1);
// A deletion has two or three open for a moment, and 1,024 are looked at together.
constexpr rlim_t kDescriptors = 4096;

constexpr char kNoExec[] = "commands are off: its agent was started without --enable-exec";
// Of those 5 s, for commands to be gone.
constexpr absl::Duration kExecPatience = absl::Milliseconds(1500);

// Why this kernel has no namespaces; empty: it has them.
std::string WhyNoNetns(const std::vector<probe::Capability>& capabilities) {
  for (const probe::Capability& capability : capabilities) {
    if (capability.name == "netns" && !capability.available) return capability.reason;
  }
  return "";
}

v1::Hello MakeHello(const Settings& settings, const std::vector<probe::Capability>& capabilities, std::string boot_id,
                    std::string instance_id) {
  v1::Hello hello;
  hello.set_host(settings.host);
  hello.set_instance_id(std::move(instance_id));
  hello.set_boot_id(std::move(boot_id));
  hello.set_version(kVersion);
  hello.set_kernel_release(kernel::KernelRelease());
  hello.mutable_labels()->insert(settings.labels.begin(), settings.labels.end());
  for (const probe::Capability& from : capabilities) {
    v1::Capability* to = hello.add_capabilities();
    to->set_name(from.name);
    to->set_available(from.available);
    to->set_reason(from.reason);
  }
  return hello;
}

exec::Options ExecOptions(const AgentFlags& flags, const Settings& settings, std::string mark, const Logger& logger) {
  exec::Options options;
  options.host = settings.host;
  options.netns_dir = flags.netns_dir;
  options.parked_dir = flags.run_dir + "/parked";
  options.helper = settings.exec_helper;
  options.audit_log = settings.exec_audit_log;
  options.mark = std::move(mark);
  options.allowed_commands = flags.exec_allow;
  options.allowed_users = flags.exec_allow_user;
  options.netns_etc = flags.netns_etc;
  options.max_sessions = flags.exec_max_sessions;
  options.max_duration = settings.exec_max_duration;
  options.idle_timeout = settings.exec_idle_timeout;
  options.output_rate = flags.exec_output_rate;
  options.grace = settings.exec_grace;
  options.logger = logger;
  return options;
}

// Whether intents for this host reach it and their results are kept.
absl::Status Ready(executor::Executor& executor, session::Session* session) {
  if (absl::Status journal = executor.Health(); !journal.ok()) {
    return absl::Status(journal.code(), absl::StrCat("the journal cannot be written: ", journal.message()));
  }
  return session == nullptr ? absl::UnavailableError("starting") : session->Health();
}

absl::Status Run(const AgentFlags& flags, const Settings& settings, const Logger& logger, ShutdownSignal& signal) {
  auto made_private = KeepPrivate(flags.state_dir, {"instance_id", "journal.db", "agent.lock", "exec-audit.jsonl"});
  if (!made_private.ok()) return made_private.status();
  for (const std::string& what : *made_private) logger.Warn("made private", {{"what", what}});

  auto capabilities = probe::ProbeKernel();
  if (!capabilities.ok()) return capabilities.status();
  for (const probe::Capability& capability : *capabilities) {
    if (!capability.available) {
      logger.Warn("kernel cannot", {{"capability", capability.name}, {"reason", capability.reason}});
    }
  }
  // Not the kernel's, but asked for as those are.
  capabilities->push_back({"exec", flags.enable_exec, flags.enable_exec ? "" : kNoExec});
  auto boot_id = kernel::BootId();
  if (!boot_id.ok()) return boot_id.status();

  Metrics metrics;
  metrics.Add(std::make_shared<ProcessMetrics>());
  metrics::AgentMetrics agent_metrics(metrics.registry());
  metrics::ExecMetrics exec_metrics(metrics.registry());
  session::Reporter reporter(agent_metrics);

  const kernel::SharedEvents events = kernel::EventSocket::Open();
  executor::Options executor_options;
  executor_options.state_dir = flags.state_dir;
  executor_options.run_dir = flags.run_dir;
  executor_options.netns_dir = flags.netns_dir;
  executor_options.release_timeout = settings.release_timeout;
  executor_options.max_queued = flags.max_queued;
  executor_options.warm_namespaces = flags.warm_namespaces;
  executor_options.events = events;
  executor_options.logger = logger;
  // Without namespaces nothing can be applied, but that is no reason to be silent: the host connects and says why.
  const std::string no_netns = WhyNoNetns(*capabilities);
  absl::StatusOr<std::unique_ptr<executor::Executor>> executor =
      no_netns.empty() ? executor::Executor::Open(executor_options, reporter)
                       : std::make_unique<session::RefusingExecutor>(
                             absl::StrCat("host ", settings.host, ": ", no_netns), *boot_id, reporter);
  if (!executor.ok()) return executor.status();
  auto instance_id = session::InstanceId(flags.state_dir);
  if (!instance_id.ok()) return instance_id.status();

  inventory::Options inventory_options;
  inventory_options.host = settings.host;
  inventory_options.netns_dir = flags.netns_dir;
  inventory_options.events = events;
  inventory_options.check_interval = absl::ToChronoNanoseconds(settings.inventory_check);
  inventory_options.logger = logger;
  inventory_options.ownership.owns_netns = [&](uint64_t cookie, const std::string& name) {
    return (*executor)->OwnsName(cookie, name);
  };
  inventory_options.ownership.owns_link = [&](uint64_t cookie, int ifindex) {
    return (*executor)->OwnsLink(cookie, ifindex);
  };
  inventory_options.ownership.is_own = [&](uint64_t cookie, int nsid, const kernel::Link& link) {
    return (*executor)->OwnsLink(cookie, link, nsid);
  };
  const auto make_inventory = [&] { return inventory::KernelInventory::Create(inventory_options); };
  if (auto status = reporter.Start(**executor, make_inventory); !status.ok()) return status;

  metrics.Add(std::make_shared<metrics::ExecutorMetrics>([&] { return (*executor)->stats(); }));
  absl::StatusOr<std::unique_ptr<session::Session>> session;
  std::atomic<session::Session*> live = nullptr;
  // After all that it asks.
  std::unique_ptr<Pages> pages;
  if (!settings.metrics_listen.empty()) {
    auto address = ParseListenAddress(settings.metrics_listen);
    if (!address.ok()) return address.status();
    auto served = Pages::Serve(*std::move(address), metrics, [&] { return Ready(**executor, live); });
    if (!served.ok()) return served.status();
    pages = *std::move(served);
  }
  logger.Info("listening",
              {{"metrics", pages != nullptr ? pages->address() : ""}, {"host", settings.host}, {"version", kVersion}});

  absl::StatusOr<std::unique_ptr<exec::Commands>> commands;
  std::unique_ptr<session::ExecCalls> exec_calls;
  if (flags.enable_exec) {
    auto mark = session::MarkOf(flags.state_dir);
    if (!mark.ok()) return mark.status();
    commands = exec::Commands::Start(ExecOptions(flags, settings, *std::move(mark), logger), exec_metrics);
    if (!commands.ok()) return commands.status();
    const auto target = session::DialTarget(flags.server);
    if (!target.ok()) return target.status();
    exec_calls = std::make_unique<session::ExecCalls>(*target, **commands);
  }

  // Without namespaces there are no holders either, which the session says.
  auto holder_finder = session::HolderFinder::Start(flags.netns_dir);

  session::Session::Options session_options;
  if (holder_finder.ok()) {
    session_options.find_holders = [&](v1::FindHolders question, const std::shared_ptr<session::Outbox>& outbox) {
      (*holder_finder)->Find(std::move(question), outbox);
    };
  }
  if (exec_calls != nullptr) {
    session_options.open_exec = [&](v1::OpenExec open) { exec_calls->Open(std::move(open)); };
  }
  session_options.server = flags.server;
  session_options.hello = MakeHello(settings, *capabilities, *std::move(boot_id), *instance_id);
  session_options.logger = logger;
  session = session::Session::Start(session_options, **executor, reporter, agent_metrics);
  if (!session.ok()) return session.status();
  live = session->get();

  const int number = signal.Wait();
  logger.Info("shutting down", {{"signal", std::to_string(number)}});
  if (exec_calls != nullptr) {
    (*commands)->Stop(kExecPatience);
    exec_calls->Stop();
  }
  (*executor)->Stop();
  reporter.Drain(kDrain);
  (*session)->Stop();
  reporter.Stop();
  logger.Info("stopped");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  AgentFlags flags;
  if (const int code = ParseAgentFlags(argc, argv, flags); code >= 0) return code;
  const auto settings = Resolve(flags);
  if (!settings.ok()) {
    fprintf(stderr, "warren-agent: %s\n", std::string(settings.status().message()).c_str());
    return kExitUsage;
  }
  const auto logger = Logger::Create(flags.log.format, flags.log.level);
  if (!logger.ok()) return kExitUsage;
  // Before any thread is started.
  MakeRoomForDescriptors(kDescriptors);
  auto signal = ShutdownSignal::Create();
  absl::Status status = signal.status();
  if (status.ok()) status = Run(flags, *settings, *logger, *signal);
  if (status.ok()) return kExitOk;
  logger->Error("cannot run", {{"reason", std::string(status.message())}});
  return kExitFailed;
}

}  // namespace
}  // namespace warren::agent

int main(int argc, char** argv) {
  warren::SkipDeadlockChecks();
  return warren::agent::Main(argc, argv);
}
