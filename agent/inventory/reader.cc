#include "agent/inventory/reader.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <iterator>
#include <utility>

#include "agent/kernel/address.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/route.h"

namespace warren::inventory {

absl::StatusOr<Contents> ReadContents(kernel::Netlink& netlink) {
  Contents contents;
  if (auto links = kernel::ListLinks(netlink); links.ok()) {
    contents.links = *std::move(links);
  } else {
    return links.status();
  }
  if (auto addresses = kernel::ListAddresses(netlink, 0); addresses.ok()) {
    contents.addresses = *std::move(addresses);
  } else {
    return addresses.status();
  }
  if (auto routes = kernel::ListRoutes(netlink); routes.ok()) {
    contents.routes = *std::move(routes);
  } else {
    return routes.status();
  }
  return contents;
}

absl::StatusOr<std::unique_ptr<Reader>> Reader::Create(kernel::NetnsDir dir) {
  UniqueFd done(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!done.valid()) return kernel::ErrnoError(errno, "making an eventfd");
  auto worker = kernel::NetnsWorker::Create();
  if (!worker.ok()) return worker.status();
  std::unique_ptr<Reader> reader(new Reader(std::move(dir), std::move(done)));
  reader->thread_ =
      std::jthread([self = reader.get(), worker = *std::move(worker)]() mutable { self->Run(std::move(worker)); });
  return reader;
}

Reader::~Reader() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Reader::Start(std::vector<std::string> names) {
  MutexLock lock(&mutex_);
  names_ = std::move(names);
  wanted_ = true;
  changed_.SignalAll();
}

bool Reader::Wait(int descriptor, std::chrono::milliseconds timeout) {
  // poll(2) passes over -1.
  pollfd wait[] = {{done_.get(), POLLIN, 0}, {descriptor, POLLIN, 0}};
  (void)poll(wait, std::size(wait), static_cast<int>(timeout.count()));
  return wait[0].revents != 0;
}

std::vector<Reader::Read> Reader::Take() {
  uint64_t ignored;
  (void)!read(done_.get(), &ignored, sizeof ignored);
  MutexLock lock(&mutex_);
  return std::exchange(read_, {});
}

void Reader::Run(kernel::NetnsWorker worker) {
  pthread_setname_np(pthread_self(), "reader");
  while (true) {
    std::vector<std::string> names;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && !wanted_) changed_.Wait(&mutex_);
      if (stopping_) return;
      wanted_ = false;
      names = std::exchange(names_, {});
    }
    std::vector<Read> all;
    for (const std::string& name : names) {
      Read& one = all.emplace_back();
      one.netns = dir_.Open(name);
      if (!one.netns.ok()) continue;
      one.netlink = worker.OpenNetlink(*one.netns);
      if (one.netlink.ok()) one.contents = ReadContents(*one.netlink);
    }
    MutexLock lock(&mutex_);
    read_ = std::move(all);
    const uint64_t one = 1;
    (void)!write(done_.get(), &one, sizeof one);
  }
}

}  // namespace warren::inventory
