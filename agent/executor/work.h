#ifndef WARREN_AGENT_EXECUTOR_WORK_H_
#define WARREN_AGENT_EXECUTOR_WORK_H_

// What all workers share.

#include <string>

#include "agent/executor/book.h"
#include "agent/executor/listener.h"
#include "agent/executor/ownership_watch.h"
#include "agent/executor/warm_pool.h"
#include "agent/journal/journal.h"
#include "agent/kernel/uppers.h"

namespace warren::executor {

struct Work {
  journal::Journal* journal = nullptr;
  Book* book = nullptr;
  Listener* listener = nullptr;
  WarmPool* warm = nullptr;  // null: none
  OwnershipWatch* watch = nullptr;
  kernel::Uppers* uppers = nullptr;
  std::string run_dir;
  std::string boot_id;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_WORK_H_
