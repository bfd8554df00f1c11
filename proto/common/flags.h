#ifndef WARREN_PROTO_COMMON_FLAGS_H_
#define WARREN_PROTO_COMMON_FLAGS_H_

// One command-line style for every binary, over CLI11: --dashed-flags, each also from the environment (--grpc-listen is
// WARREN_GRPC_LISTEN) and from a file (--config FILE, lines of `grpc-listen = "127.0.0.1:7600"`), in that order of
// precedence; --help with examples, --version. Used by one thread, at start.

#include <CLI/CLI.hpp>
#include <string>

namespace warren {

// Exit codes shared by every binary.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// Sets an application up in that style.
void SetUpFlags(CLI::App& app, const std::string& examples);

// Gives every option of the application its environment variable. Call after the last option was added.
void AddEnvironment(CLI::App& app);

// Logging flags shared by the daemons.
struct LogFlags {
  std::string format = "text";
  std::string level = "info";
};
void AddLogFlags(CLI::App& app, LogFlags& flags);

// Parses; returns -1 to go on, or the exit code to end with (0 after --help and --version, 2 for bad usage, which is
// then explained on standard error). A line that is just --man-page prints the manual page of a daemon, for the build.
int ParseFlags(CLI::App& app, int argc, const char* const* argv);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_FLAGS_H_
