#include "server/metrics/pages.h"

#include <CivetServer.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace warren::metrics {
namespace {

struct Page {
  int code = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class Handler : public CivetHandler {
 public:
  explicit Handler(std::function<Page()> page) : page_(std::move(page)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override { return Write(connection, true); }
  bool handleHead(CivetServer*, mg_connection* connection) override { return Write(connection, false); }

 private:
  bool Write(mg_connection* connection, bool body) {
    const Page page = page_();
    mg_response_header_start(connection, page.code);
    mg_response_header_add(connection, "Content-Type", page.type.c_str(), -1);
    mg_response_header_add(connection, "Content-Length", std::to_string(page.body.size()).c_str(), -1);
    mg_response_header_send(connection);
    if (body) mg_write(connection, page.body.data(), page.body.size());
    return true;
  }

  const std::function<Page()> page_;
};

}  // namespace

Pages::Pages() = default;
Pages::~Pages() = default;

absl::StatusOr<std::unique_ptr<Pages>> Pages::Serve(ListenAddress address, prometheus::Registry& registry,
                                                    std::function<absl::Status()> ready) {
  if (address.is_unix) {
    return absl::InvalidArgumentError(absl::StrCat("HTTP is served over TCP only, not on ", address.ToString()));
  }
  if (address.host == "localhost") address.host = "127.0.0.1";
  std::unique_ptr<Pages> pages(new Pages());
  try {
    pages->server_ = std::make_unique<CivetServer>(
        std::vector<std::string>{"listening_ports", address.ToString(), "num_threads", "2"});
  } catch (const CivetException& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve HTTP on ", address.ToString(), ": ", error.what(), "; is the port taken?"));
  }
  const auto add = [&](const char* path, std::function<Page()> page) {
    pages->handlers_.push_back(std::make_unique<Handler>(std::move(page)));
    pages->server_->addHandler(path, pages->handlers_.back().get());
  };
  add("/healthz$", [] { return Page{.body = "ok\n"}; });
  add("/readyz$", [ready = std::move(ready)] {
    const absl::Status status = ready();
    return status.ok() ? Page{.body = "ok\n"} : Page{.code = 503, .body = absl::StrCat(status.ToString(), "\n")};
  });
  add("/metrics$", [&registry] {
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, registry.Collect());
    return Page{.type = "text/plain; version=0.0.4; charset=utf-8", .body = text.str()};
  });
  address.port = pages->server_->getListeningPorts().front();
  pages->address_ = address.ToString();
  return pages;
}

}  // namespace warren::metrics
