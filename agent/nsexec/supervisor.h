#ifndef WARREN_AGENT_NSEXEC_SUPERVISOR_H_
#define WARREN_AGENT_NSEXEC_SUPERVISOR_H_

// The life of one command, from its order to the moment when nothing that it started is left: starts it, passes signals
// on, tells how it ended, and hangs up what it leaves behind: SIGHUP (and SIGCONT, for what is stopped), and SIGKILL
// after the grace. When the agent is gone, all of it is hung up. It stays outside of the namespace itself, which it
// would keep alive otherwise.
//
// Process: single-threaded, a session of its own, every signal blocked that can be: what the command sends to its own
// group, or a terminal to its, does not reach it.

namespace warren::nsexec {

// Takes the order from `control` and returns when all is over: the exit code.
int Supervise(int control);

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_SUPERVISOR_H_
