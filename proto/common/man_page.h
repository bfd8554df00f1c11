#ifndef WARREN_PROTO_COMMON_MAN_PAGE_H_
#define WARREN_PROTO_COMMON_MAN_PAGE_H_

// Manual pages from what --help is made of: a command's description, usage, options, subcommands and examples, as
// roff for man(7). Pure.

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace warren {

struct ManPage {
  std::string title;     // "warren-netns"; what it is found by
  int section = 1;       // 1: commands, 8: daemons
  std::string see_also;  // "warren(1), warren-agent(8)"
  // Whether subcommands are described with all their options, or only listed, each having a page "TITLE-NAME" of its
  // own.
  bool whole = true;
};

std::string ManPageText(const CLI::App& app, const ManPage& page);

// "warren link set", for a command within others.
std::string FullCommandName(const CLI::App& app);

// Text as roff shows it: nothing in it is taken for a request or an escape.
std::string RoffText(std::string_view text);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_MAN_PAGE_H_
