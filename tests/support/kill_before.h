#ifndef WARREN_TESTS_SUPPORT_KILL_BEFORE_H_
#define WARREN_TESTS_SUPPORT_KILL_BEFORE_H_

// Kills the process before a system call that it makes, to be linked into a program that a test kills at every step.
//
// The calls that change something (mount, umount2, linkat, unlink, unshare, sendmsg, sendto, pwrite64,
// write) are defined here
// in the place of libc's, and counted over all threads; those of libnl and SQLite come here too. A tracer would count
// the calls of each thread by itself, and never reach the few of one beside another that makes many.

#include <string_view>

namespace warren {

// From now on: before call number `nth` (from 1) of that name, as kill -9 would. False: no such call is counted.
bool KillBefore(std::string_view call, int nth);

}  // namespace warren

#endif  // WARREN_TESTS_SUPPORT_KILL_BEFORE_H_
