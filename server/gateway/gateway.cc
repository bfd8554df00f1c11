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
#include "proto/common/string_view.h"
#include "server/gateway/compress.h"
#include "server/gateway/metadata.h"
#include "server/gateway/path.h"
#include "server/gateway/refusals.h"
#include "server/gateway/request.h"
#include "server/gateway/socket_call.h"
#include "server/gateway/upgrade.h"
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

bool IsJson(std::string_view content_type) {
  const absl::string_view type = absl::StripAsciiWhitespace(AbslView(content_type.substr(0, content_type.find(';'))));
  return absl::EqualsIgnoreCase(type, "application/json");
}

// Undoes a Content-Encoding; or says why it cannot.
std::optional<HttpResponse> Unpack(HttpRequest& request, size_t max_body_bytes) {
  const std::string_view encoding = HeaderOf(request.headers, "content-encoding");
  if (encoding.empty() || absl::EqualsIgnoreCase(AbslView(encoding), "identity")) return std::nullopt;
  if (!absl::EqualsIgnoreCase(AbslView(encoding), "gzip") && !absl::EqualsIgnoreCase(AbslView(encoding), "x-gzip")) {
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

// Without "pretty", which it takes out.
absl::StatusOr<Parameters> QueryOf(const HttpRequest& request, bool& pretty) {
  const size_t mark = request.target.find('?');
  auto parameters = ParseQuery(mark == std::string::npos ? "" : std::string_view(request.target).substr(mark + 1));
  if (!parameters.ok()) return parameters;
  std::erase_if(*parameters, [&](const auto& one) {
    if (one.first != kPretty) return false;
    pretty = one.second != "false" && one.second != "0";
    return true;
  });
  return parameters;
}

// With the deadline and the metadata.
absl::StatusOr<std::shared_ptr<grpc::ClientContext>> ContextOf(const HttpRequest& request) {
  auto context = std::make_shared<grpc::ClientContext>();
  if (const std::string_view text = HeaderOf(request.headers, "grpc-timeout"); !text.empty()) {
    const auto timeout = ParseTimeout(text);
    if (!timeout.ok()) return timeout.status();
    context->set_deadline(absl::ToChronoTime(absl::Now() + std::min(*timeout, absl::Hours(24 * 365))));
  }
  HandOn(request, *context);
  return context;
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
  Asked asked{std::move(request)};
  if (auto answer = Serve(asked, responder)) Respond(asked, *responder, *std::move(answer));
}

void Gateway::Respond(const Asked& request, HttpResponder& responder, HttpResponse response) const {
  responder.Respond(
      Finish(VisibleTo(request), TakesGzip(HeaderOf(request.headers, "accept-encoding")), std::move(response)));
}

std::optional<HttpResponse> Gateway::Serve(Asked& request, std::shared_ptr<HttpResponder>& responder) {
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
  if (request.verb == "OPTIONS") {
    request.guarded = AsksForGuarded(request, allowed, *segments);
    return Preflight(request, allowed);
  }
  HttpResponse response = Error(
      405, absl::StatusCode::kUnimplemented,
      absl::StrCat(request.verb, " is not served at ", std::string(path), "; ", absl::StrJoin(allowed, ", "), " are"));
  response.headers.emplace_back("Allow", absl::StrJoin(allowed, ", "));
  return response;
}

bool Gateway::IsGuarded(const Route& route) const {
  return route.is_socket || options_.guard.methods.contains(route.method->full_name());
}

bool Gateway::AsksForGuarded(const HttpRequest& request, const std::vector<std::string>& allowed,
                             const std::vector<std::string_view>& segments) const {
  const std::string wanted(HeaderOf(request.headers, "access-control-request-method"));
  const auto is_guarded = [&](const std::string& verb) {
    const auto found = routes_.Find(verb == "HEAD" ? "GET" : verb, segments);
    const auto* route = std::get_if<Routes::Found>(&found);
    return route != nullptr && IsGuarded(*route->route);
  };
  return wanted.empty() ? std::any_of(allowed.begin(), allowed.end(), is_guarded) : is_guarded(wanted);
}

bool Gateway::MaySee(std::string_view origin, bool guarded) const {
  return guarded ? IsNamedOrigin(origin, options_.guard.origins) : IsListedOrigin(origin, options_.cors_origins);
}

std::string Gateway::VisibleTo(const Asked& request) const {
  const std::string_view origin = HeaderOf(request.headers, "origin");
  return MaySee(origin, request.guarded) ? std::string(origin) : "";
}

std::optional<HttpResponse> Gateway::WhyNot(const Asked& request, const Route& route) const {
  if (const std::string_view host = HeaderOf(request.headers, "host"); !IsOurHost(host, options_.hosts)) {
    return Error(421, absl::StatusCode::kPermissionDenied,
                 absl::StrCat("this server does not go by the name ", absl::Utf8SafeCHexEscape(AbslView(host)),
                              "; if it does, it is to be started with --http-host"));
  }
  const std::string_view origin = HeaderOf(request.headers, "origin");
  const bool reads = request.verb == "GET" || request.verb == "HEAD";
  if (origin.empty() || (reads && !request.guarded) || MaySee(origin, request.guarded)) return std::nullopt;
  return Error(403, absl::StatusCode::kPermissionDenied,
               absl::StrCat("a page of ", absl::Utf8SafeCHexEscape(AbslView(origin)),
                            request.guarded
                                ? absl::StrCat(" may not call ", route.method->full_name(), "; ", options_.guard.flag)
                                : " may not change anything here; --cors-origin",
                            " lists those that may"));
}

std::optional<HttpResponse> Gateway::Admit(Asked& request, Routes::Found found,
                                           std::shared_ptr<HttpResponder>& responder) {
  request.guarded = IsGuarded(*found.route);
  if (auto refusal = WhyNot(request, *found.route)) return refusal;
  if (found.route->is_socket) {
    if (auto refusal = WhyNoUpgrade(request)) {
      HttpResponse response = Error(refusal->status, absl::StatusCode::kInvalidArgument, std::move(refusal->why));
      for (auto& header : refusal->headers) response.headers.push_back(std::move(header));
      return response;
    }
  }
  std::shared_ptr<void> slot = TakeSlot();
  if (slot == nullptr) return Refused(503, "as many requests as may be are being answered; try again");
  if (found.route->is_socket) return OpenSocket(request, found, std::move(slot), *responder);
  const bool large_body = request.body.size() >= kLargeBody || !HeaderOf(request.headers, "content-encoding").empty();
  if (options_.elsewhere == nullptr || !large_body) {
    return Call(request, found, std::move(slot), responder);
  }
  // One that is too much to be read while others wait for this thread.
  struct Large {
    std::shared_ptr<void> slot;
    Asked request;
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

std::optional<HttpResponse> Gateway::Call(Asked& request, const Routes::Found& found, std::shared_ptr<void> slot,
                                          std::shared_ptr<HttpResponder>& responder) {
  if (!request.body.empty() && found.route->has_body) {
    if (!IsJson(HeaderOf(request.headers, "content-type"))) {
      return Error(415, absl::StatusCode::kInvalidArgument, "a body must come with Content-Type: application/json");
    }
    if (auto refusal = Unpack(request, options_.listener.max_body_bytes)) return refusal;
  }
  CallRequest call;
  const auto parameters = QueryOf(request, call.pretty);
  if (!parameters.ok()) return Error(parameters.status());
  auto message = BuildRequest(*found.route, found.bindings,
                              {*parameters, request.body, HeaderOf(request.headers, "idempotency-key"),
                               options_.listener.max_body_bytes / kBytesAValue});
  if (!message.ok()) return Error(message.status());
  call.message = *std::move(message);
  auto context = ContextOf(request);
  if (!context.ok()) return Error(context.status());
  call.context = *std::move(context);
  call.slot = std::move(slot);
  call.route = found.route;
  call.types = &types_;
  call.responder = std::move(responder);
  call.finish = [this, visible_to = VisibleTo(request), gzip = TakesGzip(HeaderOf(request.headers, "accept-encoding"))](
                    HttpResponse response) { return Finish(visible_to, gzip, std::move(response)); };
  StartCall(*options_.channel, std::move(call));
  return std::nullopt;
}

std::optional<HttpResponse> Gateway::OpenSocket(const Asked& request, const Routes::Found& found,
                                                std::shared_ptr<void> slot, HttpResponder& responder) {
  bool pretty = false;
  auto parameters = QueryOf(request, pretty);
  if (!parameters.ok()) return Error(parameters.status());
  SocketCallRequest call;
  call.max_values = options_.listener.max_body_bytes / kBytesAValue;
  call.first = [found, parameters = *std::move(parameters), max_values = call.max_values,
                key = std::string(HeaderOf(request.headers, "idempotency-key"))](std::string_view text) {
    return BuildRequest(*found.route, found.bindings, {parameters, text, key, max_values});
  };
  // What is wrong by itself is told while a status can tell it.
  if (const auto alone = call.first(""); !alone.ok()) return Error(alone.status());
  auto context = ContextOf(request);
  if (!context.ok()) return Error(context.status());
  call.context = *std::move(context);
  call.slot = std::move(slot);
  call.route = found.route;
  call.types = &types_;
  call.elsewhere = [this](size_t bytes, std::function<void()> task) {
    if (options_.elsewhere != nullptr && bytes >= kLargeBody) return options_.elsewhere(std::move(task));
    task();
    return true;
  };
  const auto shared = std::make_shared<SocketCallRequest>(std::move(call));
  responder.Upgrade([channel = options_.channel, shared](std::shared_ptr<WebSocket> socket) {
    if (socket == nullptr) return shared->slot.reset();
    shared->socket = std::move(socket);
    StartSocketCall(*channel, std::move(*shared));
  });
  return std::nullopt;
}

HttpResponse Gateway::Preflight(const Asked& request, const std::vector<std::string>& allowed) const {
  HttpResponse response{204, {{"Allow", absl::StrJoin(allowed, ", ")}}, ""};
  if (VisibleTo(request).empty()) return response;
  response.headers.emplace_back("Access-Control-Allow-Methods", absl::StrJoin(allowed, ", "));
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Content-Type, Grpc-Timeout, Idempotency-Key, Traceparent, Tracestate");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

HttpResponse Gateway::Finish(const std::string& visible_to, bool gzip, HttpResponse response) const {
  if (!options_.cors_origins.empty() || !options_.guard.origins.empty()) {
    if (!visible_to.empty()) {
      response.headers.emplace_back("Access-Control-Allow-Origin", visible_to);
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
