// warren-nsexec: runs one command in a network namespace for warren-agent, and answers for all that it starts. Not for
// people: it takes its order from a socket.

#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/nsexec/supervisor.h"
#include "agent/nsexec/wire.h"

int main(int, char**) {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(warren::nsexec::kControlFd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    fprintf(stderr, "warren-nsexec: is started by warren-agent, for `warren exec` and `warren shell`\n");
    return 2;
  }
  // Whatever the agent has open by mistake ends here.
  if (close_range(warren::nsexec::kControlFd + 1, ~0U, 0) != 0) return 1;
  fcntl(warren::nsexec::kControlFd, F_SETFD, FD_CLOEXEC);
  return warren::nsexec::Supervise(warren::nsexec::kControlFd);
}
