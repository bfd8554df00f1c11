#include "proto/common/flags.h"

#include <stdlib.h>

#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/common/man_page.h"
#include "proto/common/version.h"

namespace warren {
namespace {

std::string EnvironmentName(const std::string& option) {
  return absl::StrCat("WARREN_", absl::AsciiStrToUpper(absl::StrReplaceAll(option, {{"-", "_"}})));
}

// CLI11 looks into the environment only for what the file does not have; here it is to go before the file.
class FileAfterEnvironment : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> items = CLI::ConfigTOML::from_config(input);
    std::erase_if(items, [](const CLI::ConfigItem& item) {
      const char* value = getenv(EnvironmentName(item.name).c_str());
      return item.parents.empty() && value != nullptr && *value != '\0';
    });
    return items;
  }
};

}  // namespace

void SetUpFlags(CLI::App& app, const std::string& examples) {
  app.set_version_flag("--version", absl::StrCat(app.get_name(), " ", kVersion));
  // CLI11 asks the environment after it has read the file, which is too late for the file's name. A file that was named
  // has to be there.
  const char* file = getenv("WARREN_CONFIG");
  const bool named = file != nullptr && *file != '\0';
  app.set_config("--config", named ? file : "", "Read flags from this file, lines of name = value", named);
  app.config_formatter(std::make_shared<FileAfterEnvironment>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.footer(examples);
  app.get_formatter()->column_width(34);
}

void AddEnvironment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string name = option->get_single_name();
    if (name.empty() || name == "help" || name == "version" || option->get_positional()) continue;
    option->envname(EnvironmentName(name));
  }
}

void AddLogFlags(CLI::App& app, LogFlags& flags) {
  app.add_option("--log-format", flags.format, "How to log: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--log-level", flags.level, "What to log: debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
}

int ParseFlags(CLI::App& app, int argc, const char* const* argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--man-page") {
    std::cout << ManPageText(app, {app.get_name(), 8, "warren(1), warren-server(8), warren-agent(8)"}) << std::flush;
    return kExitOk;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return -1;
}

}  // namespace warren
