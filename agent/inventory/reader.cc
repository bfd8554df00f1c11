#include "agent/inventory/reader.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <iterator>
#include <utility>

#include "agent/kernel/error.h"
#include "agent/kernel/route.h"
#include "proto/common/names.h"

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

void Reader::Start(std::vector<Wanted> wanted) {
  MutexLock lock(&mutex_);
  wanted_ = std::move(wanted);
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
    std::vector<Wanted> wanted;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && wanted_.empty()) changed_.Wait(&mutex_);
      if (stopping_) return;
      wanted = std::exchange(wanted_, {});
    }
    std::vector<Read> all;
    for (const Wanted& one : wanted) all.push_back(ReadOne(worker, one));
    MutexLock lock(&mutex_);
    read_ = std::move(all);
    const uint64_t one = 1;
    (void)!write(done_.get(), &one, sizeof one);
  }
}

Reader::Read Reader::ReadOne(kernel::NetnsWorker& worker, const Wanted& wanted) const {
  Read read;
  if (wanted.events) {
    read.events = kernel::ChosenEvents::Open(worker);
    return read;
  }
  if (wanted.name == kRawHost) {
    read.netlink = worker.OpenNetlink(worker.host());
  } else {
    read.netns = dir_.Open(wanted.name);
    if (!read.netns.ok()) return read;
    read.netlink = worker.OpenNetlink(*read.netns);
  }
  if (!read.netlink.ok()) return read;
  if (wanted.links.empty()) read.contents = ReadContents(*read.netlink);
  for (const int ifindex : wanted.links) {
    OneLink& one = read.links[ifindex];
    one.link = kernel::GetLink(*read.netlink, ifindex);
    if (!one.link.ok()) continue;
    one.addresses = kernel::ListAddresses(*read.netlink, ifindex);
    if (!wanted.far.contains(ifindex) || one.link->peer == 0 || one.link->peer_nsid < 0) continue;
    auto far = kernel::GetLinkIn(*read.netlink, one.link->peer_nsid, one.link->peer);
    if (far.ok()) one.far = *std::move(far);
  }
  return read;
}

}  // namespace warren::inventory
