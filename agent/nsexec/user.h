#ifndef WARREN_AGENT_NSEXEC_USER_H_
#define WARREN_AGENT_NSEXEC_USER_H_

// Who a command runs as (passwd(5), credentials(7)). One thread.

#include <sys/types.h>

#include <string>

#include "agent/nsexec/failure.h"

namespace warren::nsexec {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;  // as the user database has it; of one that it does not know, the number
  std::string home = "/";
  std::string shell = "/bin/sh";
  bool known = false;   // the user database has it, and perhaps supplementary groups
  bool change = false;  // it is not the one we run as already
};

// "NAME" or "UID", with ":GROUP" or ":GID"; "": who we are. A number that the user database does not know needs its
// group. Before a namespace is joined: the database may be asked for over the host's network.
//
// kUser with ENOENT: there is no such user or group.
Result FindUser(const std::string& text, User& user);

// For good; nothing that is executed from here on gets more (no_new_privs).
Result BecomeUser(const User& user);

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_USER_H_
