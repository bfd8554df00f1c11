#ifndef WARREN_CLIENT_CMD_COMMANDS_H_
#define WARREN_CLIENT_CMD_COMMANDS_H_

// The groups of the command tree, one file each, and the verbs without a group. Each adds itself.

#include "client/cmd/tree.h"

namespace warren::cli {

void AddHostsCommands(Tree& tree);
void AddNetnsCommands(Tree& tree);
void AddLinkCommands(Tree& tree);
void AddAddrCommands(Tree& tree);
void AddRouteCommands(Tree& tree);
void AddBridgeCommands(Tree& tree);
void AddIntentsCommands(Tree& tree);
void AddExecCommands(Tree& tree);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_COMMANDS_H_
