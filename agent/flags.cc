#include "agent/flags.h"

#include <limits.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/common/listen_address.h"
#include "proto/common/names.h"

namespace warren::agent {
namespace {

constexpr char kExamples[] = R"(Examples:
  warren-agent
      Serves this host, under its hostname, to the server on unix:/run/warren/server.sock.
  warren-agent --server 127.0.0.1:7600 --host rack1-node7
      Dials a server over TCP (a tunnel's near end, say), under another name.
  warren-agent --label rack=a1 --label role=gateway
      Can be found by its labels: warren hosts list --filter 'labels.rack = "a1"'.
  warren-agent --metrics-listen off --log-format json
      Serves no metrics and logs for machines.
  WARREN_RELEASE_TIMEOUT=2s warren-agent --config /etc/warren/agent.conf
      Every flag may also come from the environment, or from a file with lines such as  host = "rack1-node7")";

constexpr absl::Duration kLongestRelease = absl::Hours(1);

absl::Status Bad(const std::string& flag, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", why));
}

absl::StatusOr<std::map<std::string, std::string>> ResolveLabels(const std::vector<std::string>& given) {
  std::map<std::string, std::string> labels;
  std::vector<std::string> wrong;
  for (const std::string& list : given) {
    for (const std::string& label : std::vector<std::string>(absl::StrSplit(list, ',', absl::SkipEmpty()))) {
      const size_t equals = label.find('=');
      if (equals == std::string::npos) {
        wrong.push_back(absl::StrCat("\"", label, "\" is not KEY=VALUE (a comma separates labels)"));
        continue;
      }
      const std::string key = label.substr(0, equals), value = label.substr(equals + 1);
      if (auto why = WhyBadLabelKey(key)) {
        wrong.push_back(absl::StrCat("\"", label, "\": its key ", *why));
      } else if (auto why = WhyBadLabelValue(value)) {
        wrong.push_back(absl::StrCat("\"", label, "\": its value ", *why));
      } else if (!labels.emplace(key, value).second) {
        wrong.push_back(absl::StrCat("\"", label, "\": \"", key, "\" is given twice"));
      }
    }
  }
  if (labels.size() > kMaxLabels) {
    wrong.push_back(absl::StrCat(labels.size(), " labels are more than the ", kMaxLabels, " that a host may have"));
  }
  if (!wrong.empty()) return Bad("--label", absl::StrJoin(wrong, "; "));
  return labels;
}

void AddExecFlags(CLI::App& app, AgentFlags& f) {
  const std::string commands = "Commands";
  app.add_flag("--enable-exec", f.enable_exec,
               "Run commands and shells in this host's namespaces for whom the server lets: warren exec, warren shell")
      ->group(commands);
  app.add_option("--exec-allow", f.exec_allow,
                 "Run only this: an absolute path and its arguments, \"*\" for any one, \"...\" at the end for any "
                 "number; may be repeated. Without one, every command")
      ->type_name("COMMAND")
      ->allow_extra_args(false)
      ->group(commands);
  app.add_option("--exec-allow-user", f.exec_allow_user,
                 "Run commands only as this user; may be repeated. Without one, as every user")
      ->type_name("USER")
      ->allow_extra_args(false)
      ->group(commands);
  app.add_option("--exec-max-sessions", f.exec_max_sessions, "Commands at once")
      ->check(CLI::Range(1u, 10000u))
      ->type_name("COUNT")
      ->capture_default_str()
      ->group(commands);
  app.add_option("--exec-max-duration", f.exec_max_duration, "How long a command may run; 0: as long as it likes")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group(commands);
  app.add_option("--exec-idle-timeout", f.exec_idle_timeout,
                 "How long nothing may be said or written in a session before it is hung up; 0: for ever")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group(commands);
  app.add_option("--exec-grace", f.exec_grace, "From SIGHUP to SIGKILL, for what a session that is over has left")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group(commands);
  app.add_option("--exec-output-rate", f.exec_output_rate,
                 "Output taken of a command, in bytes a second; it waits beyond that. 0: as fast as it goes")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->type_name("BYTES")
      ->capture_default_str()
      ->group(commands);
  app.add_option("--exec-audit-log", f.exec_audit_log,
                 "File for a line of JSON at each command's beginning and end [STATE_DIR/exec-audit.jsonl]")
      ->type_name("FILE")
      ->group(commands);
  app.add_option("--exec-helper", f.exec_helper, "The program that joins namespaces [warren-nsexec beside this one]")
      ->type_name("FILE")
      ->group(commands);
  app.add_flag("--netns-etc", f.netns_etc,
               "Put what is in /etc/netns/NAME over what has the same name in /etc, as ip netns exec does")
      ->group(commands);
}

// Where this program is, so that its helper is found beside it.
std::string OwnDirectory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

absl::Status ResolveExec(const AgentFlags& flags, Settings& settings) {
  const auto resolve = [](const char* flag, const std::string& text, absl::Duration longest, absl::Duration& value) {
    if (absl::ParseDuration(text, &value) && value >= absl::ZeroDuration() && value <= longest) return absl::OkStatus();
    return Bad(flag, absl::StrCat("\"", text, "\" is not a duration from 0 to ", absl::FormatDuration(longest),
                                  ", such as 90s or 8h"));
  };
  constexpr absl::Duration kLongest = absl::Hours(24 * 365);
  if (auto s = resolve("--exec-max-duration", flags.exec_max_duration, kLongest, settings.exec_max_duration); !s.ok()) {
    return s;
  }
  if (auto s = resolve("--exec-idle-timeout", flags.exec_idle_timeout, kLongest, settings.exec_idle_timeout); !s.ok()) {
    return s;
  }
  if (auto s = resolve("--exec-grace", flags.exec_grace, absl::Minutes(10), settings.exec_grace); !s.ok()) return s;
  for (absl::Duration* limit : {&settings.exec_max_duration, &settings.exec_idle_timeout}) {
    if (*limit == absl::ZeroDuration()) *limit = absl::InfiniteDuration();
  }
  settings.exec_audit_log =
      flags.exec_audit_log.empty() ? absl::StrCat(flags.state_dir, "/exec-audit.jsonl") : flags.exec_audit_log;
  settings.exec_helper = flags.exec_helper.empty() ? absl::StrCat(OwnDirectory(), "/warren-nsexec") : flags.exec_helper;
  return absl::OkStatus();
}

}  // namespace

int ParseAgentFlags(int argc, const char* const* argv, AgentFlags& f) {
  CLI::App app("Warren's part on a host: dials the server, applies its intents to the kernel, and tells what is there",
               "warren-agent");
  SetUpFlags(app, kExamples);
  const std::string addresses = "Addresses";
  app.add_option("--server", f.server, "Where the server is, HOST:PORT or unix:PATH")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->group(addresses);
  app.add_option("--host", f.host, "Name of this host at the server, a DNS name [the hostname]")
      ->type_name("NAME")
      ->group(addresses);
  app.add_option("--label", f.labels,
                 "Label of this host, for filters; may be repeated, or list several with commas (in WARREN_LABEL too)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(addresses);
  app.add_option("--metrics-listen", f.metrics_listen, "Serve /metrics for Prometheus on HOST:PORT; \"off\": do not")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->group(addresses);
  const std::string places = "Places";
  app.add_option("--state-dir", f.state_dir, "What must survive a restart: the journal, who this agent is")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(places);
  app.add_option("--run-dir", f.run_dir, "What must die with the boot: namespaces being made or deleted")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(places);
  app.add_option("--netns-dir", f.netns_dir, "Where named namespaces are, as ip-netns(8) has it")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(places);
  const std::string limits = "Limits";
  app.add_option("--release-timeout", f.release_timeout,
                 "How long the kernel may take to let go of what was deleted, such as 500ms or 5s, before an intent "
                 "succeeds with release_pending")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group(limits);
  app.add_option("--max-queued", f.max_queued, "Intents held that have not begun; the server keeps the rest")
      ->check(CLI::Range(1u, 1000000u))
      ->type_name("COUNT")
      ->capture_default_str()
      ->group(limits);
  app.add_option("--warm-namespaces", f.warm_namespaces,
                 "Namespaces made ahead of need while there is nothing else to do, so that a burst of new ones takes "
                 "half the time; two descriptors each. 0: none")
      ->check(CLI::Range(0u, 4096u))
      ->type_name("COUNT")
      ->capture_default_str()
      ->group(limits);
  app.add_option("--inventory-check", f.inventory_check,
                 "How long a round takes that looks at every namespace again for what the kernel told nobody of; 0: "
                 "there is none")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group(limits);
  AddExecFlags(app, f);
  AddLogFlags(app, f.log);
  AddEnvironment(app);
  return ParseFlags(app, argc, argv);
}

absl::StatusOr<Settings> Resolve(const AgentFlags& flags) {
  Settings settings;
  settings.host = flags.host;
  if (settings.host.empty()) {
    char name[HOST_NAME_MAX + 1] = {};
    if (gethostname(name, sizeof name - 1) != 0) return absl::ErrnoToStatus(errno, "asking for the hostname");
    settings.host = name;
  }
  if (auto why = WhyBadHost(settings.host)) {
    return Bad("--host", absl::StrCat("\"", settings.host, "\" ", *why,
                                      flags.host.empty() ? "; it is the hostname: give another with --host" : ""));
  }
  auto labels = ResolveLabels(flags.labels);
  if (!labels.ok()) return labels.status();
  settings.labels = *std::move(labels);
  if (auto server = ParseListenAddress(flags.server); !server.ok()) {
    return Bad("--server", std::string(server.status().message()));
  } else if (!server->is_unix && server->port == 0) {
    return Bad("--server", absl::StrCat(flags.server, " has port 0, where nobody listens"));
  }
  if (flags.metrics_listen != "off") {
    if (auto address = ParseListenAddress(flags.metrics_listen); !address.ok()) {
      return Bad("--metrics-listen", std::string(address.status().message()));
    }
    settings.metrics_listen = flags.metrics_listen;
  }
  if (!absl::ParseDuration(flags.release_timeout, &settings.release_timeout) ||
      settings.release_timeout < absl::ZeroDuration() || settings.release_timeout > kLongestRelease) {
    return Bad("--release-timeout",
               absl::StrCat("\"", flags.release_timeout, "\" is not a duration from 0 to 1h, such as 500ms or 5s"));
  }
  if (auto status = ResolveExec(flags, settings); !status.ok()) return status;
  if (!absl::ParseDuration(flags.inventory_check, &settings.inventory_check) ||
      (settings.inventory_check != absl::ZeroDuration() && settings.inventory_check < absl::Seconds(1)) ||
      settings.inventory_check > absl::Hours(24)) {
    return Bad("--inventory-check",
               absl::StrCat("\"", flags.inventory_check, "\" is neither 0 nor a duration from 1s to 24h, such as 10m"));
  }
  for (const auto& [flag, path] : {std::pair<std::string, const std::string&>{"--state-dir", flags.state_dir},
                                   {"--run-dir", flags.run_dir},
                                   {"--netns-dir", flags.netns_dir}}) {
    if (path.empty() || path.front() != '/') return Bad(flag, absl::StrCat("\"", path, "\" is not an absolute path"));
  }
  return settings;
}

}  // namespace warren::agent
