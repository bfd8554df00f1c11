#include "server/gateway/gateway.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/gateway/compress.h"
#include "server/gateway/http_status.h"
#include "server/gateway/metadata.h"
#include "server/gateway/path.h"
#include "server/gateway/request.h"
#include "server/gateway/who_may_ask.h"

namespace warren::gateway {
namespace {

// Smaller ones gain nothing.
constexpr size_t kGzipFrom = 1400;
// Others are read in less than 10 ms.
constexpr size_t kLargeBody = 32 << 10;
// A body may have a value for each so many bytes that it may have.
constexpr size_t kBytesAValue = 16;
constexpr char kPretty[] = "pretty";

HttpResponse Error(int http_status, absl::StatusCode code, std::string message) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(std::move(message));
  return {http_status, {{"Content-Type", "application/json"}}, ErrorBody(status, false) + "\n"};
}

HttpResponse Error(const absl::Status& status) {
  return Error(HttpStatusOf(static_cast<int>(status.code())), status.code(), std::string(status.message()));
}

// What is over a limit, or no request.
HttpResponse Refused(int status, std::string_view why) {
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  if (status == 503) code = absl::StatusCode::kUnavailable;
  if (status == 408) code = absl::StatusCode::kDeadlineExceeded;
  if (status == 413 || status == 431) code = absl::StatusCode::kOutOfRange;
  if (status == 501) code = absl::StatusCode::kUnimplemented;
  HttpResponse response = Error(status, code, std::string(why));
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsJson(std::string_view content_type) {
  const absl::string_view type = absl::StripAsciiWhitespace(View(content_type.substr(0, content_type.find(';'))));
  return absl::EqualsIgnoreCase(type, "application/json");
}

// Undoes a Content-Encoding; or says why it cannot.
std::optional<HttpResponse> Unpack(HttpRequest& request, size_t max_body_bytes) {
  const std::string_view encoding = HeaderOf(request.headers, "content-encoding");
  if (encoding.empty() || absl::EqualsIgnoreCase(View(encoding), "identity")) return std::nullopt;
  if (!absl::EqualsIgnoreCase(View(encoding), "gzip") && !absl::EqualsIgnoreCase(View(encoding), "x-gzip")) {
    HttpResponse refusal =
        Error(415, absl::StatusCode::kInvalidArgument, "a body with a Content-Encoding other than gzip is not taken");
    refusal.headers.emplace_back("Accept-Encoding", "gzip");
    return refusal;
  }
  auto body = Gunzip(request.body, max_body_bytes);
  if (body.ok()) {
    request.body = *std::move(body);
    return std::nullopt;
  }
  const bool too_large = absl::IsOutOfRange(body.status());
  return Error(too_large ? 413 : 400, body.status().code(),
               absl::StrCat("the body ", std::string(body.status().message())));
}

std::vector<const google::protobuf::Descriptor*> AnswersOf(
    const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  std::vector<const google::protobuf::Descriptor*> answers;
  for (const auto* service : services) {
    for (int i = 0; i < service->method_count(); ++i) answers.push_back(service->method(i)->output_type());
  }
  return answers;
}

}  // namespace

Gateway::Gateway(Options options, Routes routes)
    : options_(std::move(options)), routes_(std::move(routes)), types_(AnswersOf(options_.services)) {}

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(Options options) {
  auto routes = Routes::Of(options.services);
  if (!routes.ok()) return routes.status();
  options.pages["/openapi.json"] = [text = OpenApi(options.about, *routes, std::exchange(options.comments, nullptr))] {
    return HttpResponse{200, {{"Content-Type", "application/json"}}, text};
  };
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(options), *std::move(routes)));
  auto listener = Listener::Start(gateway->options_.listener, *gateway);
  if (!listener.ok()) return listener.status();
  gateway->listener_ = *std::move(listener);
  return gateway;
}

Gateway::~Gateway() { Stop(); }

size_t Gateway::in_flight() const {
  MutexLock lock(&mutex_);
  return in_flight_;
}

void Gateway::Stop() {
  if (listener_ == nullptr) return;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;  // what is being read takes no slot any more
  }
  listener_->Stop();  // with it every client is gone, which cancels its call
  MutexLock lock(&mutex_);
  while (in_flight_ > 0) changed_.Wait(&mutex_);
}

