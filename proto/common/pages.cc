#include "proto/common/pages.h"

#include <CivetServer.h>
#include <netdb.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <chrono>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"
#include "proto/common/status_payload.h"
#include "proto/common/unique_fd.h"

namespace warren {
namespace {

class Handler : public CivetHandler {
 public:
  explicit Handler(std::function<Page()> page) : page_(std::move(page)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override { return Write(connection, true); }
  bool handleHead(CivetServer*, mg_connection* connection) override { return Write(connection, false); }

 private:
  bool Write(mg_connection* connection, bool body) {
    const Page page = page_();
    mg_response_header_start(connection, page.status);
    mg_response_header_add(connection, "Content-Type", page.type.c_str(), -1);
    mg_response_header_add(connection, "Content-Length", std::to_string(page.body.size()).c_str(), -1);
    mg_response_header_send(connection);
    if (body) mg_write(connection, page.body.data(), page.body.size());
    return true;
  }

  const std::function<Page()> page_;
};

// Connects and hangs up.
void Knock(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  const UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.valid()) (void)connect(fd.get(), found->ai_addr, found->ai_addrlen);
}

}  // namespace

std::map<std::string, std::function<Page()>> MakePages(const prometheus::Collectable& metrics,
                                                       std::function<absl::Status()> ready) {
  std::map<std::string, std::function<Page()>> pages;
  pages["/healthz"] = [] { return Page{.body = "ok\n"}; };
  pages["/readyz"] = [ready = std::move(ready)] {
    const absl::Status status = ready();
    return status.ok() ? Page{.body = "ok\n"} : Page{.status = 503, .body = absl::StrCat(ToText(status), "\n")};
  };
  pages["/metrics"] = [&metrics] {
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, metrics.Collect());
    return Page{.type = "text/plain; version=0.0.4; charset=utf-8", .body = text.str()};
  };
  return pages;
}

Pages::Pages(ListenAddress address) : address_(std::move(address)) {}

absl::StatusOr<std::unique_ptr<Pages>> Pages::Serve(ListenAddress address, const prometheus::Collectable& metrics,
                                                    std::function<absl::Status()> ready) {
  if (address.is_unix) {
    return absl::InvalidArgumentError(absl::StrCat("HTTP is served over TCP only, not on ", address.ToString()));
  }
  if (address.host == "localhost") address.host = "127.0.0.1";
  std::unique_ptr<Pages> pages(new Pages(std::move(address)));
  const std::string wanted = pages->address_.ToString();
  try {
    pages->server_ =
        std::make_unique<CivetServer>(std::vector<std::string>{"listening_ports", wanted, "num_threads", "2"});
  } catch (const CivetException& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve HTTP on ", wanted, ": ", error.what(), "; is the port taken?"));
  }
  for (auto& [path, page] : MakePages(metrics, std::move(ready))) {
    pages->handlers_.push_back(std::make_unique<Handler>(std::move(page)));
    pages->server_->addHandler(path + "$", pages->handlers_.back().get());
  }
  pages->address_.port = pages->server_->getListeningPorts().front();
  pages->bound_ = pages->address_.ToString();
  return pages;
}

Pages::~Pages() {
  if (server_ == nullptr) return;
  // civetweb looks whether it is to stop when somebody connects, or every 2 s: connect until it has seen that.
  Mutex mutex;
  CondVar changed;
  bool stopped = false;
  const std::jthread stop([&] {
    server_->close();
    MutexLock lock(&mutex);
    stopped = true;
    changed.Signal();
  });
  MutexLock lock(&mutex);
  while (!stopped) {
    Knock(address_);
    changed.WaitFor(&mutex, std::chrono::milliseconds(10));
  }
}

}  // namespace warren
