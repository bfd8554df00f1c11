#include "proto/common/man_page.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/common/version.h"

namespace warren {
namespace {

using Options = std::vector<const CLI::Option*>;

// Those that --help shows.
Options ShownOptions(const CLI::App& app) {
  Options shown;
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional() && !option->get_group().empty()) shown.push_back(option);
  }
  return shown;
}

std::vector<const CLI::App*> Subcommands(const CLI::App& app) {
  std::vector<const CLI::App*> commands = app.get_subcommands([](const CLI::App*) { return true; });
  std::erase_if(commands, [](const CLI::App* command) { return command->get_group().empty(); });
  return commands;
}

// Lines as they are, not filled.
std::string Literal(const std::string& text) { return absl::StrCat(".nf\n", RoffText(text), "\n.fi\n"); }

// What may be given: "{table,json}" of "TEXT:{table,json}", "N" of "N:POSITIVE", "DURATION" of "TEXT:DURATION".
std::string ValueOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t colon = type.find(':');
  if (colon == std::string::npos) return type;
  const std::string kind = type.substr(0, colon);
  const bool says_little = kind == "TEXT" || kind == "UINT" || kind == "INT" || kind == "FLOAT";
  return says_little || type[colon + 1] == '{' ? type.substr(colon + 1) : kind;
}

std::string OptionText(const CLI::Option& option) {
  const std::string names = absl::StrReplaceAll(option.get_name(false, true), {{",", ", "}});
  std::string text = absl::StrCat(".TP\n\\fB", RoffText(names), "\\fR");
  if (option.get_items_expected_max() > 0 && !ValueOf(option).empty()) {
    absl::StrAppend(&text, " \\fI", RoffText(ValueOf(option)), "\\fR");
  }
  absl::StrAppend(&text, "\n", RoffText(option.get_description()));
  if (option.get_required()) absl::StrAppend(&text, " (required)");
  if (!option.get_default_str().empty()) {
    absl::StrAppend(&text, "\nDefault: ", RoffText(option.get_default_str()), ".");
  }
  if (!option.get_envname().empty()) {
    absl::StrAppend(&text, "\nEnvironment: \\fB", RoffText(option.get_envname()), "\\fR.");
  }
  return absl::StrCat(text, "\n");
}

// A paragraph for each, under a heading for each group of them; heading: that of options without a group of their own.
std::string OptionsText(const CLI::App& app, const std::string& section, const char* request) {
  const Options shown = ShownOptions(app);
  std::string text;
  std::vector<std::string> groups;
  for (const CLI::Option* option : shown) {
    if (std::find(groups.begin(), groups.end(), option->get_group()) == groups.end()) {
      groups.push_back(option->get_group());
    }
  }
  for (const std::string& group : groups) {
    const std::string heading = group == "Options" ? section : absl::AsciiStrToUpper(group);
    if (!heading.empty()) absl::StrAppend(&text, request, " ", RoffText(heading), "\n");
    for (const CLI::Option* option : shown) {
      if (option->get_group() == group) absl::StrAppend(&text, OptionText(*option));
    }
  }
  return text;
}

// The lines of usage without "Usage:".
std::string Usage(const CLI::App& app) {
  const auto* formatter = dynamic_cast<const CLI::Formatter*>(app.get_formatter().get());
  if (formatter == nullptr) return FullCommandName(app);
  std::string usage;
  for (const auto line : absl::StrSplit(formatter->make_usage(&app, FullCommandName(app)), '\n')) {
    const absl::string_view rest = absl::StripAsciiWhitespace(absl::StripPrefix(line, "Usage: "));
    if (!rest.empty()) absl::StrAppend(&usage, usage.empty() ? "" : "\n", rest);
  }
  return usage;
}

// What stands at the foot of --help, which is examples first.
std::string Footer(const CLI::App& app) {
  const std::string footer = app.get_footer();
  return std::string(absl::StripTrailingAsciiWhitespace(absl::StripPrefix(footer, "Examples:\n")));
}

std::string CommandText(const CLI::App& app) {
  std::string text = absl::StrCat(".SS ", RoffText(FullCommandName(app)), "\n", RoffText(app.get_description()),
                                  ".\n.PP\n", Literal(Usage(app)), OptionsText(app, "", ".PP"));
  if (!Footer(app).empty()) absl::StrAppend(&text, ".PP\nExamples:\n.PP\n", Literal(Footer(app)));
  for (const CLI::App* command : Subcommands(app)) absl::StrAppend(&text, CommandText(*command));
  return text;
}

std::string CommandsText(const CLI::App& app, const ManPage& page) {
  std::string text = ".SH COMMANDS\n";
  for (const CLI::App* command : Subcommands(app)) {
    if (page.whole) {
      absl::StrAppend(&text, CommandText(*command));
    } else {
      absl::StrAppend(&text, ".TP\n\\fB", RoffText(FullCommandName(*command)), "\\fR\n",
                      RoffText(command->get_description()), ". See \\fB", RoffText(page.title), "\\-",
                      RoffText(command->get_name()), "\\fR(", page.section, ").\n");
    }
  }
  return text;
}

}  // namespace

std::string RoffText(std::string_view text) {
  std::string roff;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) roff += "\\&";
    if (c == '\\') {
      roff += "\\e";
    } else if (c == '-') {
      roff += "\\-";
    } else {
      roff += c;
    }
    line_begins = c == '\n';
  }
  return roff;
}

std::string FullCommandName(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* parent = app.get_parent(); parent != nullptr; parent = parent->get_parent()) {
    name = absl::StrCat(parent->get_name(), " ", name);
  }
  return name;
}

std::string ManPageText(const CLI::App& app, const ManPage& page) {
  std::string text = absl::StrCat(".TH \"", RoffText(absl::AsciiStrToUpper(page.title)), "\" \"", page.section,
                                  "\" \"\" \"Warren ", kVersion, "\" \"Warren\"\n");
  // Filled to the left: names and paths are not to be torn apart.
  absl::StrAppend(&text, ".nh\n.ad l\n.SH NAME\n", RoffText(page.title), " \\- ", RoffText(app.get_description()),
                  "\n");
  absl::StrAppend(&text, ".SH SYNOPSIS\n", Literal(Usage(app)));
  if (!Subcommands(app).empty()) absl::StrAppend(&text, CommandsText(app, page));
  absl::StrAppend(&text, OptionsText(app, "OPTIONS", ".SH"));
  if (!Footer(app).empty()) absl::StrAppend(&text, ".SH EXAMPLES\n", Literal(Footer(app)));
  if (!page.see_also.empty()) absl::StrAppend(&text, ".SH SEE ALSO\n", RoffText(page.see_also), "\n");
  return text;
}

}  // namespace warren