std::shared_ptr<void> Gateway::TakeSlot() {
  {
    MutexLock lock(&mutex_);
    if (stopping_ || in_flight_ >= options_.max_in_flight) return nullptr;
    ++in_flight_;
  }
  options_.listener.observer->OnInFlight(1);
  return {this, [](Gateway* gateway) {
            gateway->options_.listener.observer->OnInFlight(-1);
            MutexLock lock(&gateway->mutex_);
            --gateway->in_flight_;
            gateway->changed_.SignalAll();
          }};
}

HttpResponse Gateway::Refusal(int status, std::string_view why) {
  // Of what was not read nobody knows where it comes from.
  return Finish("", false, Refused(status, why));
}

void Gateway::Handle(HttpRequest request, std::shared_ptr<HttpResponder> responder) {
  if (auto answer = Serve(request, responder)) Respond(request, *responder, *std::move(answer));
}

void Gateway::Respond(const HttpRequest& request, HttpResponder& responder, HttpResponse response) const {
  responder.Respond(Finish(std::string(HeaderOf(request.headers, "origin")),
                           TakesGzip(HeaderOf(request.headers, "accept-encoding")), std::move(response)));
}

std::optional<HttpResponse> Gateway::Serve(HttpRequest& request, std::shared_ptr<HttpResponder>& responder) {
  if (request.verb == "OPTIONS" && request.target == "*") return HttpResponse{204, {}, ""};
  const std::string_view target = OriginForm(request.target);
  const size_t mark = std::min(target.find('?'), target.size());
  // "http://host?query" has a path as well: RFC 9110 section 4.2.3.
  const std::string_view path = mark == 0 && target.size() < request.target.size() ? "/" : target.substr(0, mark);
  const auto segments = SplitPath(path);
  if (!segments.ok()) return Error(segments.status());
  const std::string verb = request.verb == "HEAD" ? "GET" : request.verb;
  std::vector<std::string> allowed;
  const auto page = options_.pages.find(std::string(path));
  if (page != options_.pages.end()) {
    if (verb == "GET") return page->second();
    allowed = {"GET"};
  } else {
    auto found = routes_.Find(verb, *segments);
    if (auto* route = std::get_if<Routes::Found>(&found)) {
      if (request.verb != "HEAD" || !route->route->method->server_streaming()) {
        return Admit(request, std::move(*route), responder);
      }
      found = Routes::OtherVerbs{{"GET"}};
    }
    if (auto* others = std::get_if<Routes::OtherVerbs>(&found)) allowed = std::move(others->allowed);
  }
  if (allowed.empty()) {
    return Error(404, absl::StatusCode::kNotFound,
                 absl::StrCat("nothing is served at ", std::string(path), "; GET /openapi.json lists what is"));
  }
  if (std::find(allowed.begin(), allowed.end(), "GET") != allowed.end()) {
    const auto get = routes_.Find("GET", *segments);
    const auto* route = std::get_if<Routes::Found>(&get);
    if (route == nullptr || !route->route->method->server_streaming()) allowed.emplace_back("HEAD");
  }
  allowed.emplace_back("OPTIONS");
  if (request.verb == "OPTIONS") return Preflight(request, allowed);
  HttpResponse response = Error(
      405, absl::StatusCode::kUnimplemented,
      absl::StrCat(request.verb, " is not served at ", std::string(path), "; ", absl::StrJoin(allowed, ", "), " are"));
  response.headers.emplace_back("Allow", absl::StrJoin(allowed, ", "));
  return response;
}

std::optional<HttpResponse> Gateway::Admit(HttpRequest& request, Routes::Found found,
                                           std::shared_ptr<HttpResponder>& responder) {
  if (const std::string_view host = HeaderOf(request.headers, "host"); !IsOurHost(host, options_.hosts)) {
    return Error(421, absl::StatusCode::kPermissionDenied,
                 absl::StrCat("this server does not go by the name ", absl::Utf8SafeCHexEscape(View(host)),
                              "; if it does, it is to be started with --http-host"));
  }
  const std::string_view origin = HeaderOf(request.headers, "origin");
  const bool reads = request.verb == "GET" || request.verb == "HEAD";
  if (!reads && !origin.empty() && !IsListedOrigin(origin, options_.cors_origins)) {
    return Error(403, absl::StatusCode::kPermissionDenied,
                 absl::StrCat("a page of ", absl::Utf8SafeCHexEscape(View(origin)),
                              " may not change anything here; --cors-origin lists those that may"));
  }
  std::shared_ptr<void> slot = TakeSlot();
  if (slot == nullptr) return Refused(503, "as many requests as may be are being answered; try again");
  const bool large_body = request.body.size() >= kLargeBody || !HeaderOf(request.headers, "content-encoding").empty();
  if (options_.elsewhere == nullptr || !large_body) {
    return Call(request, found, std::move(slot), responder);
  }
  // One that is too much to be read while others wait for this thread.
  struct Large {
    std::shared_ptr<void> slot;
    HttpRequest request;
    Routes::Found found;
    std::shared_ptr<HttpResponder> responder;
  };
  auto large = std::make_shared<Large>(Large{std::move(slot), std::move(request), std::move(found), responder});
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  responder->OnGone([gone] { *gone = true; });
  const bool taken = options_.elsewhere([this, large, gone] {
    if (*gone) return;
    if (auto answer = Call(large->request, large->found, large->slot, large->responder)) {
      Respond(large->request, *large->responder, *std::move(answer));
    }
  });
  if (taken) return std::nullopt;
  request = std::move(large->request);
  return Refused(503, "too many large requests are being read; try again");
}

std::optional<HttpResponse> Gateway::Call(HttpRequest& request, const Routes::Found& found, std::shared_ptr<void> slot,
                                          std::shared_ptr<HttpResponder>& responder) {
  if (!request.body.empty() && found.route->has_body) {
    if (!IsJson(HeaderOf(request.headers, "content-type"))) {
      return Error(415, absl::StatusCode::kInvalidArgument, "a body must come with Content-Type: application/json");
    }
    if (auto refusal = Unpack(request, options_.listener.max_body_bytes)) return refusal;
  }
  const size_t mark = request.target.find('?');
  auto parameters = ParseQuery(mark == std::string::npos ? "" : std::string_view(request.target).substr(mark + 1));
  if (!parameters.ok()) return Error(parameters.status());
  CallRequest call;
  std::erase_if(*parameters, [&](const auto& one) {
    if (one.first != kPretty) return false;
    call.pretty = one.second != "false" && one.second != "0";
    return true;
  });
  auto message = BuildRequest(*found.route, found.bindings,
                              {*parameters, request.body, HeaderOf(request.headers, "idempotency-key"),
                               options_.listener.max_body_bytes / kBytesAValue});
  if (!message.ok()) return Error(message.status());
  call.message = *std::move(message);
  call.context = std::make_shared<grpc::ClientContext>();
  if (const std::string_view text = HeaderOf(request.headers, "grpc-timeout"); !text.empty()) {
    const auto timeout = ParseTimeout(text);
    if (!timeout.ok()) return Error(timeout.status());
    call.context->set_deadline(absl::ToChronoTime(absl::Now() + std::min(*timeout, absl::Hours(24 * 365))));
  }
  HandOn(request, *call.context);
  call.slot = std::move(slot);
  call.route = found.route;
  call.types = &types_;
  call.responder = std::move(responder);
  call.finish = [this, origin = std::string(HeaderOf(request.headers, "origin")),
                 gzip = TakesGzip(HeaderOf(request.headers, "accept-encoding"))](HttpResponse response) {
    return Finish(origin, gzip, std::move(response));
  };
  StartCall(*options_.channel, std::move(call));
  return std::nullopt;
}

HttpResponse Gateway::Preflight(const HttpRequest& request, const std::vector<std::string>& allowed) const {
  HttpResponse response{204, {{"Allow", absl::StrJoin(allowed, ", ")}}, ""};
  if (!IsListedOrigin(HeaderOf(request.headers, "origin"), options_.cors_origins)) return response;
  response.headers.emplace_back("Access-Control-Allow-Methods", absl::StrJoin(allowed, ", "));
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Content-Type, Grpc-Timeout, Idempotency-Key, Traceparent, Tracestate");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

HttpResponse Gateway::Finish(const std::string& origin, bool gzip, HttpResponse response) const {
  if (!options_.cors_origins.empty()) {
    if (IsListedOrigin(origin, options_.cors_origins)) {
      response.headers.emplace_back("Access-Control-Allow-Origin", origin);
      response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
    }
    response.headers.emplace_back("Vary", "Origin");
  }
  // No page that somebody made a browser open is to take a name in an error for markup.
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (response.body.size() >= kGzipFrom) {
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (!gzip) return response;
    if (std::string packed = Gzip(response.body); !packed.empty()) {
      response.body = std::move(packed);
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  return response;
}

}  // namespace warren::gateway
